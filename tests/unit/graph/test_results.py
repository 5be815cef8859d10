"""What steps come to, before they run."""

import pytest

from flowrun.events.records import StepFinished
from flowrun.graph.results import (
    DECISION,
    STEP_FIELDS,
    list_of,
    outputs_schema,
    referred,
    sole_reference,
)
from flowrun.graph.shapes import look_up
from flowrun.graph.subschemas import subschemas
from flowrun.interpreter.state import step_view
from tests.support.flows import check_body

HEAD = """inputs:
  names: {type: array, items: {type: string}}
  people: {type: array, items: {type: object, properties: {name: {type: string}}}}
  any: {type: array}
  one: {type: object, properties: {list: {type: array, items: {type: integer}}}}
tools:
  t: {shell: [df]}
  tree: {python: "tools:tree"}
assistants:
  plain: {model: m}
  judge: {model: m, output: {type: object, properties: {score: {type: number}}}}
  forest:
    model: m
    output:
      type: object
      properties: {trees: {type: array, items: {$ref: "#/$defs/tree"}}}
      $defs:
        tree:
          type: object
          properties: {kind: {type: string}, next: {$ref: "#/$defs/tree"}}
  nest:
    model: m
    output: {type: object, properties: {inner: {$ref: "#"}, word: {type: string}}}
steps:
"""


def drawn(steps):
    done = check_body(HEAD + steps, tools_py="def tree() -> list[str]:\n    return []\n")
    assert done.graph is not None, done.lines
    return done.graph


def of(steps, name="x"):
    return drawn(steps).output_schema(name)


@pytest.mark.parametrize(
    ("step", "schema"),
    [
        ("{ask: {message: Well}}", DECISION),
        (
            "{ask: {message: Well, schema: {note: {type: string, default: x}}}}",
            {
                "type": "object",
                "properties": {"note": {"type": "string", "default": "x"}},
                "required": [],
                "additionalProperties": False,
            },
        ),
        (
            "{assistant: judge, message: Hi, foreach: [1]}",
            {
                "type": "array",
                "items": {"type": "object", "properties": {"score": {"type": "number"}}},
            },
        ),
        (
            "{assistant: plain, message: Hi, foreach: [1]}",
            {"type": "array", "items": {"type": "string"}},
        ),
    ],
)
def test_each_kind_of_step_has_its_result(step, schema):
    assert of(f"  x: {step}\n") == schema


def test_a_step_without_a_known_result_gives_a_list_of_anything():
    body = HEAD.replace("plain: {model: m}", "plain: {model: m, output: {}}")
    done = check_body(
        f"{body}  x: {{assistant: plain, message: Hi, foreach: inputs.any}}\n",
        tools_py="def tree() -> list[str]:\n    return []\n",
    )
    assert done.graph.output_schema("x") == {"type": "array", "items": {}}


def test_set_is_an_object_of_what_its_values_are():
    found = of(
        "  t: {tool: t}\n"
        "  x:\n    set:\n"
        "      text: plain\n"
        '      filled: "a {{ inputs.any }}"\n'
        '      same: "{{ inputs.one.list }}"\n'
        '      code: "{{ steps.t.output.exit_code }}"\n'
        '      sum: "{{ 1 + 2 }}"\n'
        "      none: null\n"
        "      list: [1, 2, a]\n"
        "      deep: {on: true, empty: []}\n"
    )
    assert found["required"] == [
        "text",
        "filled",
        "same",
        "code",
        "sum",
        "none",
        "list",
        "deep",
    ]
    assert found["additionalProperties"] is False
    fields = found["properties"]
    assert fields["text"] == fields["filled"] == {"type": "string"}
    assert fields["same"] == {"type": "array", "items": {"type": "integer"}}
    assert fields["code"] == {"type": "integer"}
    assert fields["sum"] == {}
    assert fields["none"] == {"type": "null"}
    assert fields["list"]["items"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert fields["deep"]["properties"] == {
        "on": {"type": "boolean"},
        "empty": {"type": "array"},
    }


def test_a_value_is_known_through_several_steps_in_any_order_of_the_file():
    found = drawn(
        '  c: {set: {last: "{{ steps.b.output.next.word }}"}}\n'
        '  b: {set: {next: "{{ steps.a.output }}"}}\n'
        "  a: {set: {word: x}}\n"
    )
    assert found.output_schema("c")["properties"] == {"last": {"type": "string"}}


@pytest.mark.parametrize(
    ("foreach", "item"),
    [
        ("inputs.names", {"type": "string"}),
        ('"{{ inputs.names }}"', {"type": "string"}),
        ('" inputs.names "', {"type": "string"}),
        ("inputs.people", {"type": "object", "properties": {"name": {"type": "string"}}}),
        ("inputs.any", None),
        ("inputs.names | list", None),
        ("steps.t.output", {"type": "string"}),
        ("[a, b]", {"type": "string"}),
        ('[a, "{{ inputs.any[0] }}"]', {"anyOf": [{"type": "string"}, {}]}),
        ("[1, a, 2]", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ("[]", None),
    ],
)
def test_an_item_is_what_the_list_holds(foreach, item):
    graph = drawn(f"  t: {{tool: tree}}\n  x: {{tool: t, foreach: {foreach}}}\n")
    assert graph.items.get("x") == item


def test_the_output_of_a_loop_is_a_list_of_what_one_go_comes_to():
    graph = drawn("  x: {tool: t, foreach: inputs.names}\n")
    assert graph.output_schema("x")["type"] == "array"
    assert graph.output_schema("x")["items"] == graph.results["x"]
    assert graph.output_schema("x", seen_from="x") == graph.results["x"]


def test_an_item_brings_the_definitions_along_that_it_points_at():
    graph = drawn(
        "  f: {assistant: forest, message: Hi}\n"
        "  x: {tool: t, foreach: steps.f.output.trees}\n"
        '  y: {set: {kind: "{{ item.kind }}"}, foreach: steps.f.output.trees}\n'
    )
    assert graph.items["x"]["properties"]["kind"] == {"type": "string"}
    assert "tree" in graph.items["x"]["$defs"]
    assert graph.results["y"]["properties"] == {"kind": {"type": "string"}}


def test_nothing_is_known_of_a_part_that_points_at_the_whole():
    graph = drawn(
        "  n: {assistant: nest, message: Hi, foreach: [1]}\n"
        '  y: {set: {inner: "{{ steps.n.output[0].inner }}"}}\n'
    )
    assert graph.output_schema("n") == {"type": "array"}
    assert graph.output_schema("y")["properties"] == {"inner": {}}


def test_steps_on_a_cycle_have_results_too():
    done = check_body(
        HEAD + "  a: {set: {x: 1}, needs: [b]}\n  b: {tool: t, needs: [a]}\n"
        '  c: {set: {y: "{{ steps.a.output.z }}"}}\n',
        tools_py="def tree() -> list[str]:\n    return []\n",
    )
    assert sorted({one.code for one in done.diagnostics}) == ["graph/cycle", "ref/unknown-field"]


def test_the_outputs_of_a_flow_are_an_object():
    graph = drawn(
        '  j: {assistant: judge, message: Hi}\noutputs:\n  score: "{{ steps.j.output.score }}"\n'
        '  said: "So: {{ steps.j.output }}"\n  list: ["{{ inputs.names }}"]\n'
    )
    assert outputs_schema(graph) == {
        "type": "object",
        "properties": {
            "score": {"type": "number"},
            "said": {"type": "string"},
            "list": {
                "type": "array",
                "items": {"type": "array", "items": {"type": "string"}},
            },
        },
        "required": ["score", "said", "list"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (("index",), {"type": "integer"}),
        (("item", "name"), {"type": "string"}),
        (("steps", "x", "status"), {"type": "string"}),
        (("steps", "x", "errors", 0, "index"), {"type": "integer"}),
        (("steps", "nope", "output"), None),
        (("inputs",), None),
        (("env", "X"), None),
        (("inputs", "one", "nope"), None),
    ],
)
def test_a_reference_leads_to_a_schema(path, schema):
    graph = drawn("  x: {tool: t, foreach: inputs.people}\n")
    part = referred(graph, "x", path)
    assert (part.schema if part is not None else None) == schema


def test_a_sole_reference_is_the_whole_text():
    graph = drawn(
        '  x: {set: {a: "{{ inputs.any }}", b: "{{ inputs.any[0] + 1 }}", c: " {{ inputs.any }}",'
        ' d: "{{- inputs.any -}}", e: "{{ (inputs.any) }}"}}\n'
    )
    found = {one.path[-1]: sole_reference(one) is not None for one in graph.templates}
    assert found == {"a": True, "b": False, "c": False, "d": False, "e": False}


def test_a_list_of_what_points_at_itself_is_a_list_of_anything():
    assert list_of({"type": "object", "properties": {"a": {"$ref": "#"}}}) == {"type": "array"}
    nested = {"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}
    assert list_of(nested) == {"type": "array", "items": nested, "$defs": nested["$defs"]}


def test_a_step_has_the_fields_that_it_shows_when_it_is_over():
    assert set(STEP_FIELDS) == set(step_view(StepFinished(step="x", status="completed")))


def test_steps_that_build_on_each_other_do_not_double_what_is_known():
    twice = "a: '{{ steps.s%d.output }}', b: '{{ steps.s%d.output }}'"
    steps = [f"  s{at}: {{set: {{{twice % (at - 1, at - 1)}}}}}\n" for at in range(1, 60)]
    graph = drawn("  s0: {set: {c: 1}}\n" + "".join(steps))
    assert sum(1 for _ in subschemas(graph.outputs["s59"])) < 2000


def test_steps_that_build_on_each_other_may_be_many():
    steps = [
        f"  s{at}: {{set: {{a: '{{{{ steps.s{at - 1}.output }}}}'}}}}\n" for at in range(1, 400)
    ]
    graph = drawn("  s0: {set: {a: 1}}\n" + "".join(steps))
    assert look_up(graph.outputs["s399"], ("a", "a", "a")) is not None


def test_of_many_kinds_of_items_nothing_is_known():
    kinds = ", ".join(f"{{k{number}: 1}}" for number in range(1000))
    assert drawn(f"  x: {{set: {{a: 1}}, foreach: [{kinds}]}}").items["x"] == {}
    same = ", ".join(f"{{k: {number}}}" for number in range(1000))
    assert look_up(drawn(f"  x: {{set: {{a: 1}}, foreach: [{same}]}}").items["x"], ("k",)) == {
        "type": "integer"
    }

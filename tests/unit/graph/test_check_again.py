"""What is done again: items, tries, probes."""

import pytest

from tests.support.flows import check_body

LISTS = """inputs:
  text: {type: string}
  count: {type: integer}
  map: {type: object, properties: {a: {type: string}}}
  list: {type: array, items: {type: array}}
tools: {t: {shell: [df]}, p: {python: "tools:p"}}
assistants: {g: {model: m}}
steps:
  t: {tool: t}
  p: {tool: p}
  g: {assistant: g, message: "{{ inputs }}"}
  l: {tool: t, foreach: inputs.list}
  s: {set: {a: [1], b: "x"}}
  x: {tool: t, foreach: %s}
"""
TOOLS = "def p() -> list[str] | None:\n    return []\n"


def not_lists(foreach):
    return [one for one in check_body(LISTS % foreach, tools_py=TOOLS).lines if "lint/" not in one]


@pytest.mark.parametrize(
    "foreach",
    [
        "inputs.list",
        '"inputs.list[0]"',
        '"inputs.list[0][1]"',
        "inputs.text | lines",
        "range(inputs.count)",
        "steps.p.output",
        "steps.l.output",
        "steps.s.output.a",
        "steps.t.tool_calls",
        "inputs.map | keys",
        "[1, 2]",
        '"[1, 2]"',
        "range(3)",
        '"{{ [] }}"',
        "range(0) | first",
    ],
)
def test_a_list_and_what_may_be_one_are_fine(foreach):
    assert not not_lists(foreach)


@pytest.mark.parametrize(
    ("foreach", "said"),
    [
        (
            "inputs.text",
            "`foreach` expects a list, and `inputs.text` is a text | make a list of it:",
        ),
        ('"{{ inputs.text }}"', "`foreach` expects a list, and `inputs.text` is a text"),
        ('"3"', "`3` is a whole number | count up to it: `range(3)`"),
        ("\"{{ 'a b' }}\"", "`'a b'` is a text | make a list of it: `'a b' | lines`"),
        ('"{}"', "`{}` is an object"),
        ('"none"', "`none` is null | name a list"),
        ("inputs.count", "is a whole number | count up to it: `range(inputs.count)`"),
        ("inputs.map", "is an object | say what of it: `inputs.map | keys`"),
        ("steps.g.output", "`steps.g.output` is a text"),
        ("steps.t.output", "is an object"),
        ("steps.l.status", "is a text"),
        ("steps.s.output.b", "is a text"),
    ],
)
def test_what_is_known_to_be_none_is_not(foreach, said):
    (one,) = not_lists(foreach)
    assert "ref/not-a-list" in one
    assert said in one


RETRY = """tools:
  t: {{shell: [df]{more}}}
  look: {{shell: [df], effect: repeatable}}
assistants: {{g: {{model: m, tools: [look, t]}}}}
steps:
  x: {{{step}, retry: {{attempts: 3}}}}
"""


def retries(more="", step="tool: t"):
    found = check_body(RETRY.format(more=more, step=step)).lines
    return [one for one in found if "lint/" not in one]


@pytest.mark.parametrize("effect", ["repeatable", "keyed"])
def test_what_may_run_twice_may_be_tried_again(effect):
    assert not retries(f", effect: {effect}")


def test_an_assistant_may_be_asked_again_whatever_its_tools_do():
    assert not retries(step="assistant: g, message: Hi")


@pytest.mark.parametrize(
    ("more", "effect"),
    [
        ("", "at_most_once"),
        (", effect: at_most_once", "at_most_once"),
        (", effect: probe, probe: look", "probe"),
    ],
)
def test_what_must_not_run_twice_is_not_tried_again(more, effect):
    (one,) = retries(more)
    assert f"tool/retry-effect step `x` tries tool `t` again, which is `effect: {effect}`" in one
    assert "flow.yaml:4:3 the tool is declared here" in one


def test_a_misspelt_effect_is_told_once():
    assert [one.split(" ")[1] for one in retries(", efect: keyed")] == ["bind/unknown-key"]


PROBES = """tools:
  pay:
    shell: [echo, "{{ args.sum }}"]
    parameters: {sum: {type: integer}, note: {type: string, default: ""}}
    effect: probe
    probe: %s
  open: {shell: [df], effect: repeatable, parameters: {type: object, additionalProperties: true}}
  paid:
    shell: [df]
    effect: repeatable
    parameters: {sum: {type: number}, note: {type: string, default: ""}}
  risky:
    shell: [df]
    parameters: {sum: {type: integer}, note: {type: string, default: ""}}
  other: {shell: [df], effect: repeatable, parameters: {sum: {type: string}, note: {default: ""}}}
  less: {shell: [df], effect: repeatable, parameters: {sum: {type: integer}}}
  more:
    shell: [df]
    effect: repeatable
    parameters: {sum: {type: integer}, note: {type: string}}
assistants: {g: {model: m, tools: [pay, open, paid, risky, other, less, more]}}
steps: {x: {assistant: g, message: Hi}}
"""


@pytest.mark.parametrize("probe", ["paid", "open"])
def test_a_probe_is_a_repeatable_tool_with_the_same_parameters(probe):
    assert not check_body(PROBES % probe).lines


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        ("pay", "must be another tool, found `pay` itself"),
        ("payd", "must be a tool of this flow, found `payd` | did you mean `paid`?"),
        ("risky", "must be `effect: repeatable`, found `at_most_once`"),
        ("less", "tool `less` must take what `pay` takes, found no parameter `note`"),
        ("more", "tool `more` needs `note`, which `pay` need not be given"),
        (
            "other",
            "parameter `sum` of tool `other` must be a number as for `pay`, found a text",
        ),
    ],
)
def test_other_probes_do_not_fit(probe, said):
    (one,) = [line for line in check_body(PROBES % probe).lines if "lint/" not in line]
    assert "flow.yaml:8:12 tool/probe" in one
    assert said in one


@pytest.mark.parametrize(
    ("returns", "said"),
    [
        ("bool", "found true or false"),
        ("list[str]", "found a list"),
        ("None", "found null"),
        ("Seen", "found one without it"),
        ("dict[str, object]", ""),
        ("Told", ""),
        ("str", ""),
        ("Told | None", ""),
    ],
)
def test_a_probe_can_say_whether_it_happened(returns, said):
    tools = f"""from typing import TypedDict
class Seen(TypedDict):
    seen: bool
class Told(TypedDict):
    done: bool
def pay() -> str: ...
def paid() -> {returns}: ...
"""
    body = """tools:
  pay: {python: "bank:pay", effect: probe, probe: paid}
  paid: {python: "bank:paid", effect: repeatable}
steps: {x: {tool: pay}}
"""
    lines = check_body(body, bank_py=tools).lines
    if not said:
        assert not lines
        return
    (one,) = lines
    assert "flow.yaml:4:51 tool/probe tool `paid` must return a mapping with `done`" in one
    assert said in one


def test_a_probe_waits_for_nobody():
    body = PROBES.replace("  paid:\n", "  paid:\n    approval: always\n") % "paid"
    (one,) = check_body(body).lines
    assert "must be called without asking, found `approval: always` on `paid`" in one


def test_a_probe_that_was_lost_to_its_own_mistakes_is_not_reported_too():
    body = PROBES.replace("  paid:\n    shell: [df]", "  paid:\n    shel: [df]") % "paid"
    assert check_body(body).codes == ["bind/unknown-key"]


def test_a_tool_that_is_only_a_probe_is_used():
    body = PROBES.replace("tools: [pay, open, paid,", "tools: [pay, open,") % "paid"
    assert not check_body(body).lines

"""What each transform adds to the graph."""

from tests.support.flows import HEADER, check_body

BODY = """inputs:
  city: {type: string, default: Paris, minLength: 1}
tools:
  free: {shell: [df, "{{ args.path }}"], parameters: {path: {type: string}}}
assistants:
  guide: {model: m, instructions: "In {{ inputs.city }}"}
threads:
  talk: {key: "{{ run.id }}"}
  other: {}
steps:
  late: {assistant: guide, message: "{{ steps.disk.output.stdout }} {{ steps.disk.status }}"}
  one: {assistant: guide, thread: talk, message: Hello}
  disk: {tool: free, with: {path: "{{ inputs.city }}"}}
  two: {assistant: guide, thread: talk, message: Hi, needs: [disk]}
  side: {assistant: guide, thread: other, message: Hi, needs: [two]}
outputs:
  all: {texts: ["{{ steps.late.output }}", plain]}
"""


def graph():
    done = check_body(BODY)
    assert done.graph is not None, done.lines
    return done.graph


def test_templates_are_found_where_they_may_stand():
    found = {(one.where, one.path): one.owner for one in graph().templates}
    assert found == {
        ("shell", ("tools", "free", "shell", 1)): "free",
        ("instructions", ("assistants", "guide", "instructions")): "guide",
        ("key", ("threads", "talk", "key")): "talk",
        ("message", ("steps", "late", "message")): "late",
        ("with", ("steps", "disk", "with", "path")): "disk",
        ("outputs", ("outputs", "all", "texts", 0)): "all",
    }


def test_inputs_are_schemas():
    assert graph().inputs == {"city": {"type": "string", "default": "Paris", "minLength": 1}}


def test_tools_are_resolved():
    free = graph().tools["free"]
    assert free.kind == "shell"
    assert free.parameters == {
        "type": "object",
        "properties": {"path": {"type": "string"}},
        "required": ["path"],
        "additionalProperties": False,
    }
    assert set(free.result["properties"]) == {"stdout", "stderr", "exit_code"}


def test_a_lane_is_a_thread_or_the_step_itself():
    assert graph().lanes == {
        "late": "(late)",
        "one": "talk",
        "disk": "(disk)",
        "two": "talk",
        "side": "other",
    }


def test_edges_say_why():
    edges = {
        (one.before, one.after, one.reason, one.words)
        for found in graph().edges.values()
        for one in found
    }
    assert edges == {
        ("disk", "late", "reference", "steps.disk.output.stdout"),
        ("disk", "two", "needs", ""),
        ("one", "two", "thread", "talk"),
        ("two", "side", "needs", ""),
    }


def test_the_order_respects_edges_and_is_else_that_of_the_file():
    assert graph().order == ("one", "disk", "late", "two", "side")


def test_a_python_tool_takes_what_its_function_takes():
    done = check_body(
        "tools: {look: {python: 'tools:look'}}\nsteps: {a: {tool: look, with: {place: here}}}\n",
        tools_py='def look(place: str, far: bool = False) -> dict[str, int]:\n    """Look."""\n',
    )
    assert done.graph is not None, done.lines
    look = done.graph.tools["look"]
    assert look.description == "Look."
    assert set(look.parameters["properties"]) == {"place", "far"}
    assert look.parameters["required"] == ["place"]
    assert look.result["type"] == "object"


def test_a_tool_with_its_own_description_and_parameters_keeps_them():
    done = check_body(
        "tools:\n  look:\n    python: tools:look\n    description: Mine\n"
        "    parameters: {place: {type: string, enum: [here]}}\n"
        "steps: {a: {tool: look, with: {place: here}}}\n",
        tools_py='def look(place):\n    """Look."""\n',
    )
    assert done.graph is not None, done.lines
    look = done.graph.tools["look"]
    assert look.description == "Mine"
    assert look.parameters["properties"]["place"]["enum"] == ["here"]


def test_the_graph_of_an_included_file_has_places_there():
    done = check_body(
        "include: [shared.yaml]\nsteps: {a: {assistant: guide, message: Hello}}\n",
        **{"shared.yaml": "assistants:\n  guide: {model: m, instructions: '{{ inputs.x }}'}\n"},
    )
    assert done.lines == [
        "shared.yaml:2:46 ref/unknown-input no input `x` in this flow | declare `x` under `inputs:`"
    ]


def test_ten_thousand_steps_in_a_chain_are_put_in_order():
    steps = "".join(f"  s{n}: {{tool: t, needs: [s{n + 1}]}}\n" for n in range(9999))
    done = check_body(f"tools: {{t: {{shell: [df]}}}}\nsteps:\n{steps}  s9999: {{tool: t}}\n")
    assert done.graph is not None, done.lines[:3]
    assert done.graph.order == tuple(f"s{n}" for n in range(9999, -1, -1))
    assert done.bound.document.root.span.path == "flow.yaml"
    assert HEADER.startswith("version: 1")

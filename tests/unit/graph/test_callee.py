"""What a step hands values to."""

from flowrun.graph.callee import callee_of
from tests.support.flows import check_body

INNER = """version: 1
name: inner
inputs:
  city: {type: string}
  days: {type: integer, default: 3}
steps:
  a: {set: {x: "{{ inputs.city }} {{ inputs.days }}"}}
"""
BODY = """tools:
  t: {shell: [echo, "{{ args.path }}"], parameters: {path: {type: string}, deep: {default: 1}}}
steps:
  tool: {tool: t, with: {path: x}}
  flow: {flow: inner.yaml, with: {city: Oslo}}
  none: {set: {x: 1}}
"""


def graph():
    done = check_body(BODY, inner_yaml=INNER)
    assert done.graph is not None, done.lines
    return done.graph


def test_a_tool_takes_its_parameters():
    tool = callee_of(graph(), "tool")
    assert (tool.noun, tool.wants, tool.given, tool.key) == (
        "tool `t`",
        "parameter",
        "argument",
        "tool",
    )
    assert tuple(tool.properties) == ("path", "deep")
    assert tool.required == ("path",)
    assert dict(tool.schemas()) == {"path": {"type": "string"}, "deep": {"default": 1}}
    assert str(tool.declared.span) == "flow.yaml:4:3"


def test_a_sub_flow_takes_its_inputs():
    flow = callee_of(graph(), "flow")
    assert (flow.noun, flow.wants, flow.given, flow.key) == (
        "flow `inner.yaml`",
        "input",
        "input",
        "flow",
    )
    assert tuple(flow.properties) == ("city", "days")
    assert flow.required == ("city",)
    assert str(flow.declared.span) == "inner.yaml:3:1"


def test_other_steps_hand_nothing_on():
    assert callee_of(graph(), "none") is None

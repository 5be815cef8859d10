"""What the graph answers."""

from flowrun.graph.flowgraph import PROGRAM_RESULT, TEXT
from tests.support.flows import check_body

BODY = """tools:
  t: {shell: [df]}
  p: {python: "tools:p"}
assistants:
  plain: {model: m}
  judge: {model: m, output: {type: object}}
steps:
  t: {tool: t}
  p: {tool: p}
  plain: {assistant: plain, message: "of {{ steps.t.output }}"}
  judge: {assistant: judge, message: Hi}
  own: {assistant: judge, message: Hi, output: {type: array}}
"""


def graph():
    done = check_body(BODY, tools_py="def p() -> int:\n    return 1\n")
    assert done.graph is not None, done.lines
    return done.graph


def test_output_schemas():
    found = {name: graph().output_schema(name) for name in graph().flow.steps}
    assert found["t"] is PROGRAM_RESULT
    assert found["p"]["type"] == "integer"
    assert found["plain"] is TEXT
    assert found["judge"] == {"type": "object"}
    assert found["own"] == {"type": "array"}


def test_an_edge_has_its_place():
    (edge,) = graph().edges["plain"]
    span = graph().edge_place(edge)
    assert str(span) == "flow.yaml:12:45"
    assert span.end.column - span.start.column == len("steps.t.output")

"""`flowrun graph` shows a sound flow's plan and a broken flow's faults."""

import json

import pytest

from tests.support.commands import flowrun

FLOW = """\
version: 1
name: two-lanes
assistants:
  guide: {model: gpt-5-mini}
threads:
  talk: {}
steps:
  hello: {assistant: guide, thread: talk, message: Hello.}
  again: {assistant: guide, thread: talk, message: Again.}
  alone: {assistant: guide, message: "{{ steps.hello.output }}"}
outputs:
  last: "{{ steps.again.output }} {{ steps.alone.output }}"
"""


@pytest.fixture
def flow(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.flow.yaml").write_text(FLOW, "utf-8")
    return "two.flow.yaml"


def test_as_text(capsys, flow):
    ran = flowrun(capsys, "graph", flow)
    assert (ran.code, ran.err) == (0, "")
    for name in ("two-lanes", "talk", "hello", "again", "alone"):
        assert name in ran.out
    assert ran.out.endswith("\n")
    assert not ran.out.endswith("\n\n")


def test_as_mermaid(capsys, flow):
    ran = flowrun(capsys, "graph", flow, "--format", "mermaid")
    assert (ran.code, ran.err) == (0, "")
    assert "flowchart TD\n" in ran.out
    assert "  step_hello --> step_alone\n" in ran.out


def test_as_json(capsys, flow):
    ran = flowrun(capsys, "graph", flow, "--format", "json")
    shown = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert [step["name"] for step in shown["steps"]] == ["hello", "again", "alone"]
    assert len(shown["plan_digest"]) == 64


def test_a_flow_with_errors_exits_3_and_shows_them(capsys, flow, tmp_path):
    (tmp_path / flow).write_text(FLOW.replace("steps.hello", "steps.helo"), "utf-8")
    ran = flowrun(capsys, "graph", flow)
    assert (ran.code, ran.out) == (3, "")
    assert "ref/unknown-step" in ran.err


def test_no_such_file_exits_3(capsys, flow):
    ran = flowrun(capsys, "graph", "none.flow.yaml")
    assert (ran.code, ran.out) == (3, "")
    assert "two.flow.yaml" in ran.err

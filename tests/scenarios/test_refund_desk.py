"""The refund desk of `flows/`: a person decides, and money is paid back once, whatever dies."""

import json

import pytest

from tests.support.scenario import flows_project, misfits

FLOW = "flows/refund_desk.flow.yaml"
SORRY = "I am sorry about your lamp."
PAID = f"{SORRY} 49.00 US dollars are on their way to you."
LATER = f"{SORRY} A colleague will write to you about it."


def execute(project, *arguments):
    return project.flowrun("execute", FLOW, "--run-id", "r-1", "--format", "json", *arguments)


def answer(project, *arguments):
    return project.flowrun(
        "runs", "answer", "r-1", "case", "--as", "ann", "--format", "json", *arguments
    )


def books(project):
    """Return what was paid back, one entry a refund."""
    file = project.root / ".flowrun" / "refunds.jsonl"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]


@pytest.fixture
def waiting(tmp_path):
    """A desk whose clerk waits for a person."""
    project = flows_project(tmp_path)
    ended = execute(project)
    assert ended.code == 5, ended.err
    assert misfits("result", ended.result) == []
    [question] = ended.result["questions"]
    assert (question["step"], question["kind"], question["tool"]) == ("case", "approval", "refund")
    assert question["arguments"] == {"order": "A-1001", "amount": 49}
    assert books(project) == []
    return project


def test_an_approved_refund_is_paid_once_and_the_customer_is_told(waiting):
    done = answer(waiting, "--approve")
    assert done.code == 0, done.err
    assert misfits("result", done.result) == []
    assert done.result["outputs"] == {"answer": PAID}
    [entry] = books(waiting)
    assert (entry["order"], entry["amount"]) == ("A-1001", 49.0)
    second = answer(waiting, "--approve")
    assert (second.code, second.out) == (7, "")
    assert len(books(waiting)) == 1


def test_a_refused_refund_is_not_paid_and_the_customer_is_told_something_else(waiting):
    done = answer(waiting, "--reject", "--comment", "first a picture, please")
    assert done.code == 0, done.err
    assert done.result["outputs"] == {"answer": LATER}
    assert books(waiting) == []
    calls = waiting.show("r-1")["steps"]["case"]["tool_calls"]
    assert [(one["tool"], one["status"], one["error"]) for one in calls] == [
        ("find_order", "completed", None),
        ("refund", "failed", "rejected"),
    ]


@pytest.mark.parametrize(
    "kind", ["question_answered", "tool_call_started", "tool_call_finished", "message_delta"]
)
def test_a_process_that_dies_while_it_pays_pays_once(waiting, kind):
    command = ("runs", "answer", "r-1", "case", "--approve", "--format", "jsonl")
    with waiting.start(*command) as running:
        running.wait_for_event(kind)
        running.kill()
    if waiting.show("r-1")["status"] != "completed":
        resumed = waiting.flowrun("runs", "resume", "r-1")
        assert resumed.code == 0, resumed.err
    shown = waiting.show("r-1")
    assert shown["outputs"] == {"answer": PAID}
    assert len(books(waiting)) == 1


def test_a_process_that_dies_before_it_asks_asks_when_it_is_back(tmp_path):
    project = flows_project(tmp_path)
    command = ("execute", FLOW, "--run-id", "r-1", "--format", "jsonl")
    with project.start(*command) as running:
        running.wait_for_event("tool_call_finished", tool="find_order")
        running.kill()
    waiting = project.flowrun("runs", "resume", "r-1", "--format", "json")
    assert waiting.code == 5, waiting.err
    assert [one["step"] for one in waiting.result["questions"]] == ["case"]
    assert answer(project, "--approve").result["outputs"] == {"answer": PAID}
    assert len(books(project)) == 1

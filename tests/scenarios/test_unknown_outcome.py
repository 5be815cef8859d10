"""A crash hides whether a tool did its work: a person says what became of it."""

import pytest

from tests.support.endpoint import call, say, serve
from tests.support.scenario import tool_outputs
from tests.support.scenario_errands import FLOW, Errands, Model

HOLDING = {"First": [call(("hold", {})), say("one")], "Second": [say("two")]}
HELD_STEP = FLOW.replace("noted: {tool: note, ", "noted: {tool: hold, ").replace(
    'with: {what: "{{ steps.first.output }}"}', "on_error: continue"
)
PLAIN = {"First": [say("one")], "Second": [say("two")]}


def crashed(folder, server, flow=FLOW):
    """Return errands whose run died while `hold` was at work, and asks about it."""
    errands = Errands(folder, server.base_url, flow=flow.replace("EFFECT", "at_most_once"))
    with errands.start() as running:
        errands.gate.wait()
        running.kill()
    resumed = errands.resume()
    assert resumed.code == 5, resumed.err
    [question] = resumed.result["questions"]
    assert (question["kind"], question["tool"]) == ("unknown", "hold")
    assert [one.rpartition(" ")[2] for one in question["commands"]] == ["--done", "--run", "--fail"]
    assert errands.ledger.count("hold begins") == 1
    return errands


def answer(errands, step, *arguments):
    return errands.project.flowrun(
        "runs", "answer", "errands-1", step, *arguments, "--format", "json"
    )


def test_what_a_call_came_to_is_told_to_the_model(tmp_path):
    with serve(Model(HOLDING)) as server:
        errands = crashed(tmp_path, server)
        done = answer(errands, "first", "--done", "--output", "it had been held")
        told = tool_outputs(server.requests[1])
    assert done.code == 0, done.err
    assert told == ["it had been held"]
    assert errands.ledger == ["hold begins", "note one"]


def test_a_call_that_did_not_happen_is_run(tmp_path):
    with serve(Model(HOLDING)) as server:
        errands = crashed(tmp_path, server)
        with errands.project.start(
            "runs", "answer", "errands-1", "first", "--run", "--format", "json"
        ) as running:
            errands.gate.wait()
            errands.gate.open()
            done = running.finish()
    assert done.code == 0, done.err
    assert errands.ledger == ["hold begins", "hold begins", "hold ends", "note one"]


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (("--done", "--output", '{"stdout": "x"}'), "completed", None),
        (("--fail",), "failed", "outcome_unknown"),
    ],
)
def test_a_step_is_said_to_have_happened_or_fails(tmp_path, arguments, status, error):
    with serve(Model(PLAIN)) as server:
        errands = crashed(tmp_path, server, HELD_STEP)
        ended = answer(errands, "noted", *arguments)
    assert ended.code == 0, ended.err
    step = ended.result["steps"]["noted"]
    assert (step["status"], step["error"] and step["error"]["code"]) == (status, error)
    assert errands.ledger == ["hold begins"]

"""`kill -9` at any moment, then `runs resume`: what was finished is kept, nothing happens twice."""

from collections import Counter

import pytest

from tests.support.endpoint import call, say, serve
from tests.support.scenario import requests_of, tool_outputs
from tests.support.scenario_errands import FLOW, Errands, Model, broken_off, noting

PLAIN = {"First": [say("one")], "Second": [say("two")]}
HOLDING = {
    "First": [call(("note", {"what": "a"}), ("hold", {})), say("one")],
    "Second": [say("two")],
}
TWO_ROUNDS = {"First": [say("one")], "Second": [noting("a", "b"), noting("c"), say("two")]}

HELD_STEP = FLOW.replace("noted: {tool: note, ", "noted: {tool: hold, ").replace(
    'with: {what: "{{ steps.first.output }}"}', "on_error: continue"
)


def test_after_a_finished_step_it_is_not_repeated(tmp_path):
    model = Model(PLAIN, silent_at=("Second", 0))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_until(model.reached)
            running.kill()
        resumed = errands.resume()
        questions = requests_of(server)
    assert resumed.code == 0, resumed.err
    assert resumed.result["outputs"] == {"first": "one", "second": "two"}
    assert questions == ["First", "Second", "Second"]
    assert errands.ledger == ["note one"]


def test_while_a_model_streams_only_its_answer_is_asked_for_again(tmp_path):
    model = Model(PLAIN, silent_at=("Second", 0), silence=broken_off("two and a half"))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_for_event("message_delta", step="second")
            running.kill()
        resumed = errands.resume()
        questions = requests_of(server)
    assert resumed.code == 0, resumed.err
    assert resumed.result["outputs"]["second"] == "two"
    assert questions == ["First", "Second", "Second"]


def test_a_half_heard_answer_is_no_message_of_the_thread(tmp_path):
    model = Model(PLAIN, silent_at=("First", 0), silence=broken_off("one and a half"))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_for_event("message_delta", step="first")
            running.kill()
        errands.resume()
        last = server.requests[-1].body["messages"]
    assert [one["content"] for one in last] == ["Be brief.", "First", "one", "Second"]


def test_between_two_rounds_of_tools_the_first_is_submitted_again_but_not_run_again(tmp_path):
    model = Model(TWO_ROUNDS, silent_at=("Second", 1))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_until(model.reached)
            running.kill()
        resumed = errands.resume()
        told = [tool_outputs(one) for one in server.requests[2:]]
    assert resumed.code == 0, resumed.err
    assert Counter(errands.ledger) == Counter(["note one", "note a", "note b", "note c"])
    assert [len(one) for one in told] == [2, 2, 3]
    calls = errands.project.show("errands-1")["steps"]["second"]["tool_calls"]
    assert [one["status"] for one in calls] == ["completed"] * 3


def test_a_tool_in_flight_that_may_run_once_is_reported_as_unknown_and_never_run_twice(tmp_path):
    with serve(Model(HOLDING)) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            errands.gate.wait()
            errands.wait_until_stored("first", "note")
            running.kill()
        resumed = errands.resume()
        assert len(server.requests) == 1
    assert resumed.code == 1
    error = resumed.result["steps"]["first"]["error"]
    assert error["code"] == "outcome_unknown"
    assert "`hold`" in error["message"]
    assert resumed.result["steps"]["second"]["status"] == "skipped"
    assert sorted(errands.ledger) == ["hold begins", "note a"]
    calls = errands.project.show("errands-1")["steps"]["first"]["tool_calls"]
    assert [(one["tool"], one["status"], one["error"]) for one in calls] == [
        ("note", "completed", None),
        ("hold", "failed", "outcome_unknown"),
    ]


def test_a_tool_in_flight_that_may_be_repeated_is_run_again_and_its_finished_sibling_is_not(
    tmp_path,
):
    with serve(Model(HOLDING)) as server:
        errands = Errands(tmp_path, server.base_url, effect="repeatable")
        with errands.start() as running:
            errands.gate.wait()
            errands.wait_until_stored("first", "note")
            running.kill()
        with errands.project.start("runs", "resume", "errands-1", "--format", "json") as resuming:
            errands.gate.wait()
            errands.gate.open()
            resumed = resuming.finish()
        [told] = [tool_outputs(one) for one in server.requests[1:2]]
    assert resumed.code == 0, resumed.err
    assert Counter(errands.ledger) == Counter(
        ["note a", "hold begins", "hold begins", "hold ends", "note one"]
    )
    assert len(told) == 2


@pytest.mark.parametrize(("effect", "times"), [("at_most_once", 1), ("repeatable", 2)])
def test_a_tool_step_in_flight_is_unknown_or_repeated_as_its_tool_says(tmp_path, effect, times):
    with serve(Model(PLAIN)) as server:
        errands = Errands(tmp_path, server.base_url, flow=HELD_STEP, effect=effect)
        with errands.start() as running:
            errands.gate.wait()
            running.kill()
        with errands.project.start("runs", "resume", "errands-1", "--format", "json") as resuming:
            if effect == "repeatable":
                errands.gate.wait()
                errands.gate.open()
            resumed = resuming.finish()
        questions = requests_of(server)
    assert resumed.code == 0, resumed.err
    error = resumed.result["steps"]["noted"]["error"]
    assert (error and error["code"]) == ("outcome_unknown" if times == 1 else None)
    assert errands.ledger.count("hold begins") == times
    assert questions == ["First", "Second"]


def test_the_tool_dies_with_the_process_that_started_it(tmp_path):
    with serve(Model(HOLDING)) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            errands.gate.wait()
            running.kill()
        assert not errands.gate.is_held()


def test_a_killed_run_is_listed_as_interrupted_and_offered(tmp_path):
    model = Model(PLAIN, silent_at=("Second", 0))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_until(model.reached)
            running.kill()
    listed = errands.project.flowrun("runs", "list")
    assert "interrupted" in listed.out
    assert "continue one with: flowrun runs resume errands-1" in listed.out
    [row] = errands.project.runs()
    assert row["alive"] is False


def test_a_run_can_be_killed_and_resumed_again_and_again(tmp_path):
    """Each life ends at the next request; every answer is asked for once more, no tool is."""
    model = Dying(TWO_ROUNDS)
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        arguments = ("execute", "errands.flow.yaml", "--run-id", "errands-1")
        for _ in range(4):
            model.falls_silent()
            with errands.project.start(*arguments) as running:
                running.wait_until(model.reached)
                running.kill()
            arguments = ("runs", "resume", "errands-1")
        resumed = errands.resume()
    assert resumed.code == 0, resumed.err
    assert Counter(errands.ledger) == Counter(["note one", "note a", "note b", "note c"])
    shown = errands.project.show("errands-1")
    assert shown["entries"] == 5
    assert shown["outputs"] == {"first": "one", "second": "two"}


def test_a_run_that_kills_its_process_each_time_is_parked_until_it_is_forced(tmp_path):
    model = Model(PLAIN, silent_at=("First", 0))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        arguments = ("execute", "errands.flow.yaml", "--run-id", "errands-1")
        for _ in range(4):
            model.reached.clear()
            with errands.project.start(*arguments) as running:
                running.wait_until(model.reached)
                running.kill()
            arguments = ("runs", "resume", "errands-1")
        refused = errands.resume()
        [row] = errands.project.runs()
        forced = errands.project.flowrun("runs", "resume", "errands-1", "--force")
    assert (refused.code, refused.out) == (7, "")
    assert refused.sentences[0].startswith("error: run `errands-1` died 3 times without progress")
    assert refused.sentences[1].endswith("`flowrun runs resume --force`")
    assert row["status"] == "parked"
    assert forced.code == 0, forced.err


def test_a_finished_run_is_not_resumed(tmp_path):
    with serve(Model(PLAIN)) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.finish()
        resumed = errands.resume()
        assert len(server.requests) == 2
    assert (resumed.code, resumed.out) == (7, "")
    assert resumed.sentences[0].startswith("error: run `errands-1` is ")
    assert "completed" in resumed.sentences[0]


def test_a_run_goes_on_by_the_plan_it_was_started_with(tmp_path):
    model = Model(PLAIN, silent_at=("Second", 0))
    with serve(model) as server:
        errands = Errands(tmp_path, server.base_url)
        with errands.start() as running:
            running.wait_until(model.reached)
            running.kill()
        errands.write_flow(FLOW.replace("Be brief.", "Be long."))
        resumed = errands.resume()
        instructions = {one.body["messages"][0]["content"] for one in server.requests}
    assert resumed.code == 0, resumed.err
    assert instructions == {"Be brief."}


class Dying(Model):
    """Falls silent at the first request that it has not yet fallen silent at."""

    def __init__(self, answers):
        super().__init__(answers)
        self._seen = set()
        self.reached.set()

    def falls_silent(self):
        self._silent_at = None
        self.reached.clear()

    def __call__(self, request):
        at = self.place(request)
        if not self.reached.is_set() and at not in self._seen:
            self._seen.add(at)
            self._silent_at = at
        return super().__call__(request)

"""A run is followed: shown, asked for people, left when it is enough."""

import asyncio

import pytest

from flowrun.app.answer import leave_answer
from flowrun.app.cancel import cancel_run
from flowrun.app.follow import Reply
from flowrun.app.project import open_project
from tests.support.projects import ASK, Watcher, execute, make, outputs, resume

ANSWERS = {
    "ok": {"decision": "approved", "value": None, "comment": ""},
    "stay": {"decision": "answered", "value": {"nights": 2}, "comment": ""},
}


class Person:
    """Answers at once, or does what a test wants first."""

    def __init__(self, first=None, leaves=""):
        self.asked = []
        self.problems = []
        self._first = first
        self._leaves = leaves

    async def ask(self, asked):
        self.asked.append(asked.step)
        if self._first is not None:
            first, self._first = self._first, None
            await first(asked)
        if asked.step == self._leaves:
            return None
        return Reply(value=ANSWERS[asked.step], sender="ann")

    def refused(self, asked, problem):
        self.problems.append(str(problem))


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, flowrun_yaml="version: 1\n", ask_flow_yaml=ASK)
    return open_project(tmp_path, {})


def run(**how):
    return execute("ask.flow.yaml", run_id="mine", **how)


def test_without_anybody_to_ask_the_run_is_left_waiting(project):
    outcome = run()
    assert (outcome.head.status, len(outcome.head.questions)) == ("parked", 1)


def test_questions_are_asked_one_after_another_until_the_run_ends(project):
    person = Person()
    outcome = run(asker=person)
    assert person.asked == ["ok", "stay"]
    assert outputs(outcome) == {"by": "ann", "nights": 2}


def test_a_question_that_is_left_open_leaves_the_run_waiting(project):
    person = Person(leaves="stay")
    outcome = run(asker=person)
    assert outcome.head.status == "parked"
    assert outcome.head.questions == ("steps/stay/answer",)
    assert outputs(resume(project, "mine", asker=Person())) == {"by": "ann", "nights": 2}


def test_when_it_is_enough_nobody_is_waited_for(project):
    watcher = Watcher()

    async def stop(_):
        watcher.stop.set()
        await asyncio.Event().wait()

    outcome = run(asker=Person(first=stop), watcher=watcher)
    assert (outcome.head.status, watcher.kinds[-1]) == ("parked", "FlowRunParked")


def test_an_answer_from_elsewhere_takes_the_question_back(project):
    async def somebody_else(asked):
        leave_answer(project, "mine", asked, ANSWERS["ok"], sender="bob")
        await asyncio.Event().wait()

    person = Person(first=somebody_else)
    assert outputs(run(asker=person)) == {"by": "bob", "nights": 2}
    assert person.asked == ["ok", "stay"]


def test_who_answers_second_is_told_so_and_the_run_goes_on(project):
    async def somebody_else(asked):
        leave_answer(project, "mine", asked, ANSWERS["ok"], sender="bob")

    person = Person(first=somebody_else)
    assert outputs(run(asker=person)) == {"by": "bob", "nights": 2}
    assert ["approved by bob" in one for one in person.problems] in ([True], [])


def test_a_run_that_is_cancelled_meanwhile_is_over(project):
    async def cancel(_):
        await cancel_run(project, "mine", by="bob", reason="")
        await asyncio.Event().wait()

    assert run(asker=Person(first=cancel)).head.status == "cancelled"

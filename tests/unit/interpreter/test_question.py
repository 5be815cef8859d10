"""Questions: asked once, answered once, and what counts as an answer."""

from functools import partial

import pytest

from flowrun.events.records import FlowRunParked, QuestionAnswered, QuestionAsked
from flowrun.interpreter.question import announce, ask_person, read_decision, refusal
from flowrun.ports.durable import Signal
from tests.support.engines import Journal, done, kept, live, within

ASKED = QuestionAsked(step="buy", question="", kind="approve", message="Buy it?")


def given(decision, **more):
    return Signal(value={"decision": decision, **more}, sender="Ann", at=1.0)


@pytest.mark.parametrize(
    ("kind", "decision"),
    [
        ("approve", "approved"),
        ("approve", "rejected"),
        ("approval", "rejected"),
        ("form", "answered"),
        ("unknown", "done"),
        ("unknown", "run"),
        ("unknown", "fail"),
    ],
)
def test_a_decision_that_answers_the_question_is_taken(kind, decision):
    asked = QuestionAsked(step="buy", question="", kind=kind, message="?")
    answered = read_decision(asked, "steps/buy/q", given(decision, comment="fine"))
    assert (answered.decision, answered.by, answered.comment) == (decision, "Ann", "fine")
    assert (answered.step, answered.question) == ("buy", "steps/buy/q")


@pytest.mark.parametrize(
    ("kind", "signal", "decision"),
    [
        ("approve", given("done"), "rejected"),
        ("form", given("approved"), "rejected"),
        ("unknown", given("approved"), "fail"),
        ("approval", given(None), "rejected"),
        ("approval", Signal(value={}, sender="", at=0.0), "rejected"),
    ],
)
def test_what_does_not_answer_the_question_does_nothing(kind, signal, decision):
    asked = QuestionAsked(step="buy", question="", kind=kind, message="?")
    answered = read_decision(asked, "q", signal)
    assert answered.decision == decision
    assert "does not answer it" in answered.comment


def test_only_decisions_with_a_value_have_one():
    form = QuestionAsked(step="buy", question="", kind="form", message="?")
    assert read_decision(form, "q", given("answered", value={"n": 1})).value == {"n": 1}
    assert read_decision(form, "q", given("rejected", value={"n": 1})).value is None


@pytest.mark.parametrize(
    ("by", "comment", "said"),
    [
        ("Ann", "too dear", "rejected by Ann: too dear"),
        ("Ann", "", "rejected by Ann"),
        ("", "", "rejected"),
    ],
)
def test_a_refusal_names_who_and_why(by, comment, said):
    answered = QuestionAnswered(
        step="buy", question="q", decision="rejected", by=by, comment=comment
    )
    assert refusal(answered) == said


def test_a_question_is_asked_once_and_its_answer_found_again(tmp_path):
    heard = []

    async def interpret(scope, *given):
        heard.append((await ask_person(scope, "first", ASKED)).by)
        heard.append((await ask_person(scope, "second", ASKED)).by)
        return done()

    place = Journal(tmp_path)
    head, _ = live(place, interpret)
    assert (head.status, heard) == ("parked", [])

    async def answer(engine, key):
        value = {"decision": "approved"}
        await engine.send("run-1", key, value, message_id=key, sender=f"Ann {key}")
        await engine.resume("run-1")
        return await engine.wait("run-1"), kept(engine)

    head, events = within(place, interpret, partial(answer, key="first"))
    assert (head.status, heard) == ("parked", ["Ann first"])
    parked = [one for one in events if isinstance(one, FlowRunParked)]
    assert [one.questions for one in parked] == [("first",), ("second",)]
    head, events = within(place, interpret, partial(answer, key="second"))
    assert (head.status, heard[1:]) == ("completed", ["Ann first", "Ann second"])
    asked = [one.question for one in events if isinstance(one, QuestionAsked)]
    answered = [one.question for one in events if isinstance(one, QuestionAnswered)]
    assert asked == answered == ["first", "second"]


def test_what_is_announced_is_not_waited_for(tmp_path):
    async def interpret(scope, *given):
        announce(scope, "first", ASKED)
        announce(scope, "second", ASKED)
        return done()

    head, events = live(Journal(tmp_path), interpret)
    assert head.status == "completed"
    assert [one.question for one in events if isinstance(one, QuestionAsked)] == ["first", "second"]

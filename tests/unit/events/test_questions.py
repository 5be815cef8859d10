"""Which questions of a run are open."""

import pytest

from flowrun.events.questions import open_questions, questions_of
from flowrun.events.records import (
    FlowRunFinished,
    QuestionAnswered,
    QuestionAsked,
    StepFinished,
)
from flowrun.events.stamped import StampedEvent


def asked(step, path="p", **more):
    return QuestionAsked(step=step, question=path, kind="approve", message="May I?", **more)


def answered(step, path="p"):
    return QuestionAnswered(step=step, question=path, decision="approved", by="ann")


def stamped(*events):
    return [StampedEvent(event, at, float(at)) for at, event in enumerate(events, 1)]


def test_a_question_is_open_until_it_is_answered():
    story = stamped(asked("a", "p"), asked("b", "q"), answered("a", "p"))
    assert [one.question for one in open_questions(story)] == ["q"]
    first = questions_of(story)[0]
    assert (first.answer.by, first.asked_at, first.answered_at) == ("ann", 1.0, 3.0)


@pytest.mark.parametrize(
    ("step", "over", "is_open"),
    [
        ("a", "a", False),
        ("a[0]#2~1", "a[0]#2~1", False),
        ("a[0]~1", "a[0]", False),
        ("outer~1/a", "outer", False),
        ("a[0]", "a[1]", True),
        ("a~2", "a~1", True),
    ],
)
def test_nobody_is_waited_for_in_a_step_that_is_over(step, over, is_open):
    story = stamped(asked(step), StepFinished(step=over, status="failed"))
    assert bool(open_questions(story)) is is_open


def test_nobody_is_waited_for_in_a_run_that_is_over():
    assert open_questions(stamped(asked("a"), FlowRunFinished(status="cancelled"))) == ()


def test_an_answered_question_stays_answered_when_its_step_ends():
    story = stamped(asked("a"), answered("a"), StepFinished(step="a", status="completed"))
    [one] = questions_of(story)
    assert not one.is_open
    assert not one.is_moot


def test_an_answer_to_nothing_is_passed_over():
    assert questions_of(stamped(answered("a"))) == ()

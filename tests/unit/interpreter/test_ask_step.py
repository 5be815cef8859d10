"""A question as a step: what is asked, what its answers come to, and how long nobody is needed."""

import asyncio

import pytest

from flowrun.clock import ManualClock
from flowrun.events.records import FlowRunParked, QuestionAnswered, QuestionAsked, StepFinished
from tests.support.engines import until
from tests.support.interpreting import Stage, ToldTools, interpret, told
from tests.support.steps import ask, call, compute, plan_of

FORM = {"type": "object", "properties": {"n": {"type": "integer"}}}


def say(decision, value=None, comment=""):
    return {"decision": decision, "value": value, "comment": comment}


def answered(folder, plan, answers, **world):
    """Two lives: until the run waits, and after the answers."""
    parked = interpret(folder, plan, **world)
    assert parked.head.status == "parked"
    return interpret(folder, plan, resume=True, answers=answers, **world)


def test_it_asks_and_parks(tmp_path):
    plan = plan_of(ask("may", message="Pay {{ inputs.n }}?"))
    parked = interpret(tmp_path, plan, inputs={"n": 5})
    assert (parked.head.status, parked.head.questions) == ("parked", ("steps/may/answer",))
    assert parked.of(QuestionAsked) == [
        QuestionAsked(step="may", question="steps/may/answer", kind="approve", message="Pay 5?")
    ]


def test_approval_completes_it(tmp_path):
    plan = plan_of(ask("may"), outputs=(("by", "{{ steps.may.output.by }}"),))
    done = answered(tmp_path, plan, {"steps/may/answer": say("approved", comment="Fine")})
    assert done.step("may").output == {"approved": True, "by": "Ann", "comment": "Fine"}
    assert done.last.outputs == {"by": "Ann"}
    assert [one.decision for one in done.of(QuestionAnswered)] == ["approved"]


@pytest.mark.parametrize(
    ("comment", "error"), [("", "rejected by Ann"), ("Too much", "rejected by Ann: Too much")]
)
def test_a_rejection_fails_it(tmp_path, comment, error):
    done = answered(tmp_path, plan_of(ask("may")), {
        "steps/may/answer": say("rejected", comment=comment)
    })  # fmt: skip
    assert (done.step("may").error, done.step("may").error_code) == (error, "rejected")
    assert (done.last.status, done.last.error_code) == ("failed", "rejected")


def test_a_form_gives_its_values(tmp_path):
    plan = plan_of(ask("form", schema=FORM), compute("use", "form", values={
        "n": "{{ steps.form.output.n + 1 }}"
    }))  # fmt: skip
    done = answered(tmp_path, plan, {"steps/form/answer": say("answered", {"n": 4})})
    assert done.of(QuestionAsked)[0].kind == "form"
    assert done.of(QuestionAsked)[0].schema == FORM
    assert done.step("use").output == {"n": 5}


def test_what_does_not_need_the_answer_goes_on(tmp_path):
    plan = plan_of(ask("may"), compute("side", values={"n": 1}), compute("after", "may", values={}))
    parked = interpret(tmp_path, plan)
    assert [one.step for one in parked.of(StepFinished)] == ["side"]


def test_items_ask_each_for_itself(tmp_path):
    plan = plan_of(ask("may", message="{{ item }}?", foreach=["a", "b"], on_error="continue"))
    parked = interpret(tmp_path, plan)
    assert [one.message for one in parked.of(QuestionAsked)] == ["a?", "b?"]
    first, second = parked.head.questions
    done = interpret(tmp_path, plan, resume=True, answers={
        first: say("approved"), second: say("rejected")
    })  # fmt: skip
    assert [one and one["approved"] for one in done.step("may").output] == [True, None]
    assert done.step("may").errors[0]["code"] == "rejected"


def test_an_answer_that_comes_too_late_does_not_count(tmp_path):
    stage = Stage(folder=tmp_path, plan=plan_of(ask("may", timeout_s=60)), clock=ManualClock())
    parked = parked_after_a_question(stage)
    assert parked.of(QuestionAsked)[0].expires_at == stage.clock.now() + 60
    stage.later(61)
    done = stage.live(resume=True)
    assert done.step("may").error == "not over within 60s"


def parked_after_a_question(stage):
    """Live until the question is asked and the run parked; its timer would wake it later."""

    async def story(engine):
        await stage.start(engine)
        await until(lambda: told(engine, None).of(FlowRunParked))
        return told(engine, None)

    return asyncio.run(stage.open(story))


def test_people_do_not_take_places_from_work(tmp_path):
    plan = plan_of(ask("may"), call("a"), call("b"), limits={"max_parallel": 1})
    parked = interpret(tmp_path, plan, tools=ToldTools({"a": lambda: 1, "b": lambda: 2}))
    assert [one.step for one in parked.of(StepFinished)] == ["a", "b"]

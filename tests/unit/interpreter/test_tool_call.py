"""One call of a tool step through crashes, probes and people: made once, or said to be unknown."""

import asyncio

import pytest

from flowrun.clock import ManualClock
from flowrun.events.records import QuestionAnswered, QuestionAsked, StepFinished, ToolCallFinished
from flowrun.plan.plan import ExecutionPlan, PlannedRetry, PlannedStep, PlannedTool, ToolAction
from flowrun.ports.tools import ToolFailed, ToolSucceeded
from tests.support.crash import Died
from tests.support.engines import until
from tests.support.interpreting import Stage, ToldTools, interpret, told

GIVEN = {"sum": 5}
UNKNOWN = "steps/pay/finished/unknown"
APPROVAL = "steps/pay/finished/approval"


def plan_of(*, step=None, **tool):
    return ExecutionPlan(
        flow="test",
        tools=(
            PlannedTool(name="pay", kind="python", **tool),
            PlannedTool(name="was_paid", kind="python", effect="repeatable"),
        ),
        steps=(
            PlannedStep(
                name="pay",
                number=1,
                lane="(pay)",
                action=ToolAction(tool="pay", arguments=GIVEN),
                **(step or {}),
            ),
        ),
    )


class Till:
    """A tool that dies with its process on the calls told, and the tool that is asked about it."""

    def __init__(self, *dies, probe=None):
        self.dies = dies
        self.probe = probe
        self.paid = 0
        self.tools = ToldTools({"pay": self.pay, "was_paid": self.was_paid})

    def pay(self, **given):
        assert given == GIVEN
        self.paid += 1
        if self.paid in self.dies:
            raise Died
        return {"receipt": self.paid}

    def was_paid(self, **given):
        assert given == GIVEN
        return self.probe


def crash(folder, till, plan, **life):
    with pytest.raises(Died):
        interpret(folder, plan, tools=till.tools, **life)


def go_on(folder, till, plan, **life):
    return interpret(folder, plan, tools=till.tools, resume=True, **life)


def decided(decision, value=None, comment=""):
    return {"decision": decision, "value": value, "comment": comment}


def test_a_keyed_call_is_made_again_under_the_same_key(tmp_path):
    till, plan = Till(1), plan_of(effect="keyed")
    crash(tmp_path, till, plan)
    done = go_on(tmp_path, till, plan)
    assert done.step("pay").output == {"receipt": 2}
    assert till.tools.keys == ["steps/pay/finished"] * 2


def test_a_probe_that_finds_the_effect_is_adopted(tmp_path):
    till = Till(1, probe={"done": True, "output": {"receipt": 1}})
    plan = plan_of(effect="probe", probe="was_paid")
    crash(tmp_path, till, plan)
    done = go_on(tmp_path, till, plan)
    assert (done.step("pay").status, done.step("pay").output) == ("completed", {"receipt": 1})
    assert till.paid == 1
    assert [name for name, _ in till.tools.calls] == ["pay", "was_paid"]


def test_a_probe_that_finds_nothing_has_the_call_made(tmp_path):
    till = Till(1, probe={"done": False})
    plan = plan_of(effect="probe", probe="was_paid")
    crash(tmp_path, till, plan)
    done = go_on(tmp_path, till, plan)
    assert done.step("pay").output == {"receipt": 2}
    assert [one.step for one in done.of(StepFinished)] == ["pay"]
    assert set(till.tools.keys) == {"steps/pay/finished"}


def test_a_crash_in_the_call_made_after_all_is_probed_again(tmp_path):
    till = Till(1, 2, probe={"done": False})
    plan = plan_of(effect="probe", probe="was_paid")
    crash(tmp_path, till, plan)
    with pytest.raises(Died):
        go_on(tmp_path, till, plan)
    till.probe = {"done": True, "output": "paid"}
    done = go_on(tmp_path, till, plan)
    assert (done.step("pay").output, till.paid) == ("paid", 2)


@pytest.mark.parametrize("on_unknown", ["fail", "tell_model"])
@pytest.mark.parametrize("effect", ["at_most_once", "probe"])
def test_an_unknown_outcome_fails_the_step(tmp_path, on_unknown, effect):
    till = Till(1, probe=ToolFailed(kind="timeout", message="too late"))
    plan = plan_of(effect=effect, probe="was_paid", on_unknown=on_unknown)
    crash(tmp_path, till, plan)
    done = go_on(tmp_path, till, plan)
    assert (done.step("pay").error_code, till.paid) == ("outcome_unknown", 1)


def ask_about(folder, till, plan):
    """Crash in the call, and see the run parked with its question."""
    crash(folder, till, plan)
    parked = go_on(folder, till, plan)
    assert parked.head.status == "parked"
    (asked,) = parked.of(QuestionAsked)
    assert (asked.question, asked.kind, asked.tool) == (UNKNOWN, "unknown", "pay")
    assert asked.arguments == GIVEN


def test_a_person_says_what_an_unknown_call_came_to(tmp_path):
    till, plan = Till(1), plan_of()
    ask_about(tmp_path, till, plan)
    done = go_on(tmp_path, till, plan, answers={UNKNOWN: decided("done", {"receipt": 9})})
    assert (done.step("pay").status, done.step("pay").output) == ("completed", {"receipt": 9})
    assert till.paid == 1
    assert done.of(QuestionAnswered)[0].by == "Ann"


def test_a_person_has_an_unknown_call_made(tmp_path):
    till, plan = Till(1), plan_of()
    ask_about(tmp_path, till, plan)
    done = go_on(tmp_path, till, plan, answers={UNKNOWN: decided("run")})
    assert (done.step("pay").output, till.paid) == ({"receipt": 2}, 2)
    assert [one.step for one in done.of(StepFinished)] == ["pay"]
    (made,) = done.of(ToolCallFinished)
    assert made.value == {"receipt": 2}
    assert set(till.tools.keys) == {"steps/pay/finished"}


def test_a_person_fails_the_step_over_an_unknown_call(tmp_path):
    till, plan = Till(1), plan_of()
    ask_about(tmp_path, till, plan)
    done = go_on(tmp_path, till, plan, answers={UNKNOWN: decided("fail")})
    assert (done.step("pay").error_code, till.paid) == ("outcome_unknown", 1)


def test_a_crash_in_the_call_that_a_person_had_made_is_asked_about_again(tmp_path):
    till, plan = Till(1, 2), plan_of()
    ask_about(tmp_path, till, plan)
    with pytest.raises(Died):
        go_on(tmp_path, till, plan, answers={UNKNOWN: decided("run")})
    parked = go_on(tmp_path, till, plan)
    second = parked.of(QuestionAsked)[-1].question
    assert (parked.head.status, second) == ("parked", "steps/pay/finished/again/unknown")
    done = go_on(tmp_path, till, plan, answers={second: decided("run")})
    assert (done.step("pay").output, till.paid) == ({"receipt": 3}, 3)


def test_a_crash_after_the_call_made_after_all_finds_its_end(tmp_path):
    till, plan = Till(1), plan_of()
    ask_about(tmp_path, till, plan)

    def watch(stamped):
        if isinstance(stamped.event, ToolCallFinished):
            raise Died

    answers = {UNKNOWN: decided("run")}
    with pytest.raises(Died):
        go_on(tmp_path, till, plan, answers=answers, watch=watch)
    done = go_on(tmp_path, till, plan)
    assert (done.step("pay").output, till.paid) == ({"receipt": 2}, 2)


def test_a_call_waits_for_approval_and_is_made(tmp_path):
    till, plan = Till(), plan_of(approval="always")
    parked = interpret(tmp_path, plan, tools=till.tools)
    (asked,) = parked.of(QuestionAsked)
    assert (parked.head.status, till.paid) == ("parked", 0)
    assert (asked.question, asked.kind, asked.arguments) == (APPROVAL, "approval", GIVEN)
    done = go_on(tmp_path, till, plan, answers={APPROVAL: decided("approved")})
    assert (done.step("pay").output, till.paid) == ({"receipt": 1}, 1)


def test_a_call_that_a_person_refuses_is_not_made(tmp_path):
    till, plan = Till(), plan_of(approval="always")
    interpret(tmp_path, plan, tools=till.tools)
    answers = {APPROVAL: decided("rejected", comment="too dear")}
    done = go_on(tmp_path, till, plan, answers=answers)
    finished = done.step("pay")
    assert (finished.error_code, finished.error) == ("rejected", "rejected by Ann: too dear")
    assert till.paid == 0


def test_an_approved_call_that_a_crash_hides_is_asked_about_and_not_approved_anew(tmp_path):
    till, plan = Till(1), plan_of(approval="always")
    interpret(tmp_path, plan, tools=till.tools)
    with pytest.raises(Died):
        go_on(tmp_path, till, plan, answers={APPROVAL: decided("approved")})
    parked = go_on(tmp_path, till, plan)
    assert [one.kind for one in parked.of(QuestionAsked)] == ["approval", "unknown"]


def test_all_tries_of_a_step_are_one_call_to_a_person(tmp_path):
    told = iter([ToolFailed(kind="exception", message="no"), "yes"])
    tools = ToldTools({"pay": lambda **_: next(told)})
    retry = PlannedRetry(attempts=3, delay_s=0.0)
    plan = plan_of(approval="always", step={"retry": retry})
    parked = interpret(tmp_path, plan, tools=tools)
    (asked,) = parked.of(QuestionAsked)
    answers = {asked.question: decided("approved")}
    done = interpret(tmp_path, plan, tools=tools, resume=True, answers=answers)
    assert done.step("pay").output == "yes"
    assert len(done.of(QuestionAsked)) == 1


def retrying(folder, *outcomes, **retry):
    told = iter(outcomes)
    tools = ToldTools({"pay": lambda **_: next(told)})
    plan = plan_of(retry=PlannedRetry(attempts=3, delay_s=0.0, **retry))
    return interpret(folder, plan, tools=tools), tools


BROKEN = ToolFailed(kind="exit_code", message="exit code 1")
LATE = ToolFailed(kind="timeout", message="too late")
MISFIT = ToolFailed(kind="bad_arguments", message="no such argument")


@pytest.mark.parametrize(
    ("outcomes", "on", "calls", "status"),
    [
        ((BROKEN, LATE, "ok"), (), 3, "completed"),
        ((BROKEN, BROKEN, BROKEN), (), 3, "failed"),
        ((MISFIT, "ok"), (), 1, "failed"),
        ((LATE, "ok"), ("tool",), 1, "failed"),
        ((LATE, "ok"), ("timeout",), 2, "completed"),
    ],
)
def test_a_tool_is_tried_as_often_as_its_own_retry_says(tmp_path, outcomes, on, calls, status):
    done, tools = retrying(tmp_path, *outcomes, on=on)
    assert (len(tools.calls), done.step("pay").status) == (calls, status)
    assert set(tools.keys) == {"steps/pay/finished"}


def test_a_failed_program_keeps_its_streams_when_it_was_made_after_all(tmp_path):
    outcomes = iter([Died, ToolFailed(kind="exit_code", message="exit 1", value={"exit_code": 1})])

    def pay(**_):
        outcome = next(outcomes)
        if outcome is Died:
            raise Died
        return outcome

    tools, plan = ToldTools({"pay": pay}), plan_of()
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools)
    interpret(tmp_path, plan, tools=tools, resume=True)
    answers = {UNKNOWN: decided("run")}
    done = interpret(tmp_path, plan, tools=tools, resume=True, answers=answers)
    assert (done.step("pay").error, done.step("pay").output) == ("exit 1", {"exit_code": 1})


def test_a_tool_that_may_run_again_just_does(tmp_path):
    till, plan = Till(1), plan_of(effect="repeatable")
    crash(tmp_path, till, plan)
    assert go_on(tmp_path, till, plan).step("pay").output == {"receipt": 2}


def test_a_value_with_a_text_of_its_own_is_the_steps_output(tmp_path):
    tools = ToldTools({"pay": lambda **_: ToolSucceeded(value=[1], text="one")})
    assert interpret(tmp_path, plan_of(), tools=tools).step("pay").output == [1]


def test_an_approval_that_came_too_late_for_a_try_is_asked_for_again(tmp_path):
    clock = ManualClock()
    retry = PlannedRetry(attempts=2, delay_s=0.0)
    stage = Stage(
        folder=tmp_path,
        plan=plan_of(approval="always", step={"retry": retry, "timeout_s": 30.0}),
        tools=Till().tools,
        clock=clock,
    )
    asked = [f"steps/pay/try[{number}]/finished/approval" for number in (1, 2)]

    async def story(engine):
        await stage.start(engine)
        assert (await engine.wait("run-1")).questions == (asked[0],)
        clock.advance(31)
        await until(lambda: told(engine, None).of(QuestionAsked)[1:])
        assert (await engine.wait("run-1")).questions[-1] == asked[1]
        approved = decided("approved")
        await engine.send("run-1", asked[1], approved, message_id="m", sender="Ann")
        return told(engine, await engine.wait("run-1"))

    done = asyncio.run(stage.open(story))
    assert (done.step("pay").status, done.step("pay").output) == ("completed", {"receipt": 1})

"""The time that a try may take: what is broken off, what of it is left, and over a restart."""

import asyncio

import pytest

from flowrun.clock import ManualClock
from flowrun.events.records import AssistantRunStarted, QuestionAsked, StepFinished, ToolCallStarted
from flowrun.plan.plan import PlannedRetry
from tests.support.crash import Died
from tests.support.interpreting import HangingRuntime, Stage, ToldRuntime, ToldTools
from tests.support.steps import ask, call, plan_of, subflow, talk


class Passing:
    """A watch that lets time pass as soon as something happened, so many times."""

    def __init__(self, clock, kind, seconds, times=1):
        self.clock, self.kind, self.seconds, self.times = clock, kind, seconds, times

    def __call__(self, stamped):
        if isinstance(stamped.event, self.kind) and self.times:
            self.times -= 1
            asyncio.get_running_loop().call_soon(self.clock.advance, self.seconds)


async def hang(**given):
    await asyncio.Event().wait()


def stage_of(folder, plan, *, kind=ToolCallStarted, seconds=31, times=1, **world):
    clock = ManualClock()
    watch = Passing(clock, kind, seconds, times)
    return Stage(folder=folder, plan=plan, clock=clock, watch=watch, **world)


@pytest.mark.parametrize("effect", ["repeatable", "at_most_once"])
def test_a_tool_that_takes_too_long_is_broken_off(tmp_path, effect):
    ended = []

    async def slow():
        try:
            await hang()
        finally:
            ended.append(1)

    plan = plan_of(call("a", timeout_s=30), effect=effect)
    done = stage_of(tmp_path, plan, tools=ToldTools({"a": slow})).live()
    assert (done.step("a").error, done.step("a").error_code) == ("not over within 30s", "timeout")
    assert done.last.error == "step `a` failed: not over within 30s"
    assert ended == [1]


def test_what_is_over_in_time_is_as_without_a_limit(tmp_path):
    plan = plan_of(call("a", timeout_s=30))
    done = stage_of(tmp_path, plan, seconds=29, tools=ToldTools({"a": lambda: 7})).live()
    assert done.step("a").output == 7


def test_an_assistant_run_that_takes_too_long_is_cancelled_and_its_tokens_count(tmp_path):
    runtime = HangingRuntime({"guide": ["late"]})
    plan = plan_of(talk("a", timeout_s=30))
    done = stage_of(tmp_path, plan, kind=AssistantRunStarted, runtime=runtime).live()
    result = done.step("a")
    assert (result.error_code, result.run_id) == ("timeout", "run_0")
    assert result.usage is not None
    assert runtime.cancelled == ["run_0"]
    assert runtime.streaming == 0


def test_every_try_has_the_whole_time(tmp_path):
    plan = plan_of(call("a", timeout_s=30, retry=PlannedRetry(attempts=3, delay_s=0)))
    calls = []

    async def slow_at_first():
        calls.append(1)
        return len(calls) if len(calls) == 3 else await hang()

    tools = ToldTools({"a": slow_at_first})
    done = stage_of(tmp_path, plan, tools=tools, times=2).live()
    assert done.step("a").output == 3
    assert [done.step(f"a~{n}").error_code for n in (1, 2, 3)] == ["timeout", "timeout", None]


def test_an_item_that_takes_too_long_leaves_the_others_alone(tmp_path):
    async def slow(item):
        return await hang() if item == "b" else item

    step = call("a", given={"item": "{{ item }}"}, foreach=list("abc"), timeout_s=30,
                on_error="continue")  # fmt: skip
    done = stage_of(tmp_path, plan_of(step), tools=ToldTools({"a": slow})).live()
    assert done.step("a").output == ["a", None, "c"]
    assert done.step("a").errors[0]["code"] == "timeout"


def test_a_sub_flow_that_takes_too_long_is_broken_off_and_gives_its_places_back(tmp_path):
    inner = plan_of(call("slow"), flow="inner")
    plan = plan_of(
        call("first"),
        subflow("outer", inner, timeout_s=30, on_error="continue"),
        call("after", "first"),
        limits={"max_parallel": 1},
    )
    called, clock = [], ManualClock()

    def note(name):
        return lambda: called.append(name)

    async def slow():
        called.append("slow")
        asyncio.get_running_loop().call_soon(clock.advance, 31)
        await hang()

    tools = ToldTools({"first": note("first"), "slow": slow, "after": note("after")})
    done = Stage(folder=tmp_path, plan=plan, tools=tools, clock=clock).live()
    assert done.step("outer").error_code == "timeout"
    assert called == ["first", "slow", "after"]
    assert done.last.status == "completed"


def test_the_time_goes_on_while_nobody_executes_the_run(tmp_path):
    clock = ManualClock()
    calls = []

    def die():
        calls.append(1)
        raise Died

    plan = plan_of(call("a", timeout_s=30))
    stage = Stage(folder=tmp_path, plan=plan, tools=ToldTools({"a": die}), clock=clock)
    with pytest.raises(Died):
        stage.live()
    stage.later(31)
    done = stage.live()
    assert done.step("a").error_code == "timeout"
    assert len(calls) == 1


def test_what_a_crash_hid_is_told_when_the_time_is_over_and_not_tried_again(tmp_path):
    clock = ManualClock()
    calls = []

    def die():
        calls.append(1)
        raise Died

    plan = plan_of(call("a", timeout_s=30, retry=3), effect="at_most_once")
    stage = Stage(folder=tmp_path, plan=plan, tools=ToldTools({"a": die}), clock=clock)
    with pytest.raises(Died):
        stage.live()
    stage.later(31)
    done = stage.live()
    assert done.step("a").error_code == "outcome_unknown"
    assert done.step("a").error == (
        "not over within 30s, and whether a call finished cannot be known"
    )
    assert len(calls) == 1


def test_a_run_that_an_earlier_life_left_open_is_cancelled_when_the_time_is_over(tmp_path):
    clock = ManualClock()

    def die(stamped):
        if isinstance(stamped.event, AssistantRunStarted):
            raise Died

    runtime = ToldRuntime({"guide": ["one"]})
    plan = plan_of(talk("a", timeout_s=30))
    stage = Stage(folder=tmp_path, plan=plan, runtime=runtime, clock=clock, watch=die)
    with pytest.raises(Died):
        stage.live()
    stage.later(31)
    stage.watch = None
    assert stage.live().step("a").error_code == "timeout"
    assert runtime.cancelled == ["run_0"]


def test_a_result_that_came_in_the_last_moment_counts(tmp_path):
    """The time is over while the result is on its way into the store."""
    clock = ManualClock()

    def watch(stamped):
        if isinstance(stamped.event, StepFinished):
            clock.advance(31)

    plan = plan_of(call("a", timeout_s=30), outputs=(("a", "{{ steps.a.output }}"),))
    stage = Stage(
        folder=tmp_path, plan=plan, tools=ToldTools({"a": lambda: 7}), clock=clock, watch=watch
    )
    done = stage.live()
    assert done.step("a").status == done.last.status == "completed"
    assert [one.status for one in done.of(StepFinished)] == ["completed"]


@pytest.mark.parametrize("lives", [1, 2])
def test_a_question_whose_time_is_over_is_not_waited_for_any_more(tmp_path, lives):
    inner = plan_of(ask("early"), flow="inner")
    plan = plan_of(subflow("outer", inner, timeout_s=30, retry=2), ask("other"))
    stage = stage_of(tmp_path, plan, kind=QuestionAsked, times=2 - lives)
    parked = stage.live()
    if lives == 2:
        stage.later(31)
        parked = stage.live()
    again = "steps/outer/try[2]/steps/early/answer"
    assert parked.head.questions == ("steps/other/answer", again)
    assert parked.last.reason == "waiting for answers to `other` and `outer~2/early`"

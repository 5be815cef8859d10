"""Work that is stopped before its end: by the time of its run, or by somebody who cancels it."""

import asyncio

import pytest

from flowrun.clock import ManualClock
from flowrun.events.records import AssistantRunStarted, FlowRunFinished, ToolCallStarted
from tests.support.crash import Died
from tests.support.interpreting import HangingRuntime, Stage, ToldTools, told
from tests.support.steps import call, compute, plan_of, subflow, talk


async def hang(**given):
    await asyncio.Event().wait()


def result(done, name):
    one = done.step(name)
    return one.status, one.error_code or one.error


def late(clock, seconds):
    async def run():
        asyncio.get_running_loop().call_soon(clock.advance, seconds)
        await hang()

    return run


def test_a_run_that_takes_too_long_ends_with_what_it_has(tmp_path):
    clock = ManualClock()
    plan = plan_of(
        call("quick"),
        call("slow", "quick"),
        call("after", "slow"),
        limits={"timeout_s": 60},
        outputs=(("quick", "{{ steps.quick.output }}"), ("slow", "{{ steps.slow.output }}")),
    )
    tools = ToldTools({"quick": lambda: 1, "slow": late(clock, 61)})
    done = Stage(folder=tmp_path, plan=plan, tools=tools, clock=clock).live()
    assert done.last == FlowRunFinished(
        status="failed",
        outputs={"quick": 1},
        error="the limit `timeout` of 60s is reached",
        error_code="budget",
        duration_s=done.last.duration_s,
    )
    assert result(done, "slow") == ("failed", "budget")
    assert result(done, "after") == ("skipped", "not run: the limit `timeout` of 60s is reached")


def test_the_time_of_a_run_goes_on_while_nobody_executes_it(tmp_path):
    clock = ManualClock()

    def die():
        raise Died

    plan = plan_of(call("a"), call("b", "a"), limits={"timeout_s": 60},
                   outputs=(("a", "{{ steps.a.output }}"),))  # fmt: skip
    tools = ToldTools({"a": lambda: 1, "b": die})
    stage = Stage(folder=tmp_path, plan=plan, tools=tools, clock=clock)
    with pytest.raises(Died):
        stage.live()
    stage.later(61)
    done = stage.live()
    assert (done.last.error_code, done.last.outputs) == ("budget", {"a": 1})
    assert result(done, "b") == ("failed", "budget")
    assert [name for name, _ in tools.calls] == ["a", "b"]


def test_what_a_crash_hid_is_told_when_the_time_is_over(tmp_path):
    def die():
        raise Died

    plan = plan_of(call("pay"), limits={"timeout_s": 60}, effect="at_most_once")
    stage = Stage(folder=tmp_path, plan=plan, tools=ToldTools({"pay": die}), clock=ManualClock())
    with pytest.raises(Died):
        stage.live()
    stage.later(61)
    assert stage.live().step("pay").error == (
        "the limit `timeout` of 60s is reached, and whether a call finished cannot be known"
    )


def test_the_time_of_a_sub_flow_is_its_own_affair(tmp_path):
    clock = ManualClock()
    inner = plan_of(call("slow"), flow="inner", limits={"timeout_s": 60})
    plan = plan_of(subflow("outer", inner, on_error="continue"))
    tools = ToldTools({"slow": late(clock, 61)})
    done = Stage(folder=tmp_path, plan=plan, tools=tools, clock=clock).live()
    assert result(done, "outer/slow") == ("failed", "budget")
    assert done.step("outer").error == "the limit `timeout` of 60s is reached"
    assert result(done, "outer") == ("failed", "flow")
    assert done.last.status == "completed"


def cancel_once(stage, kind):
    """Live until something happened, cancel, and see the run to its end."""

    async def story(engine):
        happened = asyncio.Event()
        engine.watch(lambda _, one: happened.set() if isinstance(one.event, kind) else None)
        await stage.start(engine)
        await happened.wait()
        await engine.cancel("run-1", by="Ann", reason="enough")
        return told(engine, await engine.wait("run-1"))

    return asyncio.run(stage.open(story))


def test_a_cancelled_run_tells_what_was_at_work_and_what_was_not(tmp_path):
    plan = plan_of(
        compute("a", values={"n": 1}),
        call("slow", "a"),
        compute("b", "slow", values={}),
        outputs=(("a", "{{ steps.a.output.n }}"),),
    )
    stage = Stage(folder=tmp_path, plan=plan, tools=ToldTools({"slow": hang}))
    done = cancel_once(stage, ToolCallStarted)
    assert (done.head.status, done.last.status) == ("cancelled", "cancelled")
    assert done.last.outputs == {"a": 1}
    assert result(done, "slow") == ("failed", "cancelled")
    assert result(done, "b") == ("skipped", "not run: the run was cancelled")


def test_cancelling_ends_open_assistant_runs(tmp_path):
    runtime = HangingRuntime({"guide": ["never"]})
    inner = plan_of(talk("say", foreach=[1, 2]), flow="inner")
    stage = Stage(folder=tmp_path, plan=plan_of(subflow("outer", inner)), runtime=runtime)
    done = cancel_once(stage, AssistantRunStarted)
    assert done.last.status == "cancelled"
    assert sorted(runtime.cancelled) == sorted(runtime.runs.values())


def test_a_run_with_a_limit_of_time_can_be_cancelled(tmp_path):
    plan = plan_of(call("slow"), limits={"timeout_s": 60})
    stage = Stage(folder=tmp_path, plan=plan, tools=ToldTools({"slow": hang}))
    assert cancel_once(stage, ToolCallStarted).last.status == "cancelled"

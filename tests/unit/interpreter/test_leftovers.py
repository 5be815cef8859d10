"""Work whose time was over before it was entered again: no run stays open, every token counts."""

import asyncio
from dataclasses import replace

import pytest

from flowrun.clock import ManualClock
from flowrun.events.records import AssistantRunStarted, StepFinished, StepStarted
from flowrun.interpreter.leftovers import finished_among
from flowrun.plan.plan import PlannedAssistant, PlannedForeach, PlannedPrices
from flowrun.ports.models import TokenUsage, ToolCall
from flowrun.ports.runtime import RunEnded
from tests.support.crash import Died
from tests.support.engines import until
from tests.support.interpreting import HangingRuntime, Stage, ToldRuntime, ToldTools, told
from tests.support.steps import call, compute, plan_of, subflow, talk

OPEN = TokenUsage(70, 30, 100)
"""What a run had used that was open when its process died."""


class SpentRuntime(ToldRuntime):
    """A runtime whose open runs have used something."""

    async def cancel(self, thread_id, run_id):
        self.ends.setdefault(run_id, RunEnded(run_id=run_id, status="cancelled", usage=OPEN))
        return await super().cancel(thread_id, run_id)


def dying_at(kind, label):
    def watch(stamped):
        if isinstance(stamped.event, kind) and stamped.event.step == label:
            raise Died

    return watch


def die_then_live_later(stage, seconds=61):
    with pytest.raises(Died):
        stage.live()
    stage.later(seconds)
    stage.watch = None
    return stage.live()


def unfinished(done):
    over = [one.step for one in done.of(StepFinished)]
    assert len(set(over)) == len(over)
    return {one.step for one in done.of(StepStarted)} - set(over)


def inner_flow(**layers):
    return plan_of(
        talk("first", assistant="quick"),
        talk("say", "first", **layers),
        compute("after", "say", values={"n": 1}),
        flow="inner",
    )


DEEP = {"foreach": PlannedForeach(items=["a", "b"], max_parallel=1), "repeat": ("true", 2),
        "retry": 2}  # fmt: skip


def stage_of(folder, plan, label, **world):
    runtime = SpentRuntime({"quick": ["one"], "guide": ["two", "three"]})
    watch = dying_at(AssistantRunStarted, label)
    clock = ManualClock()
    return Stage(folder=folder, plan=plan, runtime=runtime, clock=clock, watch=watch, **world)


@pytest.mark.parametrize(
    ("layers", "label"), [({}, "outer/say"), (DEEP, "outer/say[1]#1~1")], ids=["plain", "deep"]
)
def test_a_sub_flow_whose_time_is_over_leaves_no_run_open_and_counts_what_it_used(
    tmp_path, layers, label
):
    plan = plan_of(subflow("outer", inner_flow(**layers), timeout_s=60, on_error="continue"))
    stage = stage_of(tmp_path, plan, label)
    done = die_then_live_later(stage)
    assert done.step("outer").error_code == "timeout"
    assert done.last.status == "completed"
    assert stage.runtime.runs.keys() == {one.label for one in stage.runtime.requests}
    left = list(stage.runtime.runs.values())[-1]
    assert left in stage.runtime.cancelled
    used = 15 * (len(stage.runtime.runs) - 1) + OPEN.total_tokens
    assert done.step("outer").usage["total_tokens"] == used
    assert done.last.usage["total_tokens"] == used
    assert unfinished(done) == set()
    broken = done.step("outer/say")
    assert (broken.error, broken.error_code) == ("not over within 60s", "timeout")


def test_a_run_whose_time_is_over_leaves_nothing_open_in_any_of_its_steps(tmp_path):
    plan = plan_of(
        subflow("outer", inner_flow(**DEEP), foreach=["x"]),
        talk("late", "outer"),
        limits={"timeout_s": 60},
    )
    stage = stage_of(tmp_path, plan, "outer[0]/say[1]#1~1")
    done = die_then_live_later(stage)
    assert done.last.error == "the limit `timeout` of 60s is reached"
    assert list(stage.runtime.runs.values())[-1] in stage.runtime.cancelled
    assert done.last.usage["total_tokens"] == 15 * 2 + OPEN.total_tokens
    assert done.step("outer").usage["total_tokens"] == 15 * 2 + OPEN.total_tokens
    assert unfinished(done) == set()
    codes = {one.step: one.error_code for one in done.of(StepFinished)}
    assert codes["outer"] == codes["outer[0]"] == codes["outer[0]/say"] == "budget"
    assert codes["outer[0]/say[0]"] is None
    assert (codes["outer[0]/say[1]"], codes["outer[0]/say[1]#1"]) == ("budget", "budget")


def test_what_was_used_costs_what_it_costs(tmp_path):
    priced = PlannedAssistant(
        name="guide", model="m", prices=PlannedPrices(input=1_000_000.0, output=0.0)
    )
    inner = replace(inner_flow(), assistants=(PlannedAssistant(name="quick", model="m"), priced))
    inner = replace(inner, steps=(replace(inner.steps[1], needs=()),))
    plan = plan_of(subflow("outer", inner, timeout_s=60, on_error="continue"))
    done = die_then_live_later(stage_of(tmp_path, plan, "outer/say"))
    assert (done.last.cost_usd, done.step("outer").cost_usd) == (70.0, 70.0)


def test_what_was_over_before_is_counted_once_and_its_runs_are_left_alone(tmp_path):
    """The step ends in the second life, which is broken off in the next one."""
    clock = ManualClock()

    async def late():
        asyncio.get_running_loop().call_soon(clock.advance, 61)
        await asyncio.Event().wait()

    plan = plan_of(talk("a"), call("slow", "a"), limits={"timeout_s": 60})
    stage = Stage(
        folder=tmp_path,
        plan=plan,
        runtime=SpentRuntime({"guide": ["one"]}),
        tools=ToldTools({"slow": late}),
        clock=clock,
        watch=dying_at(AssistantRunStarted, "a"),
    )
    with pytest.raises(Died):
        stage.live()
    stage.watch = None
    done = stage.live()
    assert done.step("a").status == "completed"
    assert done.last.error_code == "budget"
    assert done.last.usage["total_tokens"] == 15
    assert stage.runtime.cancelled == []


def test_an_attempt_that_is_not_entered_again_tells_what_it_called(tmp_path):
    plan = plan_of(talk("a", timeout_s=60, on_error="continue"), call("look"))
    guide = PlannedAssistant(name="guide", model="m", tools=("look",))
    plan = replace(plan, assistants=(guide,))
    stage = Stage(
        folder=tmp_path,
        plan=plan,
        runtime=SpentRuntime({"guide": [(ToolCall("c1", "look", "{}"),), "done"]}),
        tools=ToldTools({"look": lambda: "seen"}),
        clock=ManualClock(),
    )

    def watch(stamped):
        if type(stamped.event).__name__ == "ToolOutputsSubmitted":
            raise Died

    stage.watch = watch
    done = die_then_live_later(stage)
    (told_call,) = done.step("a").tool_calls
    assert (told_call["name"], told_call["output"]) == ("look", "seen")
    assert done.step("a").run_id == "run_0"
    assert done.step("a").usage["total_tokens"] == 100


def test_a_crash_inside_a_sub_flow_that_hid_a_call_is_told_of_the_inner_step_too(tmp_path):
    def die():
        raise Died

    inner = plan_of(call("pay"), flow="inner", effect="at_most_once")
    plan = plan_of(subflow("outer", inner, timeout_s=60, retry=3, on_error="continue"))
    tools = ToldTools({"pay": die})
    stage = Stage(folder=tmp_path, plan=plan, tools=tools, clock=ManualClock())
    done = die_then_live_later(stage)
    codes = {one.step: one.error_code for one in done.of(StepFinished)}
    assert codes == dict.fromkeys(("outer", "outer~1", "outer~1/pay"), "outcome_unknown")
    assert len(tools.calls) == 1


def test_a_cancelled_run_ends_the_runs_of_items_that_never_had_their_turn_again(tmp_path):
    """Two items were at work; in the next life there is room for one."""

    runtime = HangingRuntime({"guide": ["never"]})
    plan = plan_of(talk("say", foreach=PlannedForeach(items=["a", "b"], max_parallel=2)))
    began = []

    def watch(stamped):
        if isinstance(stamped.event, AssistantRunStarted):
            began.append(stamped.event)
            if len(began) == 2:
                raise Died

    stage = Stage(folder=tmp_path, plan=plan, runtime=runtime, watch=watch)
    with pytest.raises(Died):
        stage.live()
    narrow = replace(plan.steps[0], foreach=PlannedForeach(items=["a", "b"], max_parallel=1))
    stage.plan = replace(plan, steps=(narrow,))

    async def story(engine):
        happened = asyncio.Event()
        engine.watch(lambda *_: happened.set())
        await engine.resume("run-1")
        await happened.wait()
        await until(lambda: runtime.streaming == 1)
        await engine.cancel("run-1", by="Ann")
        return told(engine, await engine.wait("run-1"))

    stage.watch = None
    done = asyncio.run(stage.open(story))
    assert done.last.status == "cancelled"
    assert set(runtime.cancelled) == {one.run_id for one in began}
    assert unfinished(done) == set()


def test_finished_parts_are_found_by_their_keys():
    keys = ["steps/a/started", "steps/a/finished", "finished", "steps/unfinished", "x/finished/y"]
    assert finished_among(keys) == {"steps/a/", ""}

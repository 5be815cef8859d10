"""Another try: after which failures, how many, after which pause, and what it counts."""

import asyncio
from dataclasses import replace

import pytest

from flowrun.clock import ManualClock
from flowrun.events.records import (
    AssistantRunStarted,
    FlowRunParked,
    StepFinished,
    StepRetrying,
    StepStarted,
)
from flowrun.interpreter.retry import MAY_PASS, is_worth_a_try
from flowrun.plan.plan import PlannedAssistant, PlannedLimits, PlannedRetry
from flowrun.ports.models import TokenUsage
from flowrun.ports.runtime import RunEnded
from flowrun.ports.tools import ToolFailed
from flowrun.spec.flow import FailureCode
from tests.support.crash import Died
from tests.support.engines import until
from tests.support.interpreting import Stage, ToldRuntime, ToldTools, interpret, told
from tests.support.steps import call, plan_of, talk


def failing(times, kind="exception"):
    """A tool that fails so many times, then returns how often it was called."""
    calls = []

    def run(**given):
        calls.append(given)
        if len(calls) <= times:
            return ToolFailed(kind=kind, message=f"failure {len(calls)}")
        return len(calls)

    return run


def labels(events, kind):
    return [one.step for one in events if isinstance(one, kind)]


def test_it_is_tried_again_until_it_completes(tmp_path):
    tools = ToldTools({"a": failing(2)})
    done = interpret(tmp_path, plan_of(call("a", retry=5)), tools=tools)
    assert (done.step("a").status, done.step("a").output) == ("completed", 3)
    assert labels(done.events, StepFinished) == ["a~1", "a~2", "a~3", "a"]
    assert labels(done.events, StepStarted) == ["a"]
    retrying = done.of(StepRetrying)
    assert [(one.step, one.attempt, one.error) for one in retrying] == [
        ("a", 1, "failure 1"),
        ("a", 2, "failure 2"),
    ]
    assert {one.error_code for one in retrying} == {"tool"}


def test_all_tries_of_a_call_have_one_idempotency_key(tmp_path):
    tools = ToldTools({"a": failing(1)})
    interpret(tmp_path, plan_of(call("a", retry=5)), tools=tools)
    assert tools.keys == ["steps/a/finished"] * 2


def test_after_the_last_try_its_failure_is_the_steps(tmp_path):
    done = interpret(tmp_path, plan_of(call("a", retry=2)), tools=ToldTools({"a": failing(9)}))
    assert (done.step("a").error, done.step("a").error_code) == ("failure 2", "tool")
    assert done.last.error == "step `a` failed: failure 2"


def test_the_codes_that_are_tried_again_are_those_of_the_language():
    assert set(FailureCode.__args__) == MAY_PASS


@pytest.mark.parametrize(
    ("code", "on", "worth"),
    [
        ("tool", (), True),
        ("flow", (), True),
        ("expression", (), False),
        ("denied", (), False),
        ("outcome_unknown", (), False),
        ("rejected", (), False),
        ("budget", (), False),
        ("cancelled", (), False),
        ("tool", ("endpoint",), False),
        ("endpoint", ("endpoint", "output"), True),
    ],
)
def test_only_failures_that_may_pass_are_tried_again(code, on, worth):
    failed = StepFinished(step="a", status="failed", error_code=code)
    assert is_worth_a_try(failed, PlannedRetry(attempts=3, on=on)) is worth


def test_what_completed_is_not_tried_again():
    done = StepFinished(step="a", status="completed")
    assert not is_worth_a_try(done, PlannedRetry(attempts=3))


def test_failed_tries_count_in_tokens(tmp_path):
    answer = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    runtime = ToldRuntime({"guide": ["no", "still not", '{"n": 1}']})
    plan = plan_of(
        talk("ask", retry=3), assistants=(PlannedAssistant(name="guide", model="m", output=answer),)
    )
    done = interpret(tmp_path, plan, runtime=runtime)
    assert done.step("ask").output == {"n": 1}
    assert done.step("ask~1").usage["total_tokens"] == 30
    assert done.step("ask").usage["total_tokens"] == 45
    assert done.last.usage["total_tokens"] == 45
    assert len({one.thread_id for one in runtime.requests}) == 1


def test_finished_tries_are_found_again(tmp_path):
    calls = []

    def run():
        calls.append(1)
        if len(calls) == 2:
            raise Died
        return ToolFailed(kind="exception", message="no") if len(calls) == 1 else "yes"

    tools = ToldTools({"a": run})
    plan = plan_of(call("a", retry=3))
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools)
    done = interpret(tmp_path, plan, tools=tools)
    assert len(calls) == 3
    assert labels(done.events, StepFinished) == ["a~1", "a~2", "a"]
    assert len(done.of(StepRetrying)) == 1


def test_a_long_pause_parks_the_run_and_is_not_prolonged_by_it(tmp_path):
    clock = ManualClock()
    retry = PlannedRetry(attempts=3, delay_s=60, backoff=2, max_delay_s=100)
    tools = ToldTools({"a": failing(2)})
    stage = Stage(folder=tmp_path, plan=plan_of(call("a", retry=retry)), tools=tools, clock=clock)
    begun = clock.now()

    def live_until_parked(times):
        """One life, until the run is parked for the so manieth time."""

        async def story(engine):
            await stage.start(engine)
            await until(lambda: len(told(engine, None).of(FlowRunParked)) == times)
            return told(engine, None)

        return asyncio.run(stage.open(story))

    first = live_until_parked(1)
    assert first.of(FlowRunParked)[0].wake_at == begun + 60
    stage.later(61)
    second = live_until_parked(2)
    assert second.of(FlowRunParked)[1].wake_at == begun + 161
    stage.later(100)
    done = stage.live()
    assert done.step("a").output == 3
    assert [one.retry_at - begun for one in done.of(StepRetrying)] == [60, 161]


def test_items_are_tried_again_each_by_itself(tmp_path):
    calls = {}

    def run(item):
        calls[item] = calls.get(item, 0) + 1
        if item == "b" and calls[item] < 3:
            return ToolFailed(kind="exception", message="no")
        return item

    step = call("a", given={"item": "{{ item }}"}, foreach=["a", "b"], retry=3)
    done = interpret(tmp_path, plan_of(step), tools=ToldTools({"a": run}))
    assert done.step("a").output == ["a", "b"]
    assert calls == {"a": 1, "b": 3}
    assert "a[1]~3" in labels(done.events, StepFinished)


def test_a_try_that_had_begun_leaves_no_run_open_when_a_limit_is_reached(tmp_path):
    """The limit is reached in the life after it began; no other try follows it."""
    began = []

    def watch(stamped):
        if isinstance(stamped.event, AssistantRunStarted):
            began.append(stamped.event.step)
            if began[-1] == "a~2":
                raise Died

    failed = RunEnded(run_id="", status="failed", error="no", usage=TokenUsage(4, 2, 6))
    runtime = ToldRuntime({"guide": [failed, "late"]}, pop_ended=True)
    plan = plan_of(talk("a", retry=3), limits={"max_tokens": 5})
    free = replace(plan, limits=PlannedLimits())
    stage = Stage(folder=tmp_path, plan=free, runtime=runtime, watch=watch)
    with pytest.raises(Died):
        stage.live()
    stage.watch, stage.plan = None, plan
    done = stage.live(resume=True)
    assert runtime.cancelled == ["run_1"]
    assert done.last.error_code == "budget"
    assert "a~3" not in labels(done.events, StepFinished)

"""Iterations: what they see of each other, when they end, and what is kept of them."""

import asyncio
from dataclasses import replace

import pytest

from flowrun.events.records import StepFinished, StepStarted
from flowrun.interpreter.repeat import pending_view
from flowrun.plan.plan import PlannedLimits
from flowrun.ports.tools import ToolFailed
from tests.support.crash import Died
from tests.support.interpreting import ToldRuntime, ToldTools, interpret
from tests.support.steps import call, compute, plan_of, talk

GROW = compute(
    "grow",
    values={"n": "{{ (steps.grow.output.n if steps.grow.output else 0) + 1 }}",
            "was": "{{ steps.grow.status }}"},
    repeat=("steps.grow.output.n >= 3", 5),
)  # fmt: skip


def labels(events, kind):
    return [one.step for one in events if isinstance(one, kind)]


def test_it_is_repeated_until_the_condition_holds_and_sees_the_iteration_before(tmp_path):
    done = interpret(tmp_path, plan_of(GROW, outputs=(("n", "{{ steps.grow.output.n }}"),)))
    assert done.last.outputs == {"n": 3}
    assert labels(done.events, StepStarted) == ["grow", "grow#1", "grow#2", "grow#3"]
    assert labels(done.events, StepFinished) == ["grow#1", "grow#2", "grow#3", "grow"]
    said = [done.step(f"grow#{n}").output["was"] for n in (1, 2, 3)]
    assert said == ["pending", "completed", "completed"]


def test_in_the_first_iteration_there_is_no_output_yet():
    view = pending_view("a")
    assert (view["output"], view["status"], view["error"]) == (None, "pending", None)


def test_it_fails_when_the_condition_never_holds_and_keeps_the_last_output(tmp_path):
    plan = plan_of(call("count", repeat=("false", 2), on_error="continue"))
    numbers = iter("ab")
    done = interpret(tmp_path, plan, tools=ToldTools({"count": lambda: next(numbers)}))
    result = done.step("count")
    assert (result.status, result.error_code, result.output) == ("failed", "repeat", "b")
    assert result.error == "`until` was not true after 2 iterations"
    assert done.last.status == "completed"


def test_a_single_iteration_is_one_iteration(tmp_path):
    plan = plan_of(call("a", repeat=("false", 1)))
    done = interpret(tmp_path, plan, tools=ToldTools({"a": lambda: 1}))
    assert done.step("a").error == "`until` was not true after 1 iteration"


def test_an_iteration_that_fails_fails_the_step(tmp_path):
    def fail():
        return ToolFailed(kind="exception", message="it broke")

    plan = plan_of(call("a", repeat=("true", 3)))
    done = interpret(tmp_path, plan, tools=ToldTools({"a": fail}))
    assert (done.step("a").error_code, done.step("a").error) == ("tool", "it broke")
    assert labels(done.events, StepFinished) == ["a#1", "a"]


def test_a_condition_without_a_value_fails_the_step(tmp_path):
    plan = plan_of(call("a", repeat=("steps.a.output.nope", 3)))
    done = interpret(tmp_path, plan, tools=ToldTools({"a": lambda: {"yes": 1}}))
    assert done.step("a").error_code == "expression"
    assert "nope" in done.step("a").error
    assert done.step("a").output == {"yes": 1}


def test_iterations_share_a_thread_and_tokens_add_up(tmp_path):
    runtime = ToldRuntime({"guide": ["no", "no", "yes"]})
    step = talk(
        "ask", message="Again: {{ steps.ask.output }}", repeat=("steps.ask.output == 'yes'", 5)
    )
    done = interpret(tmp_path, plan_of(step), runtime=runtime)
    assert [one.message for one in runtime.requests] == ["Again: null", "Again: no", "Again: no"]
    assert len({one.thread_id for one in runtime.requests}) == 1
    assert done.step("ask").output == "yes"
    assert done.step("ask").usage["total_tokens"] == 45
    assert done.step("ask").run_id == done.step("ask#3").run_id


def test_finished_iterations_are_found_again(tmp_path):
    calls = []

    def run(n):
        calls.append(n)
        if calls == [0, 1, 2]:
            raise Died
        return n + 1

    step = call("a", given={"n": "{{ steps.a.output or 0 }}"}, repeat=("steps.a.output == 4", 9))
    tools = ToldTools({"a": run})
    with pytest.raises(Died):
        interpret(tmp_path, plan_of(step), tools=tools)
    done = interpret(tmp_path, plan_of(step), tools=tools)
    assert calls == [0, 1, 2, 2, 3]
    assert done.step("a").output == 4
    assert labels(done.events, StepStarted) == ["a", *[f"a#{n}" for n in (1, 2, 3, 4)]]


def test_items_are_repeated_each_by_itself(tmp_path):
    step = compute(
        "a",
        values={"n": "{{ (steps.a.output.n if steps.a.output else item) + 1 }}"},
        foreach=[0, 5],
        repeat=("steps.a.output.n >= item + 2", 5),
    )
    done = interpret(tmp_path, plan_of(step))
    assert done.step("a").output == [{"n": 2}, {"n": 7}]
    assert done.step("a[1]#2").output == {"n": 7}


def hungry_plan(*steps):
    return plan_of(talk("talk"), *steps, limits={"max_tokens": 10})


def test_no_iteration_is_begun_once_a_limit_is_reached(tmp_path):
    calls = []

    async def count():
        calls.append(1)
        for _ in range(50):
            await asyncio.sleep(0)
        return len(calls)

    plan = hungry_plan(call("count", repeat=("false", 5)))
    runtime = ToldRuntime({"guide": ["one"]})
    done = interpret(tmp_path, plan, runtime=runtime, tools=ToldTools({"count": count}))
    result = done.step("count")
    assert (result.status, result.error_code, result.output) == ("failed", "budget", 1)
    assert result.error == done.last.error.partition(": ")[2]
    assert calls == [1]


def test_an_iteration_that_had_begun_is_ended_whatever_limit_is_reached(tmp_path):
    calls = []

    async def count():
        calls.append(1)
        if len(calls) == 2:
            raise Died
        return len(calls)

    plan = hungry_plan(call("count", repeat=("steps.count.output == 3", 5)))
    world = {"runtime": ToldRuntime({"guide": ["one"]}), "tools": ToldTools({"count": count})}
    with pytest.raises(Died):
        interpret(tmp_path, replace(plan, limits=PlannedLimits()), **world)
    done = interpret(tmp_path, plan, resume=True, **world)
    assert done.step("count").status == "completed"
    assert len(calls) == 3

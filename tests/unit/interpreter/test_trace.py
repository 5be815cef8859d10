"""What comes of an assistant step: one record of its answer, its calls and its cost."""

import pytest

from flowrun.events.records import ToolCallFinished, ToolCallRequest
from flowrun.interpreter.budget import Spending
from flowrun.interpreter.trace import AnsweredCall, Trace
from flowrun.plan.plan import PlannedPrices
from flowrun.ports.models import TokenUsage


def trace(**known):
    return Trace(label="ask", began=10.0, spent=Spending(), **known)


def answered(number, output=None, error=None):
    call = ToolCallRequest(id=f"call_{number}", tool="look", arguments="{}")
    if output is None:
        return AnsweredCall("run_0", call, None)
    ended = ToolCallFinished(
        step="ask", call_id=call.id, tool="look", status="failed" if error else "completed",
        output=output, error=error, duration_s=1.0,
    )  # fmt: skip
    return AnsweredCall("run_0", call, ended)


def test_a_completed_step_says_what_came_of_it():
    done = trace(thread_id="thread_1", run_id="run_0", messages=("Hi",))
    done.spent.add(TokenUsage(10, 5, 15, cached_tokens=4), PlannedPrices(input=1.0, output=2.0))
    finished = done.completed({"score": 1}, now=12.5)
    assert (finished.step, finished.status, finished.output) == ("ask", "completed", {"score": 1})
    assert (finished.thread_id, finished.run_id, finished.messages) == (
        "thread_1",
        "run_0",
        ("Hi",),
    )
    assert finished.usage == {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    assert finished.cost_usd == pytest.approx(20 / 1_000_000)
    assert finished.duration_s == 2.5
    assert (finished.error, finished.error_code, finished.hint) == (None, None, None)


def test_a_failed_step_says_why_and_keeps_what_there_was():
    half = trace(thread_id="thread_1", messages=("half",))
    finished = half.failed("endpoint", "no such model", now=11.0, hint="name another", output="x")
    assert (finished.status, finished.output) == ("failed", "x")
    assert (finished.error, finished.error_code) == ("no such model", "endpoint")
    assert (finished.hint, finished.messages) == ("name another", ("half",))


def test_a_step_that_never_had_a_thread_names_none():
    finished = trace().failed("runtime", "no", now=10.0)
    assert (finished.thread_id, finished.run_id) == (None, None)


def test_every_call_is_recorded_in_order_with_how_it_ended_as_far_as_is_known():
    calls = [answered(1, "seen"), answered(2, "Error: it broke", "exception"), answered(3)]
    known = trace(calls={f"round[1]/tool[{one.call.id}]": one for one in calls})
    records = known.completed("x", now=10.0).tool_calls
    assert [(one["id"], one["output"], one["error"]) for one in records] == [
        ("call_1", "seen", None),
        ("call_2", "Error: it broke", "exception"),
        ("call_3", None, None),
    ]
    assert records[0]["name"] == "look"
    assert records[0]["arguments"] == "{}"


def test_what_a_run_used_is_counted_once_however_often_it_is_told():
    one = trace(prices=PlannedPrices(input=1.0, output=1.0))
    one.count("run_0", TokenUsage(10, 5, 15))
    one.count("run_0", TokenUsage(10, 5, 15))
    one.count("run_0", TokenUsage(30, 10, 40))
    one.count("run_1", TokenUsage(1, 1, 2))
    assert one.spent.tokens == 42
    assert one.spent.cost_usd == pytest.approx(42 / 1_000_000)

"""What an earlier try of an assistant step leaves to the next: its message, its calls' results."""

import asyncio
from dataclasses import replace

import pytest

from flowrun.clock import ManualClock
from flowrun.events.records import QuestionAsked, StepFinished, ToolCallFinished
from flowrun.plan.plan import PlannedRetry, PlannedTool
from flowrun.ports.models import TokenUsage, ToolCall
from flowrun.ports.runtime import RunEnded
from flowrun.ports.tools import ToolFailed
from tests.support.crash import Died
from tests.support.interpreting import Stage, ToldRuntime, ToldTools, interpret, talk_plan

FAILED = RunEnded(run_id="", status="failed", error="busy")
ASK = ("ask", None, "Hello")


def pay(number, amount=5, tool="pay"):
    return ToolCall(f"call_{number}", tool, f'{{"sum": {amount}}}')


def plan_of(*, timeout_s=None, attempts=3, **tool):
    plan = talk_plan(ASK, tools=("pay",))
    retry = PlannedRetry(attempts=attempts, delay_s=0.0)
    return replace(
        plan,
        tools=(PlannedTool(name="pay", kind="python", **tool),),
        steps=(replace(plan.steps[0], retry=retry, timeout_s=timeout_s),),
    )


def take(folder, plan, stops, function, **life):
    runtime = ToldRuntime({"guide": list(stops)}, pop_ended=True)
    tools = ToldTools({"pay": function})
    done = interpret(folder, plan, runtime=runtime, tools=tools, **life)
    return done, runtime, tools


def receipts():
    made = []

    def function(**given):
        made.append(given)
        return f"receipt {len(made)}"

    return function


def test_the_message_is_on_the_thread_once_however_many_tries_there_are(tmp_path):
    done, runtime, _ = take(tmp_path, plan_of(), [FAILED, FAILED, "Hi"], receipts())
    assert done.last.outputs == {"ask": "Hi"}
    assert [one.message for one in runtime.requests] == ["Hello", None, None]
    assert len({one.thread_id for one in runtime.requests}) == 1
    assert len({one.label for one in runtime.requests}) == 3


@pytest.mark.parametrize("effect", ["at_most_once", "keyed", "probe"])
def test_what_a_call_came_to_is_given_to_an_equal_one_of_the_next_try(tmp_path, effect):
    stops = [(pay(1),), FAILED, (pay(2), pay(3, 6)), "Done."]
    done, runtime, tools = take(tmp_path, plan_of(effect=effect), stops, receipts())
    assert done.last.outputs == {"ask": "Done."}
    assert runtime.submitted[-1] == [("call_2", "receipt 1"), ("call_3", "receipt 2")]
    assert [given["sum"] for _, given in tools.calls] == [5, 6]


def test_a_tool_that_may_be_called_at_will_is_called_again(tmp_path):
    stops = [(pay(1),), FAILED, (pay(2),), "Done."]
    done, _, tools = take(tmp_path, plan_of(effect="repeatable"), stops, receipts())
    assert (done.last.outputs, len(tools.calls)) == ({"ask": "Done."}, 2)


def failing_first():
    outcomes = iter([ToolFailed(kind="timeout", message="late"), "paid", "paid again"])
    return lambda **_: next(outcomes)


def test_a_call_that_failed_is_made_again_by_the_next_try(tmp_path):
    stops = [(pay(1),), FAILED, (pay(2),), "Done."]
    _, runtime, tools = take(tmp_path, plan_of(), stops, failing_first())
    assert runtime.submitted[-1] == [("call_2", "paid")]
    assert tools.keys == ["steps/ask/round[1]/tool[call_1]", "steps/ask/round[1]/tool[call_2]"]


def test_a_keyed_call_that_failed_is_made_again_under_its_key(tmp_path):
    stops = [(pay(1),), FAILED, (pay(2), pay(3)), "Done."]
    _, runtime, tools = take(tmp_path, plan_of(effect="keyed"), stops, failing_first())
    assert runtime.submitted[-1] == [("call_2", "paid"), ("call_3", "paid again")]
    assert tools.keys == [
        "steps/ask/round[1]/tool[call_1]",
        "steps/ask/round[1]/tool[call_1]",
        "steps/ask/round[1]/tool[call_3]",
    ]


def test_a_call_that_a_person_refused_is_not_asked_about_again(tmp_path):
    stops = [(pay(1),), FAILED, (pay(2),), "Sorry."]
    runtime = ToldRuntime({"guide": stops}, pop_ended=True)
    stage = Stage(
        folder=tmp_path,
        plan=plan_of(approval="always"),
        runtime=runtime,
        tools=ToldTools({"pay": receipts()}),
    )
    (asked,) = stage.live().of(QuestionAsked)
    runtime.stops["guide"].pop(0)  # its calls went with the run that was put aside
    refused = {"decision": "rejected", "comment": "no"}
    done = stage.live(resume=True, answers={asked.question: refused})
    assert done.last.outputs == {"ask": "Sorry."}
    assert runtime.submitted == [[("call_2", "Error: a person refused this call: no")]]
    assert len(done.of(QuestionAsked)) == 1


@pytest.mark.parametrize("at", [1, 2])
def test_after_a_crash_results_are_given_in_the_same_order(tmp_path, at):
    """Two equal calls of which one has a result waiting: the other is made, and made once."""
    stops = [(pay(1),), FAILED, (pay(2), pay(3)), "Done."]
    runtime = ToldRuntime({"guide": stops}, pop_ended=True)
    tools = ToldTools({"pay": receipts()})
    left = [1 + at]

    def watch(stamped):
        if isinstance(stamped.event, ToolCallFinished):
            left[0] -= 1
            if left[0] == 0:
                raise Died

    world = {"folder": tmp_path, "plan": plan_of(), "runtime": runtime, "tools": tools}
    with pytest.raises(Died):
        Stage(**world, watch=watch).live()
    done = Stage(**world).live(resume=True)
    assert done.last.outputs == {"ask": "Done."}
    assert len(tools.calls) == 2
    assert runtime.submitted[-1] == [("call_2", "receipt 1"), ("call_3", "receipt 2")]


def test_a_try_of_an_earlier_life_leaves_the_same_as_one_of_this(tmp_path):
    stops = [(pay(1),), FAILED, (pay(2),), "Done."]
    runtime = ToldRuntime({"guide": stops}, pop_ended=True)
    tools = ToldTools({"pay": receipts()})

    def watch(stamped):
        if isinstance(stamped.event, StepFinished) and stamped.event.step == "ask~1":
            raise Died

    world = {"folder": tmp_path, "plan": plan_of(), "runtime": runtime, "tools": tools}
    with pytest.raises(Died):
        Stage(**world, watch=watch).live()
    done = Stage(**world).live(resume=True)
    assert done.last.outputs == {"ask": "Done."}
    assert (len(tools.calls), runtime.submitted[-1]) == (1, [("call_2", "receipt 1")])
    assert [one.message for one in runtime.requests] == ["Hello", None]


def test_what_an_earlier_life_knew_is_not_lost_when_the_run_does_not_stop_in_time(tmp_path):
    """The next life is cut short before it meets a stop of the run, and so before any round."""
    clock = ManualClock()

    class Slow(ToldRuntime):
        async def start_run(self, request):
            async for event in super().start_run(request):
                yield event
                if self.submitted and request.label == self.requests[0].label:
                    clock.advance(31)
                    await asyncio.Event().wait()

    def watch(stamped):
        if isinstance(stamped.event, ToolCallFinished):
            raise Died

    runtime = Slow({"guide": [(pay(1),), "late"]}, pop_ended=True)
    tools = ToldTools({"pay": receipts()})
    world = {"folder": tmp_path, "plan": plan_of(timeout_s=30), "runtime": runtime, "tools": tools}
    with pytest.raises(Died):
        Stage(**world, clock=clock, watch=watch).live()
    runtime.submitted.append("by the life that died")
    runtime.stops["guide"] = [(pay(2),), "Done."]
    cancelled = RunEnded(run_id="run_0", status="cancelled", usage=TokenUsage(7, 0, 7))
    runtime.ends["run_0"] = cancelled
    done = Stage(**world, clock=clock).live(resume=True)
    assert done.step("ask~1").error_code == "timeout"
    assert done.step("ask~1").usage["total_tokens"] == 7
    assert done.last.usage["total_tokens"] == 22
    assert done.last.outputs == {"ask": "Done."}
    assert (len(tools.calls), runtime.submitted[-1]) == (1, [("call_2", "receipt 1")])


def test_an_answer_that_did_not_fit_is_sent_back_by_the_next_try(tmp_path):
    schema = {"type": "object", "required": ["n"]}
    plan = plan_of()
    plan = replace(plan, assistants=(replace(plan.assistants[0], output=schema),))
    done, runtime, _ = take(tmp_path, plan, ["no", "still no", '{"n": 1}'], receipts())
    assert done.last.outputs == {"ask": {"n": 1}}
    first, repaired, retried = [one.message for one in runtime.requests]
    assert first == "Hello"
    assert "does not fit the required JSON Schema" in repaired
    assert "does not fit the required JSON Schema" in retried


def in_time(folder, plan, function, stops, *lives, before=lambda _: None):
    """Take lives of a run whose step has a timeout, on a clock that the test turns."""
    clock = ManualClock()
    runtime = ToldRuntime({"guide": stops}, pop_ended=True)
    tools = ToldTools({"pay": function(clock)})
    stage = Stage(folder=folder, plan=plan, runtime=runtime, tools=tools, clock=clock)
    for _ in lives:
        with pytest.raises(Died):
            stage.live()
        before(clock)
    return stage, runtime, tools


def test_a_keyed_call_broken_off_by_a_timeout_is_made_again_under_its_key(tmp_path):
    begun = []

    def function(clock):
        async def pay(**_):
            begun.append(1)
            if len(begun) == 1:
                clock.advance(60)
                await asyncio.Event().wait()
            return "paid"

        return pay

    stops = [(pay(1),), (pay(2),), "Done."]
    plan = plan_of(timeout_s=30, effect="keyed")
    stage, runtime, tools = in_time(tmp_path, plan, function, stops)
    original = runtime.cancel

    async def cancel(thread_id, run_id):
        used = await original(thread_id, run_id)
        runtime.stops["guide"].pop(0)
        return used

    runtime.cancel = cancel
    done = stage.live()
    assert done.last.outputs == {"ask": "Done."}
    assert set(tools.keys) == {"steps/ask/round[1]/tool[call_1]"}
    assert done.step("ask~1").error_code == "timeout"
    assert done.step("ask~1").tool_calls[0]["id"] == "call_1"


@pytest.mark.parametrize("happened", [True, False, None])
def test_a_call_that_was_cut_short_is_asked_about_by_an_equal_one(tmp_path, happened):
    """Its probe tells whether it happened; where that does not know, a person does."""
    begun = []

    def function(clock):
        async def pay(**_):
            begun.append(1)
            if len(begun) == 1:
                clock.advance(60)
                await asyncio.Event().wait()
            return "paid"

        return pay

    stops = [(pay(1),), (pay(2),), "Done."]
    plan = plan_of(timeout_s=30, effect="probe", probe="look")
    stage, runtime, tools = in_time(tmp_path, plan, function, stops)
    tools.functions |= {"look": lambda **_: {"done": happened, "output": "paid"}}
    original = runtime.cancel

    async def cancel(thread_id, run_id):
        used = await original(thread_id, run_id)
        runtime.stops["guide"].pop(0)
        return used

    runtime.cancel = cancel
    done = stage.live()
    assert done.step("ask~1").error_code == "timeout"
    assert len(begun) == (2 if happened is False else 1)
    if happened is None:
        (asked,) = done.of(QuestionAsked)
        assert (asked.kind, asked.step, asked.call_id) == ("unknown", "ask~2", "call_2")
        return
    assert done.last.outputs == {"ask": "Done."}
    assert runtime.submitted == [[("call_2", "paid")]]


def test_a_call_that_may_have_happened_when_it_was_cut_short_is_not_left_to_another_try(tmp_path):
    begun = []

    def function(clock):
        async def pay(**_):
            begun.append(1)
            clock.advance(60)
            await asyncio.Event().wait()

        return pay

    plan = plan_of(timeout_s=30, effect="at_most_once")
    stage, _, _ = in_time(tmp_path, plan, function, [(pay(1),), (pay(2),), "Done."])
    done = stage.live()
    assert done.step("ask").error_code == "outcome_unknown"
    assert done.step("ask").error == (
        "not over within 30s, and whether a call finished cannot be known"
    )
    assert len(begun) == 1


@pytest.mark.parametrize(("effect", "code"), [("at_most_once", "outcome_unknown"), ("keyed", None)])
def test_a_call_that_a_crash_hid_is_not_left_to_another_try(tmp_path, effect, code):
    """The step's time was over when the next life began, so its call was never asked about."""
    made = []

    def function(clock):
        def pay(**_):
            made.append(1)
            if len(made) == 1:
                raise Died
            return "paid"

        return pay

    stops = [(pay(1),), (pay(2),), "Done."]
    plan = plan_of(timeout_s=30, effect=effect)
    stage, runtime, _ = in_time(
        tmp_path, plan, function, stops, 1, before=lambda clock: clock.advance(60)
    )
    runtime.stops["guide"].pop(0)
    done = stage.live(resume=True)
    assert done.last.error_code == code
    assert len(made) == (1 if code else 2)

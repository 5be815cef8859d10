"""The runs of one message: put aside for people, expired, lost, refused, beyond a limit.

Where the runtime matters it is the embedded one, with a model whose turns are told in advance.
"""

import asyncio
from dataclasses import replace

import pytest

from flowrun.clock import ManualClock
from flowrun.errors import RuntimeRejected
from flowrun.events.records import (
    AssistantRunStarted,
    QuestionAsked,
    ToolCallFinished,
    ToolCallsRequested,
    ToolOutputsSubmitted,
)
from flowrun.plan.plan import PlannedLimits, PlannedPrices, PlannedTool
from flowrun.ports.models import TokenUsage, ToolCall, ToolCallsItem, ToolOutputItem, UserItem
from flowrun.ports.runtime import RunBegan, RunEnded, RunRequiresAction, RuntimeCapabilities
from tests.support.crash import Died
from tests.support.desk import local_runtime
from tests.support.interpreting import Stage, ToldRuntime, ToldTools, interpret, talk_plan
from tests.support.models import call, say

ASK = ("ask", None, "Hello")
PAY = ToolCall("call_pay", "pay", '{"sum": 5}')


def plan_of(*steps, limits=None, **tools):
    """A plan whose assistant has the tools named, each with the fields given for it."""
    plan = talk_plan(*(steps or (ASK,)), tools=tuple(tools))
    return replace(
        plan,
        tools=tuple(PlannedTool(name=name, kind="python", **more) for name, more in tools.items()),
        limits=PlannedLimits(**(limits or {})),
    )


WITH_APPROVAL = plan_of(look={}, pay={"approval": "always"})


def told_tools():
    return ToldTools({"look": lambda **_: "seen", "pay": lambda **given: f"paid {given}"})


def question(number=1, call_id="call_pay", kind="approval", step="ask"):
    return f"steps/{step}/round[{number}]/tool[{call_id}]/{kind}"


def decided(decision, comment=""):
    return {"decision": decision, "value": None, "comment": comment}


def test_a_round_that_needs_approval_is_put_aside_and_goes_on_from_its_outputs(tmp_path):
    tools, turns = told_tools(), [call("look", "pay", text="A moment."), say("Paid.")]
    with local_runtime(tmp_path, *turns) as (runtime, model):
        parked = interpret(tmp_path, WITH_APPROVAL, runtime=runtime, tools=tools)
        assert parked.head.status == "parked"
        assert [name for name, _ in tools.calls] == ["look"]
        assert [one.question for one in parked.of(QuestionAsked)] == [question()]
        answers = {question(): decided("approved")}
        done = interpret(
            tmp_path, WITH_APPROVAL, runtime=runtime, tools=tools, resume=True, answers=answers
        )
    assert done.last.outputs == {"ask": "A moment.\n\nPaid."}
    assert [name for name, _ in tools.calls] == ["look", "pay"]
    assert len(model.asked) == 2
    assert model.asked[-1].items == (
        UserItem("Hello"),
        ToolCallsItem(
            (ToolCall("call_look", "look", "{}"), ToolCall("call_pay", "pay", "{}")), "A moment."
        ),
        ToolOutputItem("call_look", "seen"),
        ToolOutputItem("call_pay", "paid {}"),
    )
    assert done.step("ask").usage["total_tokens"] == 30
    assert done.step("ask").messages == ("A moment.", "Paid.")
    assert len(done.of(AssistantRunStarted)) == 2


def test_while_people_think_no_run_is_open(tmp_path):
    with local_runtime(tmp_path, call("pay"), say("Paid.")) as (runtime, _):
        stage = Stage(folder=tmp_path, plan=WITH_APPROVAL, runtime=runtime, tools=told_tools())
        parked = stage.live()
        began = parked.of(AssistantRunStarted)[0]

        async def look():
            return (await runtime._service.run(began.thread_id, began.run_id)).status

        assert asyncio.run(look()) == "cancelled"
        assert stage.live(resume=True, answers={question(): decided("approved")}).last.outputs == {
            "ask": "Paid."
        }


def test_a_refusal_is_told_to_the_model(tmp_path):
    tools = told_tools()
    with local_runtime(tmp_path, call("pay"), say("Sorry.")) as (runtime, model):
        stage = Stage(folder=tmp_path, plan=WITH_APPROVAL, runtime=runtime, tools=tools)
        stage.live()
        done = stage.live(resume=True, answers={question(): decided("rejected", "too dear")})
    assert done.last.outputs == {"ask": "Sorry."}
    assert tools.calls == []
    assert model.asked[-1].items[-1].output == "Error: a person refused this call: too dear"
    assert done.of(ToolCallFinished)[0].error == "rejected"


def test_several_questions_are_all_asked_before_any_is_waited_for(tmp_path):
    tools = told_tools()
    turns = [call(("a", "pay"), ("b", "look"), ("c", "pay")), say("Done.")]
    with local_runtime(tmp_path, *turns) as (runtime, _):
        stage = Stage(folder=tmp_path, plan=WITH_APPROVAL, runtime=runtime, tools=tools)
        parked = stage.live()
        asked = [one.question for one in parked.of(QuestionAsked)]
        assert asked == [question(call_id="a"), question(call_id="c")]
        half = stage.live(resume=True, answers={asked[1]: decided("rejected")})
        assert (half.head.status, len(tools.calls)) == ("parked", 1)
        done = stage.live(resume=True, answers={asked[0]: decided("approved")})
    assert done.last.outputs == {"ask": "Done."}
    assert [one["error"] for one in done.step("ask").tool_calls] == [None, None, "rejected"]
    assert [name for name, _ in tools.calls] == ["look", "pay"]


def test_rounds_before_and_after_are_kept_over_several_that_wait(tmp_path):
    tools = told_tools()
    turns = [call(("a", "look")), call(("b", "pay")), call(("c", "look")), call(("d", "pay"))]
    with local_runtime(tmp_path, *turns, say("Done.")) as (runtime, model):
        stage = Stage(folder=tmp_path, plan=WITH_APPROVAL, runtime=runtime, tools=tools)
        stage.live()
        stage.live(resume=True, answers={question(2, "b"): decided("approved")})
        done = stage.live(resume=True, answers={question(4, "d"): decided("approved")})
    assert done.last.outputs == {"ask": "Done."}
    shown = [one.call_id for one in model.asked[-1].items if isinstance(one, ToolOutputItem)]
    assert shown == ["a", "b", "c", "d"]
    assert len(model.asked) == 5
    assert [name for name, _ in tools.calls] == ["look", "pay", "look", "pay"]
    assert done.step("ask").usage["total_tokens"] == 75
    assert [one.round for one in done.of(ToolCallsRequested)] == [1, 2, 3, 4]
    assert [one.round for one in done.of(ToolOutputsSubmitted)] == [1, 3]


def die_at(kind, count=1):
    """Die when the so-manieth event of a kind is written."""
    left = [count]

    def watch(stamped):
        if isinstance(stamped.event, kind):
            left[0] -= 1
            if left[0] == 0:
                raise Died

    return watch


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        (AssistantRunStarted, 1),
        (ToolCallsRequested, 1),
        (ToolCallFinished, 1),
        (QuestionAsked, 1),
    ],
)
def test_a_crash_on_the_way_to_the_question_asks_it_once(tmp_path, kind, count):
    tools = ToldTools({"look": lambda: "seen", "pay": lambda: "paid"})
    plan = plan_of(look={"effect": "repeatable"}, pay={"approval": "always"})
    with local_runtime(tmp_path, call("look", "pay"), say("Paid.")) as (runtime, model):
        world = {"folder": tmp_path, "plan": plan, "runtime": runtime, "tools": tools}
        with pytest.raises(Died):
            Stage(**world, watch=die_at(kind, count)).live()
        parked = Stage(**world).live(resume=True)
        assert len(parked.of(QuestionAsked)) == 1
        done = Stage(**world).live(resume=True, answers={question(): decided("approved")})
    assert done.last.outputs == {"ask": "Paid."}
    assert [name for name, _ in tools.calls].count("pay") == 1
    assert done.step("ask").usage["total_tokens"] == 30
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    ("kind", "count"), [(ToolCallFinished, 1), (AssistantRunStarted, 1), (ToolCallsRequested, 1)]
)
def test_a_crash_after_the_answer_calls_nothing_twice(tmp_path, kind, count):
    tools = ToldTools({"look": lambda: "seen", "pay": lambda: "paid"})
    turns = [call(("a", "pay")), call(("b", "look")), say("Paid.")]
    with local_runtime(tmp_path, *turns) as (runtime, model):
        world = {"folder": tmp_path, "plan": WITH_APPROVAL, "runtime": runtime, "tools": tools}
        Stage(**world).live()
        answers = {question(call_id="a"): decided("approved")}
        with pytest.raises(Died):
            Stage(**world, watch=die_at(kind, count)).live(resume=True, answers=answers)
        done = Stage(**world).live(resume=True)
    assert done.last.outputs == {"ask": "Paid."}
    assert [name for name, _ in tools.calls] == ["pay", "look"]
    assert done.step("ask").usage["total_tokens"] == 45
    assert len(model.asked) == 3


def test_an_unknown_outcome_is_asked_about_after_its_siblings_ended(tmp_path):
    made = []

    def pay():
        made.append(1)
        if len(made) == 1:
            raise Died
        return "paid"

    tools = ToldTools({"look": lambda: "seen", "pay": pay})
    plan = plan_of(look={"effect": "repeatable"}, pay={})
    with local_runtime(tmp_path, call("pay", "look"), say("Done.")) as (runtime, model):
        stage = Stage(folder=tmp_path, plan=plan, runtime=runtime, tools=tools)
        with pytest.raises(Died):
            stage.live()
        parked = stage.live(resume=True)
        (asked,) = parked.of(QuestionAsked)
        assert (parked.head.status, asked.question) == ("parked", question(kind="unknown"))
        assert [one["output"] for one in parked_calls(parked)] == ["seen"]
        answers = {asked.question: {"decision": "done", "value": {"id": 7}, "comment": ""}}
        done = stage.live(resume=True, answers=answers)
    assert done.last.outputs == {"ask": "Done."}
    assert (len(made), model.asked[-1].items[-2].output) == (1, '{"id":7}')


def parked_calls(run):
    return [{"output": one.output} for one in run.of(ToolCallFinished)]


@pytest.mark.parametrize(
    ("on_unknown", "outputs", "code"),
    [("tell_model", {"ask": "I cannot tell."}, None), ("fail", {}, "outcome_unknown")],
)
def test_an_unknown_outcome_may_be_told_to_the_model_instead(tmp_path, on_unknown, outputs, code):
    def pay():
        raise Died

    plan, tools = plan_of(pay={"on_unknown": on_unknown}), ToldTools({"pay": pay})
    with local_runtime(tmp_path, call("pay"), say("I cannot tell.")) as (runtime, model):
        stage = Stage(folder=tmp_path, plan=plan, runtime=runtime, tools=tools)
        with pytest.raises(Died):
            stage.live()
        done = stage.live(resume=True)
    assert (done.last.outputs, done.last.error_code) == (outputs, code)
    if on_unknown == "tell_model":
        assert "cannot be known" in model.asked[-1].items[-1].output


def test_an_expired_run_goes_on_from_the_rounds_that_were_answered(tmp_path):
    """Not even the batch that was open when time ran out is asked for again."""
    clock, tools = ManualClock(), told_tools()
    turns = [call(("a", "look")), call(("b", "look")), say("Done.")]

    def die(stamped):
        if isinstance(stamped.event, ToolCallsRequested) and stamped.event.round == 2:
            raise Died

    with local_runtime(tmp_path, *turns, clock=clock) as (runtime, model):
        world = {"folder": tmp_path, "plan": WITH_APPROVAL, "runtime": runtime, "tools": tools}
        with pytest.raises(Died):
            Stage(**world, watch=die).live()
        clock.advance(601)
        done = Stage(**world).live(resume=True)
    assert done.last.outputs == {"ask": "Done."}
    assert len(model.asked) == 3
    assert [name for name, _ in tools.calls] == ["look", "look"]
    shown = [one.call_id for one in model.asked[-1].items if isinstance(one, ToolOutputItem)]
    assert shown == ["a", "b"]


class PlainRuntime(ToldRuntime):
    """Its runs cannot begin with rounds; one that is cancelled takes its calls with it."""

    async def cancel(self, thread_id, run_id):
        used = await super().cancel(thread_id, run_id)
        self.stops["guide"].pop(0)
        return used


def test_a_runtime_that_cannot_begin_with_rounds_is_told_them_in_a_message(tmp_path):
    tools = told_tools()
    stops = [(ToolCall("a", "look", "{}"), PAY), (replace(PAY, id="again"),), "Paid."]
    runtime = PlainRuntime({"guide": stops})
    stage = Stage(folder=tmp_path, plan=WITH_APPROVAL, runtime=runtime, tools=tools)
    stage.live()
    done = stage.live(resume=True, answers={question(): decided("approved")})
    first, second = runtime.requests[:2]
    assert (first.message, second.rounds) == ("Hello", ())
    assert "`look` with {}:\nseen" in second.message
    assert "`pay` with {\"sum\": 5}:\npaid {'sum': 5}" in second.message
    assert done.last.outputs == {"ask": "Paid."}
    assert [name for name, _ in tools.calls] == ["look", "pay"]
    assert runtime.submitted == [[("again", "paid {'sum': 5}")]]


def test_each_round_is_told_once(tmp_path):
    stops = [(PAY,), (replace(PAY, id="call_2", arguments='{"sum": 6}'),), "Paid."]
    runtime = PlainRuntime({"guide": stops})
    stage = Stage(folder=tmp_path, plan=WITH_APPROVAL, runtime=runtime, tools=told_tools())
    stage.live()
    stage.live(resume=True, answers={question(): decided("approved")})
    done = stage.live(resume=True, answers={question(2, "call_2"): decided("approved")})
    assert done.last.outputs == {"ask": "Paid."}
    assert "'sum': 6" not in runtime.requests[1].message
    assert "'sum': 5" not in runtime.requests[2].message


class StubbornRuntime(ToldRuntime):
    """Its runs do not let themselves be cancelled."""

    async def cancel(self, thread_id, run_id):
        self.cancelled.append(run_id)
        return TokenUsage()


def test_a_run_that_cannot_be_put_aside_fails_the_step(tmp_path):
    runtime = StubbornRuntime({"guide": [(PAY,)]})
    done = interpret(tmp_path, WITH_APPROVAL, runtime=runtime, tools=told_tools())
    assert done.step("ask").error_code == "runtime"
    assert "could not be put aside" in done.step("ask").error


class ForgetfulRuntime(ToldRuntime):
    """Refuses submissions; some of them it has taken all the same."""

    taken = True

    async def submit_tool_outputs(self, thread_id, run_id, outputs):
        if self.taken:
            async for _ in super().submit_tool_outputs(thread_id, run_id, outputs):
                pass
        raise RuntimeRejected("409")
        yield


@pytest.mark.parametrize("taken", [True, False])
def test_a_refused_submission_is_none_before_the_run_was_looked_at(tmp_path, taken):
    runtime = ForgetfulRuntime({"guide": [(ToolCall("a", "look", "{}"),), "done"]})
    runtime.taken = taken
    done = interpret(tmp_path, WITH_APPROVAL, runtime=runtime, tools=told_tools())
    if taken:
        assert done.last.outputs == {"ask": "done"}
    else:
        assert (done.step("ask").error_code, done.step("ask").error) == ("runtime", "409")
        assert runtime.cancelled == ["run_0"]


LOOK = {"look": {"effect": "repeatable"}}


@pytest.mark.parametrize(("limit", "turns_taken"), [(15, 1), (16, 2), (30, 2)])
def test_a_reached_token_limit_cancels_the_run_at_its_next_stop(tmp_path, limit, turns_taken):
    turns = [call(("a", "look")), call(("b", "look")), say("Done.")]
    plan = plan_of(limits={"max_tokens": limit}, **LOOK)
    with local_runtime(tmp_path, *turns) as (runtime, model):
        done = interpret(tmp_path, plan, runtime=runtime, tools=told_tools())
        finished = done.step("ask")
        assert (finished.error_code, len(model.asked)) == ("budget", turns_taken)
        assert f"`max_tokens` of {limit} is reached" in finished.error
        assert finished.usage["total_tokens"] == 15 * turns_taken
        assert len(finished.tool_calls) == turns_taken
        assert done.last.error_code == "budget"

        async def look():
            return (await runtime._service.run(finished.thread_id, finished.run_id)).status

        assert asyncio.run(look()) == "cancelled"


def test_an_answer_that_used_the_limit_up_is_kept_and_the_step_fails_all_the_same(tmp_path):
    plan = plan_of(ASK, ("more", None, "And?"), limits={"max_tokens": 15})
    with local_runtime(tmp_path, say("Hi"), say("never")) as (runtime, model):
        done = interpret(tmp_path, plan, runtime=runtime)
    assert (done.step("ask").error_code, done.step("ask").output) == ("budget", "Hi")
    assert len(model.asked) == 1


def test_no_new_run_begins_once_the_limit_is_reached(tmp_path):
    schema = {"type": "object", "required": ["n"]}
    plan = replace(talk_plan(ASK, output=schema, tools=()), limits=PlannedLimits(max_tokens=15))
    with local_runtime(tmp_path, say("no JSON"), say("{}")) as (runtime, model):
        done = interpret(tmp_path, plan, runtime=runtime)
    assert (done.step("ask").error_code, done.step("ask").output) == ("budget", None)
    assert len(model.asked) == 1


@pytest.mark.parametrize(("allowed", "code"), [(1, "budget"), (2, None)])
def test_a_step_may_take_so_many_rounds_of_calls(tmp_path, allowed, code):
    turns = [call(("a", "look")), call(("b", "look")), say("Done.")]
    plan = plan_of(limits={"max_tool_rounds": allowed}, **LOOK)
    tools = told_tools()
    with local_runtime(tmp_path, *turns) as (runtime, _):
        done = interpret(tmp_path, plan, runtime=runtime, tools=tools)
    assert done.last.error_code == code
    assert len(tools.calls) == allowed
    if code:
        assert done.step("ask").error == (
            "the limit `max_tool_rounds` of 1 is reached: the run asks for round 2"
        )


def test_cost_is_counted_by_the_prices_of_the_model(tmp_path):
    prices = PlannedPrices(input=1.0, output=2.0)
    plan = replace(talk_plan(ASK, tools=(), prices=prices), limits=PlannedLimits(max_cost_usd=0.5))
    with local_runtime(tmp_path, say("Hi")) as (runtime, _):
        done = interpret(tmp_path, plan, runtime=runtime)
    assert done.step("ask").cost_usd == pytest.approx((10 + 2 * 5) / 1_000_000)
    assert done.last.cost_usd == done.step("ask").cost_usd


def test_a_reached_cost_ends_the_run(tmp_path):
    prices = PlannedPrices(input=1_000.0, output=2_000.0)
    plan = replace(talk_plan(ASK, tools=(), prices=prices), limits=PlannedLimits(max_cost_usd=0.02))
    with local_runtime(tmp_path, say("Hi")) as (runtime, _):
        done = interpret(tmp_path, plan, runtime=runtime)
    assert done.last.error_code == "budget"
    assert "`max_cost_usd` of 0.02 is reached: 0.02 US dollars were used" in done.last.error


def test_a_run_counts_once_however_many_lives_meet_it(tmp_path):
    plan = plan_of(limits={"max_tokens": 46}, **LOOK)
    turns = [call(("a", "look")), call(("b", "look")), say("Done.")]
    with local_runtime(tmp_path, *turns) as (runtime, _):
        world = {"folder": tmp_path, "plan": plan, "runtime": runtime, "tools": told_tools()}
        for is_second in (False, True):
            with pytest.raises(Died):
                Stage(**world, watch=die_at(ToolCallsRequested)).live(resume=is_second)
        done = Stage(**world).live(resume=True)
    assert done.last.outputs == {"ask": "Done."}
    assert done.last.usage["total_tokens"] == 45


class UsageRuntime(ToldRuntime):
    """Tells what a run used at each stop, and another amount at its end."""

    capabilities = RuntimeCapabilities(frozenset(), frozenset(), keyed_threads=True, rounds=True)

    async def start_run(self, request):
        yield RunBegan("run_0")
        if self.cancelled:
            yield RunEnded(run_id="run_0", status="cancelled", usage=TokenUsage(12, 6, 18))
        else:
            yield RunRequiresAction("run_0", (PAY,), TokenUsage(10, 5, 15))


def test_a_run_that_used_up_the_limit_before_a_crash_is_ended_and_counted(tmp_path):
    """The next life starts nothing, cancels what the last one began, and says the limit."""
    plan = plan_of(pay={"effect": "repeatable"}, limits={"max_tokens": 15})
    runtime = UsageRuntime({})
    world = {"folder": tmp_path, "plan": plan, "runtime": runtime, "tools": told_tools()}
    with pytest.raises(Died):
        Stage(**world, watch=die_at(ToolCallsRequested)).live()
    done = Stage(**world).live(resume=True)
    assert (done.step("ask").error_code, runtime.cancelled) == ("budget", ["run_0"])

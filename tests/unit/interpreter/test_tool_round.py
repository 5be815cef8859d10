"""One round of calls: who may be called with what, side by side, in order, and once."""

import asyncio
from contextlib import closing
from dataclasses import replace

import pytest

from flowrun.engines.reading import read_events
from flowrun.events.records import ToolCallFinished, ToolCallsRequested
from flowrun.plan.plan import PlannedTool
from flowrun.ports.models import ToolCall
from flowrun.ports.runtime import RunEnded
from flowrun.ports.tools import ToolFailed
from flowrun.storage.database import StoreReader
from tests.support.crash import Died
from tests.support.interpreting import ToldRuntime, ToldTools, interpret, talk_plan

ASK = ("ask", None, "Hello")
EXPIRED = RunEnded(run_id="", status="expired", error="expired")


def look(number, arguments="{}", tool="look"):
    return ToolCall(f"call_{number}", tool, arguments)


def ask(folder, stops, functions, *, plan=None, **extra):
    runtime = ToldRuntime({"guide": list(stops)}, pop_ended=True)
    tools = ToldTools(functions)
    done = interpret(folder, plan or talk_plan(ASK), runtime=runtime, tools=tools, **extra)
    return done, runtime, tools


def test_outputs_are_in_the_order_of_the_calls_whichever_ended_first(tmp_path):
    ended = []

    async def wait_for(turn):
        while len(ended) < turn:  # noqa: ASYNC110  # the order of turns is the point
            await asyncio.sleep(0)
        ended.append(turn)
        return turn

    calls = tuple(look(number, f'{{"turn": {2 - number}}}') for number in range(3))
    done, runtime, _ = ask(tmp_path, [calls, "done"], {"look": wait_for})
    assert ended == [0, 1, 2]
    assert runtime.submitted == [[("call_0", "2"), ("call_1", "1"), ("call_2", "0")]]
    assert [one["id"] for one in done.step("ask").tool_calls] == ["call_0", "call_1", "call_2"]


@pytest.mark.parametrize("effect", ["repeatable", "at_most_once"])
def test_the_batch_is_durable_when_its_first_tool_begins(tmp_path, effect):
    found = []

    def peek():
        store = StoreReader(tmp_path / "store.db")
        found.extend(key for (key,) in store.read("SELECT key FROM journal"))
        store.close()
        return "seen"

    ask(tmp_path, [(look(1),), "done"], {"look": peek}, plan=talk_plan(ASK, effect=effect))
    assert "steps/ask/round[1]" in found


def test_two_calls_under_one_id_are_refused_before_either_is_made(tmp_path):
    done, runtime, tools = ask(tmp_path, [(look(1), look(1)), "done"], {"look": lambda: "seen"})
    assert done.step("ask").error == "the run requires two calls under one id"
    assert (tools.calls, runtime.cancelled, runtime.submitted) == ([], ["run_0"], [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('{"x": NaN}', "`NaN` is not a JSON value"),
        ('{"x": 1e999}', "too large"),
        ('{"x": ' + "[" * 5_000 + "]" * 5_000 + "}", "nested deeper"),
        ('{"x": "\\ud800"}', "half a character"),
        ('"x"', 'found `"x"`'),
        ("null", "found `null`"),
    ],
)
def test_arguments_that_no_tool_can_be_given_are_told_to_the_model(tmp_path, arguments, said):
    done, runtime, tools = ask(tmp_path, [(look(1, arguments),), "sorry"], {"look": lambda: 1})
    assert done.last.outputs == {"ask": "sorry"}
    assert tools.calls == []
    told = runtime.submitted[0][0][1]
    assert told.startswith("Error: expected the arguments as a JSON object, found ")
    assert said in told
    assert done.of(ToolCallFinished)[0].error == "bad_arguments"


@pytest.mark.parametrize("arguments", ["", "  ", "\n", "{}", " { } "])
def test_no_arguments_may_be_written_in_any_way(tmp_path, arguments):
    _, _, tools = ask(tmp_path, [(look(1, arguments),), "done"], {"look": lambda: "seen"})
    assert tools.calls == [("look", {})]


def other_tools(on_error):
    plan = talk_plan(ASK)
    other = PlannedTool(name="other", kind="python", on_error=on_error)
    return type(plan)(
        flow=plan.flow,
        tools=(*plan.tools, other),
        assistants=plan.assistants,
        steps=plan.steps,
        outputs=plan.outputs,
    )


def test_a_tool_of_the_flow_that_the_assistant_does_not_have_is_not_called(tmp_path):
    stops, functions = [(look(1, tool="other"),), "sorry"], {"other": lambda: 1, "look": lambda: 1}
    done, runtime, tools = ask(tmp_path, stops, functions, plan=other_tools("tell_model"))
    assert done.last.outputs == {"ask": "sorry"}
    assert tools.calls == []
    assert runtime.submitted[0][0][1] == "Error: there is no tool `other`; there is: `look`"


def test_under_on_error_fail_naming_it_fails_the_step(tmp_path):
    stops = [(look(1, tool="other"),), "sorry"]
    done, runtime, tools = ask(tmp_path, stops, {"other": lambda: 1}, plan=other_tools("fail"))
    assert done.step("ask").error == "tool `other`: there is no tool `other`; there is: `look`"
    assert (tools.calls, runtime.cancelled) == ([], ["run_0"])


def test_an_assistant_without_tools_is_told_that_there_are_none(tmp_path):
    plan = talk_plan(ASK, tools=())
    _, runtime, _ = ask(tmp_path, [(look(1),), "sorry"], {}, plan=plan)
    assert runtime.submitted[0][0][1] == "Error: there is no tool `look`; there is: none"


def test_when_one_call_breaks_off_none_goes_on_without_an_owner(tmp_path):
    gone = []

    async def hold(name):
        if name == "broken":
            raise ZeroDivisionError
        try:
            await asyncio.Event().wait()
        finally:
            gone.append(name)

    calls = (look(1, '{"name": "held"}'), look(2, '{"name": "broken"}'))
    with pytest.raises(ZeroDivisionError):
        ask(tmp_path, [calls], {"look": hold}, plan=talk_plan(ASK, effect="repeatable"))
    assert gone == ["held"]


def test_the_first_failure_in_order_is_the_one_that_is_told(tmp_path):
    def broken(number):
        return ToolFailed(kind="exception", message=f"broke {number}")

    calls = (look(1, '{"number": 1}'), look(2, '{"number": 2}'))
    done, _, tools = ask(tmp_path, [calls], {"look": broken}, plan=talk_plan(ASK, on_error="fail"))
    assert done.step("ask").error == "tool `look`: broke 1"
    assert len(tools.calls) == 2
    assert [one["error"] for one in done.step("ask").tool_calls] == ["exception", "exception"]


def die_in_round_two(folder, runtime, tools):
    """Take one round; die when the calls of the second are asked for."""

    def watch(stamped):
        if isinstance(stamped.event, ToolCallsRequested) and stamped.event.round == 2:
            raise Died

    with pytest.raises(Died):
        interpret(folder, talk_plan(ASK), runtime=runtime, tools=tools, watch=watch)


def test_what_calls_of_a_lost_run_came_to_is_given_to_the_run_in_its_place(tmp_path):
    """The runtime forgot everything: the same label makes a new run; no tool is run again."""
    tools = ToldTools({"look": lambda at: f"seen {at}"})
    told = [(look(1, '{"at": 1}'),), (look(2, '{"at": 2}'),)]
    die_in_round_two(tmp_path, ToldRuntime({"guide": told}), tools)
    forgetful = ToldRuntime(
        {"guide": [(look(8, '{"at":1}'), look(9, '{"at": 3}')), "done"]}, runs={"gone": "run_0"}
    )
    done = interpret(tmp_path, talk_plan(ASK), runtime=forgetful, tools=tools, resume=True)
    assert done.last.outputs == {"ask": "done"}
    assert [given["at"] for _, given in tools.calls] == [1, 3]
    assert forgetful.submitted == [[("call_8", "seen 1"), ("call_9", "seen 3")]]


def test_a_result_of_an_expired_run_is_given_once_however_often_the_step_is_entered(tmp_path):
    """The second equal call is a call of its own, also for a life that finds the first answered."""
    runtime = ToldRuntime({"guide": [(look(1),), EXPIRED, (look(2),), (look(3),), "done"]},
                          pop_ended=True)  # fmt: skip
    tools = ToldTools({"look": lambda: "seen"})

    def watch(stamped):
        if isinstance(stamped.event, ToolCallsRequested) and stamped.event.round == 3:
            raise Died

    with pytest.raises(Died):
        interpret(tmp_path, talk_plan(ASK), runtime=runtime, tools=tools, watch=watch)
    assert len(tools.calls) == 1
    done = interpret(tmp_path, talk_plan(ASK), runtime=runtime, tools=tools, resume=True)
    assert done.last.outputs == {"ask": "done"}
    assert len(tools.calls) == 2


def test_many_rounds_of_many_calls_cost_what_they_are(tmp_path):
    rounds = [tuple(look(f"{at}_{n}") for n in range(4)) for at in range(100)]
    done, runtime, tools = ask(
        tmp_path,
        [*rounds, "done"],
        {"look": lambda: "seen"},
        plan=talk_plan(ASK, effect="repeatable"),
    )
    assert (len(tools.calls), len(runtime.submitted)) == (400, 100)
    assert len(done.step("ask").tool_calls) == 400


def test_a_round_is_durable_before_its_run_is_put_aside(tmp_path):
    """Whoever enters it again finds a cancelled run, and must know which calls to ask about."""
    durable = []

    class Elsewhere(ToldRuntime):
        async def cancel(self, thread_id, run_id):
            with closing(StoreReader(tmp_path / "store.db")) as store:
                durable.extend(type(one.event) for one in read_events(store, "run-1"))
            return await super().cancel(thread_id, run_id)

    plan = talk_plan(("ask", None, "Hello"))
    tool = PlannedTool(name="look", kind="python", approval="always")
    runtime = Elsewhere({"guide": [(ToolCall("call_1", "look", "{}"),), "done"]})
    parked = interpret(tmp_path, replace(plan, tools=(tool,)), runtime=runtime)
    assert parked.head.status == "parked"
    assert ToolCallsRequested in durable

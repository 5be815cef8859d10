"""The requires_action loop: batches, submissions, failures, schemas, resumption."""

import asyncio
from dataclasses import replace

import pytest

from flowrun.errors import RuntimeRejected
from flowrun.events.records import (
    AssistantRunStarted,
    MessageDelta,
    ToolCallFinished,
    ToolCallsRequested,
    ToolOutputsSubmitted,
)
from flowrun.plan.plan import PlannedThread
from flowrun.ports.models import ToolCall
from flowrun.ports.runtime import RunBegan, RunEnded, RunTextDelta
from flowrun.ports.tools import ToolFailed
from tests.support.crash import Died
from tests.support.interpreting import ToldRuntime, ToldTools, interpret
from tests.support.interpreting import talk_plan as plan_of

SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


ONE = ("ask", None, "Hello {{ inputs.name }}")


def failing_on_unknown(plan):
    tools = tuple(replace(tool, on_unknown="fail") for tool in plan.tools)
    return replace(plan, tools=tools)


def run(tmp_path, plan, stops, functions=None, **extra):
    runtime = ToldRuntime({"guide": list(stops)})
    tools = ToldTools(functions or {})
    done = interpret(tmp_path, plan, runtime=runtime, tools=tools, inputs={"name": "Ann"}, **extra)
    return done, runtime, tools


def test_a_plain_answer_is_the_steps_output(tmp_path):
    done, runtime, _ = run(tmp_path, plan_of(ONE), ["Hi Ann"])
    assert done.last.outputs == {"ask": "Hi Ann"}
    assert runtime.requests[0].message == "Hello Ann"
    finished = done.step("ask")
    assert finished.messages == ("Hi Ann",)
    assert finished.usage == {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    assert finished.run_id == done.of(AssistantRunStarted)[0].run_id == "run_0"


def test_all_calls_of_a_round_run_side_by_side_and_are_submitted_together(tmp_path):
    calls = (ToolCall("a", "look", '{"at": 1}'), ToolCall("b", "look", '{"at": 2}'))
    met, both = [], asyncio.Event()

    async def look(at):
        met.append(at)
        if len(met) == 2:
            both.set()
        await both.wait()
        return at

    done, runtime, _ = run(tmp_path, plan_of(ONE), [calls, "done"], {"look": look})
    assert runtime.submitted == [[("a", "1"), ("b", "2")]]
    assert done.of(ToolOutputsSubmitted)[0].call_ids == ("a", "b")
    assert [one["name"] for one in done.step("ask").tool_calls] == ["look", "look"]


def test_the_batch_is_recorded_before_any_of_its_tools_starts(tmp_path):
    calls = (ToolCall("a", "look", "{}"),)
    done, _, _ = run(tmp_path, plan_of(ONE), [calls, "done"], {"look": lambda: "x"})
    kinds = [type(one) for one in done.events]
    assert kinds.index(ToolCallsRequested) < kinds.index(ToolCallFinished)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (ToolCall("a", "look", "{not json"), "bad_arguments", "expected the arguments as a JSON"),
        (ToolCall("a", "look", "[1]"), "bad_arguments", "expected the arguments as a JSON object"),
        (ToolCall("a", "lok", "{}"), "unknown_tool", "there is no tool `lok`; there is: `look`"),
        (ToolCall("a", "look", "{}"), "exception", "it broke"),
    ],
)
def test_a_failed_call_is_told_to_the_model(tmp_path, call, kind, said):
    functions = {"look": lambda: ToolFailed(kind="exception", message="it broke")}
    done, runtime, _ = run(tmp_path, plan_of(ONE), [(call,), "sorry"], functions)
    assert done.last.outputs == {"ask": "sorry"}
    assert said in runtime.submitted[0][0][1]
    assert runtime.submitted[0][0][1].startswith("Error: ")
    assert done.of(ToolCallFinished)[0].error == kind


def test_on_error_fail_fails_the_step_and_cancels_the_run(tmp_path):
    functions = {"look": lambda: ToolFailed(kind="exception", message="it broke")}
    calls = (ToolCall("a", "look", "{}"),)
    done, runtime, _ = run(tmp_path, plan_of(ONE, on_error="fail"), [calls], functions)
    assert done.step("ask").error == "tool `look`: it broke"
    assert runtime.cancelled == ["run_0"]
    assert done.step("ask").tool_calls[0]["error"] == "exception"


def test_a_tool_without_arguments_may_be_called_with_an_empty_text(tmp_path):
    calls = (ToolCall("a", "look", ""),)
    _, _, tools = run(tmp_path, plan_of(ONE), [calls, "done"], {"look": lambda: "x"})
    assert tools.calls == [("look", {})]


def test_steps_on_one_thread_share_it_and_others_have_their_own(tmp_path):
    plan = plan_of(("a", "talk", "one"), ("b", "talk", "two"), ("c", None, "three"))
    _, runtime, _ = run(tmp_path, plan, ["1", "2", "3"])
    first, second, third = [request.thread_id for request in runtime.requests]
    assert first == second != third


def test_an_answer_held_to_a_schema_is_parsed(tmp_path):
    done, runtime, _ = run(tmp_path, plan_of(ONE, output=SCHEMA), ['{"score": 7}'])
    assert done.last.outputs == {"ask": {"score": 7}}
    asked = runtime.requests[0].response_format
    assert asked["json_schema"]["schema"] == SCHEMA
    assert asked["json_schema"]["strict"] is False


def test_an_answer_that_breaks_its_schema_is_sent_back_once(tmp_path):
    done, runtime, _ = run(tmp_path, plan_of(ONE, output=SCHEMA), ["seven", '{"score": 7}'])
    assert done.last.outputs == {"ask": {"score": 7}}
    assert "does not fit the required JSON Schema" in runtime.requests[1].message
    assert runtime.requests[0].thread_id == runtime.requests[1].thread_id
    assert done.step("ask").usage["total_tokens"] == 30


def test_a_second_answer_that_breaks_its_schema_fails_the_step(tmp_path):
    done, _, _ = run(tmp_path, plan_of(ONE, output=SCHEMA), ['{"score": "x"}', "{}"])
    assert done.step("ask").error_code == "output"
    assert "`score`" in done.step("ask").error or "score" in done.step("ask").error


@pytest.mark.parametrize(
    ("status", "denied", "code"),
    [
        ("failed", False, "endpoint"),
        ("failed", True, "denied"),
        ("incomplete", False, "incomplete"),
        ("cancelled", False, "cancelled"),
    ],
)
def test_a_run_that_did_not_complete_is_never_an_answer(tmp_path, status, denied, code):
    ended = RunEnded(
        run_id="run_0", status=status, messages=("half",), error="no such model", error_hint="do",
        denied=denied,
    )  # fmt: skip
    done, _, _ = run(tmp_path, plan_of(ONE), [ended])
    finished = done.step("ask")
    assert (finished.status, finished.error_code, finished.hint) == ("failed", code, "do")
    assert done.last.error == "step `ask` failed: no such model"
    assert finished.messages == ("half",)


def test_after_a_crash_in_a_round_finished_tools_are_not_run_again(tmp_path):
    first = (ToolCall("a", "look", '{"at": 1}'),)
    second = (ToolCall("b", "look", '{"at": 2}'), ToolCall("c", "look", '{"at": 3}'))
    runtime = ToldRuntime({"guide": [first, second, "done"]})
    crashed = []

    async def look(at):
        if at == 3 and not crashed:
            crashed.append(at)
            raise Died
        return f"seen {at}"

    tools = ToldTools({"look": look})
    plan = plan_of(ONE, effect="repeatable")
    with pytest.raises(Died):
        interpret(tmp_path, plan, runtime=runtime, tools=tools, inputs={"name": "Ann"})
    done = interpret(tmp_path, plan, runtime=runtime, tools=tools, resume=True)
    assert done.last.outputs == {"ask": "done"}
    assert [given["at"] for _, given in tools.calls] == [1, 2, 3, 3]
    assert runtime.submitted[-1] == [("b", "seen 2"), ("c", "seen 3")]
    assert [one["output"] for one in done.step("ask").tool_calls] == ["seen 1", "seen 2", "seen 3"]
    assert [one.round for one in done.of(ToolOutputsSubmitted)] == [1, 2]
    assert len(runtime.requests) == 1


def test_an_unknown_outcome_in_a_round_fails_the_step(tmp_path):
    calls = (ToolCall("a", "look", "{}"),)
    runtime = ToldRuntime({"guide": [calls, "done"]})
    made = []

    def look():
        made.append(1)
        raise Died

    tools, plan = ToldTools({"look": look}), failing_on_unknown(plan_of(ONE))
    with pytest.raises(Died):
        interpret(tmp_path, plan, runtime=runtime, tools=tools, inputs={"name": "Ann"})
    done = interpret(tmp_path, plan, runtime=runtime, tools=tools, resume=True)
    assert done.step("ask").error_code == "outcome_unknown"
    assert len(made) == 1
    assert runtime.submitted == []


EXPIRED = RunEnded(run_id="run_0", status="expired", error="expired")


def run_again(tmp_path, runtime, tools, plan):
    return interpret(tmp_path, plan, runtime=runtime, tools=tools, resume=True)


def test_a_run_that_expired_over_an_interruption_is_followed_by_another(tmp_path):
    runtime = ToldRuntime({"guide": [EXPIRED, "late, but here"]}, pop_ended=True)
    done = interpret(tmp_path, plan_of(ONE), runtime=runtime, inputs={"name": "Ann"})
    assert done.last.outputs == {"ask": "late, but here"}
    assert [request.message for request in runtime.requests] == ["Hello Ann", None]
    assert runtime.requests[0].label != runtime.requests[1].label


def test_a_run_that_always_expires_fails_the_step(tmp_path):
    done, runtime, _ = run(tmp_path, plan_of(ONE), [EXPIRED])
    assert done.step("ask").error_code == "expired"
    assert len(runtime.requests) == 8


def test_the_run_after_an_expired_one_is_given_the_results_there_are(tmp_path):
    first = (ToolCall("a", "look", '{"at": 1}'),)
    again = (ToolCall("x", "look", '{"at":1}'), ToolCall("y", "look", '{"at": 2}'))
    runtime = ToldRuntime({"guide": [first, EXPIRED, again, "done"]}, pop_ended=True)
    tools = ToldTools({"look": lambda at: f"seen {at}"})
    done = interpret(tmp_path, plan_of(ONE), runtime=runtime, tools=tools, inputs={"name": "Ann"})
    assert done.last.outputs == {"ask": "done"}
    assert [given["at"] for _, given in tools.calls] == [1, 2]
    assert runtime.submitted[-1] == [("x", "seen 1"), ("y", "seen 2")]


def test_what_a_crash_left_unknown_stays_unknown_in_the_next_run(tmp_path):
    runtime = ToldRuntime({"guide": [(ToolCall("a", "pay", '{"sum": 5}'),)]}, pop_ended=True)
    paid = []

    def pay(**given):
        paid.append(given)
        raise Died

    plan = failing_on_unknown(plan_of(ONE, tools=("pay",)))
    tools = ToldTools({"pay": pay})
    with pytest.raises(Died):
        interpret(tmp_path, plan, runtime=runtime, tools=tools, inputs={"name": "Ann"})
    runtime.stops["guide"] = [EXPIRED, (ToolCall("b", "pay", '{"sum": 5}'),), "done"]
    done = run_again(tmp_path, runtime, tools, plan)
    assert done.step("ask").error_code == "outcome_unknown"
    assert len(paid) == 1


CALL = (ToolCall("a", "look", "{}"),)


def test_a_stream_is_closed_before_its_calls_are_made(tmp_path):
    runtime, open_streams = ToldRuntime({"guide": [CALL, CALL, "done"]}), []

    async def look():
        open_streams.append(runtime.streaming)
        return "seen"

    tools = ToldTools({"look": look})
    plan = plan_of(ONE, effect="repeatable")
    interpret(tmp_path, plan, runtime=runtime, tools=tools, inputs={"name": "Ann"})
    assert open_streams == [0, 0]
    assert runtime.streaming == 0


def test_a_stream_is_closed_when_whoever_watches_breaks_off(tmp_path):
    runtime = ToldRuntime({"guide": ["Hello"]})

    def watch(stamped):
        if isinstance(stamped.event, MessageDelta):
            assert runtime.streaming == 1
            raise Died

    with pytest.raises(Died):
        interpret(tmp_path, plan_of(ONE), runtime=runtime, inputs={"name": "Ann"}, watch=watch)
    assert runtime.streaming == 0


class CutRuntime(ToldRuntime):
    """Its streams end without a stop."""

    async def start_run(self, request):
        yield RunBegan("run_0")
        yield RunTextDelta("msg", "half a")


def test_a_stream_that_ends_before_its_run_fails_the_step(tmp_path):
    done = interpret(tmp_path, plan_of(ONE), runtime=CutRuntime({}), inputs={"name": "Ann"})
    finished = done.step("ask")
    assert (finished.error_code, finished.output) == ("runtime", None)
    assert finished.error == "the run's stream ended before the run did"


class RefusingRuntime(ToldRuntime):
    """Takes a run and refuses whatever comes then."""

    async def cancel(self, thread_id, run_id):
        raise RuntimeRejected("cannot cancel a run that is `expired`")

    async def submit_tool_outputs(self, thread_id, run_id, outputs):
        raise RuntimeRejected("the run expired meanwhile")
        yield


def test_why_a_step_failed_is_told_although_its_run_cannot_be_cancelled(tmp_path):
    tools = ToldTools({"look": lambda: ToolFailed(kind="exception", message="it broke")})
    done = interpret(
        tmp_path,
        plan_of(ONE, on_error="fail"),
        runtime=RefusingRuntime({"guide": [CALL]}),
        tools=tools,
        inputs={"name": "Ann"},
    )
    assert done.step("ask").error == "tool `look`: it broke"


def test_what_a_runtime_refuses_fails_the_step_in_its_words(tmp_path):
    done = interpret(
        tmp_path,
        plan_of(ONE),
        runtime=RefusingRuntime({"guide": [CALL]}),
        tools=ToldTools({"look": lambda: "seen"}),
        inputs={"name": "Ann"},
    )
    finished = done.step("ask")
    assert (finished.error_code, finished.error) == ("runtime", "the run expired meanwhile")
    assert finished.tool_calls[0]["output"] == "seen"


def test_a_message_that_cannot_be_evaluated_fails_the_step_before_any_run(tmp_path):
    done, runtime, _ = run(tmp_path, plan_of(("ask", None, "{{ inputs.nobody.name }}")), ["Hi"])
    assert done.step("ask").error_code == "expression"
    assert runtime.requests == []


def test_an_answer_with_a_number_that_json_does_not_have_is_sent_back(tmp_path):
    plan = plan_of(ONE, output={"type": "object"})
    done, runtime, _ = run(tmp_path, plan, ['{"score": NaN}', '{"score": 1}'])
    assert done.last.outputs == {"ask": {"score": 1}}
    assert "`NaN` is not a JSON value" in runtime.requests[1].message


def test_threads_of_equal_keys_are_one_across_runs_and_others_are_not(tmp_path):
    plan = replace(
        plan_of(("ask", "talk", "Hello")),
        threads=(PlannedThread(name="talk", key="{{ inputs.name }}"),),
    )
    opened = []
    for number, name in enumerate(["Ann", "Ann", "Bob"]):
        runtime = ToldRuntime({"guide": ["Hi"]})
        interpret(tmp_path / str(number), plan, runtime=runtime, inputs={"name": name})
        opened.append(runtime.requests[0].thread_id)
    assert opened[0] == opened[1] != opened[2]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"score": 7, "of": [None, True, "ü"]}, '{"score":7,"of":[null,true,"ü"]}'),
        ([1, 2.5], "[1,2.5]"),
        (False, "false"),
        ("text", "text"),
    ],
)
def test_a_message_that_is_one_expression_says_what_it_would_say_inside_a_text(
    tmp_path, value, said
):
    plan = plan_of(
        ("ask", None, "{{ inputs.value }}"),
        ("again", None, "> {{ inputs.value }}"),
        instructions="{{ inputs.value }}",
    )
    runtime = ToldRuntime({"guide": ["1", "2"]})
    interpret(tmp_path, plan, runtime=runtime, inputs={"value": value})
    assert [one.message for one in runtime.requests] == [said, f"> {said}"]
    assert runtime.assistants[0].instructions == said

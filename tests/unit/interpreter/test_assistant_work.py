"""What comes of an assistant step: one record of its answer, its calls and its cost."""

from dataclasses import dataclass

from flowrun.events.records import ToolCallFinished, ToolCallRequest
from flowrun.interpreter.assistant_work import AnsweredCall, AssistantWork, StepFailed
from flowrun.interpreter.state import open_state, prepare_plan
from flowrun.ports.models import TokenUsage
from tests.support.interpreting import ToldRuntime, ToldTools, talk_plan

PLAN = talk_plan(("ask", None, "Hello"))


@dataclass
class At:
    """A scope of which only the time is asked."""

    time: float

    def now(self):
        return self.time


def work(**known):
    state = open_state(
        prepare_plan(PLAN), ToldRuntime({}), ToldTools({}), run_id="r", inputs={}, environment={}
    )
    return AssistantWork(
        scope=At(12.5),
        state=state,
        step=PLAN.steps[0],
        assistant=PLAN.assistants[0],
        began=10.0,
        **known,
    )


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
    usage = TokenUsage(10, 5, 15, cached_tokens=4)
    finished = work(thread_id="thread_1", run_id="run_0", usage=usage, messages=("Hi",)).finish(
        output={"score": 1}
    )
    assert (finished.step, finished.status, finished.output) == ("ask", "completed", {"score": 1})
    assert (finished.thread_id, finished.run_id, finished.messages) == (
        "thread_1",
        "run_0",
        ("Hi",),
    )
    assert finished.usage == {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    assert finished.duration_s == 2.5
    assert (finished.error, finished.error_code, finished.hint) == (None, None, None)


def test_a_failed_step_says_why_and_keeps_what_there_was():
    failure = StepFailed("endpoint", "no such model", "name another")
    finished = work(thread_id="thread_1", messages=("half",)).finish(failure=failure)
    assert (finished.status, finished.output) == ("failed", None)
    assert (finished.error, finished.error_code) == ("no such model", "endpoint")
    assert (finished.hint, finished.messages) == ("name another", ("half",))


def test_a_step_that_never_had_a_thread_names_none():
    finished = work().finish(failure=StepFailed("runtime", "no"))
    assert (finished.thread_id, finished.run_id) == (None, None)


def test_every_call_is_recorded_in_order_with_how_it_ended_as_far_as_is_known():
    calls = [answered(1, "seen"), answered(2, "Error: it broke", "exception"), answered(3)]
    records = work(calls=calls).finish(output="x").tool_calls
    assert [(one["id"], one["output"], one["error"]) for one in records] == [
        ("call_1", "seen", None),
        ("call_2", "Error: it broke", "exception"),
        ("call_3", None, None),
    ]
    assert records[0]["name"] == "look"
    assert records[0]["arguments"] == "{}"

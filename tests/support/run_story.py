"""One flow run as a story of events, for tests of what is shown of it."""

from itertools import count

from flowrun.events.records import (
    AssistantRunStarted,
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
    MessageDelta,
    QuestionAsked,
    StepFinished,
    StepRetrying,
    StepStarted,
    ToolCallFinished,
    ToolCallRequest,
    ToolCallsRequested,
    ToolCallStarted,
    ToolOutputsSubmitted,
)
from flowrun.events.stamped import TRANSIENT, StampedEvent

DIGEST = "7c1e09a1b2c3" + "0" * 52
BEGAN = 1_763_645_707.0
USAGE = {"prompt_tokens": 300, "completion_tokens": 24, "total_tokens": 324}


def stamp(*moments):
    """Return stamped events of `(seconds since the beginning, event)`; kept ones are numbered."""
    numbers = count(1)
    return [
        StampedEvent(event, None if type(event) in TRANSIENT else next(numbers), BEGAN + after)
        for after, event in moments
    ]


def started(after=0.0):
    return (
        after,
        FlowRunStarted(flow="trip-report", plan_digest=DIGEST, inputs={"city": "Paris"}),
    )


def forecast():
    """An assistant step that calls two tools at once, one of which fails."""
    calls = (
        ToolCallRequest(id="call_1", tool="get_weather", arguments='{"city": "Paris"}'),
        ToolCallRequest(id="call_2", tool="get_weather", arguments='{"city": "Atlantis"}'),
    )
    return [
        (0.0, StepStarted(step="forecast")),
        (
            0.1,
            AssistantRunStarted(
                step="forecast", assistant="guide", thread_id="thread_1", run_id="run_1"
            ),
        ),
        (0.4, ToolCallsRequested(step="forecast", run_id="run_1", round=1, calls=calls)),
        (0.4, ToolCallStarted(step="forecast", call_id="call_1", tool="get_weather")),
        (0.4, ToolCallStarted(step="forecast", call_id="call_2", tool="get_weather")),
        (0.5, _call("call_1", "completed", "18 degrees", None)),
        (0.6, _call("call_2", "failed", "error: there is no such place", "exception")),
        (
            0.6,
            ToolOutputsSubmitted(
                step="forecast", run_id="run_1", round=1, call_ids=("call_1", "call_2")
            ),
        ),
        (0.8, MessageDelta(step="forecast", text="It is ")),
        (0.9, MessageDelta(step="forecast", text="mild.")),
        (
            1.0,
            StepFinished(
                step="forecast",
                status="completed",
                output="It is mild.",
                usage=USAGE,
                thread_id="thread_1",
                run_id="run_1",
                duration_s=1.0,
            ),
        ),
    ]


def disk_fails():
    """A tool step that fails, after which nothing more can run."""
    return [
        (0.0, StepStarted(step="disk")),
        (0.0, ToolCallStarted(step="disk", call_id="", tool="disk_free")),
        (
            0.2,
            StepFinished(
                step="disk",
                status="failed",
                error="`df` exited with 1",
                error_code="tool",
                duration_s=0.2,
            ),
        ),
    ]


def completed():
    """A whole run that went well."""
    return stamp(
        started(),
        *forecast(),
        (1.1, FlowRunFinished(status="completed", outputs={"report": "Mild."}, duration_s=1.1)),
    )


def failed():
    """A whole run that went wrong."""
    return stamp(
        started(),
        *forecast(),
        *disk_fails(),
        (
            1.1,
            StepFinished(step="report", status="skipped", error="not run: step `disk` failed"),
        ),
        (
            1.1,
            FlowRunFinished(
                status="failed",
                error="step `disk` failed: `df` exited with 1",
                error_code="tool",
                hint="look at the path",
                duration_s=1.1,
            ),
        ),
    )


def parked():
    """A run that was stopped in the middle."""
    return stamp(started(), *forecast()[:6], (0.7, FlowRunParked(reason="interrupted")))


def resumed():
    """The same run, entered again and brought to its end."""
    return stamp(
        started(),
        *forecast()[:6],
        (0.7, FlowRunParked(reason="interrupted")),
        (60.0, FlowRunResumed(entry=2)),
        *[(60.0 + after, event) for after, event in forecast()[6:]],
        (61.1, FlowRunFinished(status="completed", duration_s=1.4)),
    )


def _call(call_id, status, output, error):
    return ToolCallFinished(
        step="forecast",
        call_id=call_id,
        tool="get_weather",
        status=status,
        output=output,
        error=error,
        duration_s=0.1,
    )


STAY = {
    "type": "object",
    "properties": {
        "nights": {"type": "integer", "minimum": 1, "description": "How many nights"},
        "breakfast": {"type": "boolean", "default": True},
    },
    "required": ["nights"],
    "additionalProperties": False,
}
"""The form that a traveller fills in."""


def stay(step="stay", **changed):
    """A question with a form."""
    facts = {
        "step": step,
        "question": f"steps/{step}/answer",
        "kind": "form",
        "message": "How long will you stay?",
        "schema": STAY,
    }
    return QuestionAsked(**(facts | changed))


def asking():
    """A run that waits for a person."""
    return stamp(
        started(),
        *forecast(),
        (1.0, StepStarted(step="stay")),
        (1.1, stay()),
        (
            1.2,
            FlowRunParked(
                reason="waiting for an answer to `stay`", questions=("steps/stay/answer",)
            ),
        ),
    )


def summarising():
    """A run of a step with three items, one of which fails in two tries."""
    return stamp(
        started(),
        (0.0, StepStarted(step="files", items=3)),
        (0.0, StepStarted(step="files[0]")),
        (0.0, StepStarted(step="files[1]")),
        (0.1, StepFinished(step="files[1]~1", status="failed", error="too long", usage=USAGE)),
        (
            0.1,
            StepRetrying(
                step="files[1]",
                attempt=1,
                error="too long",
                error_code="incomplete",
                retry_at=BEGAN + 4.1,
            ),
        ),
        (1.0, StepFinished(step="files[0]", status="completed", output="one", usage=USAGE)),
        (1.0, StepStarted(step="files[2]")),
        (5.0, StepFinished(step="files[1]~2", status="failed", error="too long", usage=USAGE)),
        (5.0, StepFinished(step="files[1]", status="failed", error="too long", usage=USAGE)),
        (6.0, StepFinished(step="files[2]", status="completed", output="three", usage=USAGE)),
        (
            6.0,
            StepFinished(
                step="files",
                status="failed",
                output=["one", None, "three"],
                error="1 of 3 items failed, the first: item 1: too long",
                error_code="items",
                errors=({"index": 1, "error": "too long", "code": "incomplete"},),
                usage={"total_tokens": 1296},
                cost_usd=0.0125,
                duration_s=6.0,
            ),
        ),
        (
            6.0,
            FlowRunFinished(
                status="failed",
                error="step `files` failed: 1 of 3 items failed, the first: item 1: too long",
                error_code="items",
                usage={"total_tokens": 1296},
                cost_usd=0.0125,
                duration_s=6.0,
            ),
        ),
    )

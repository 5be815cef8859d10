"""What came of a run, from its events alone: the summary, the result object, the outputs as text.

The object is what `--format json` prints and what scripts rely on; its keys are a promise.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, assert_never, cast

from flowrun.events.records import (
    AssistantRunStarted,
    Event,
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
    MessageDelta,
    StepFinished,
    StepStarted,
    ToolCallFinished,
    ToolCallsRequested,
    ToolCallStarted,
    ToolOutputsSubmitted,
)
from flowrun.events.stamped import StampedEvent
from flowrun.ids import JsonObject, JsonValue
from flowrun.views.text import Stream, neutralise, say

RESULT_VERSION = 1

RunState: TypeAlias = Literal["running", "parked", "completed", "failed", "cancelled"]
StepState: TypeAlias = Literal["pending", "running", "completed", "failed", "skipped"]

TOKENS = ("prompt_tokens", "completion_tokens", "total_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSummary:
    """One tool call of a step."""

    id: str
    tool: str
    arguments: str | None
    """As the model wrote them; None for a call that no model made."""
    status: Literal["running", "completed", "failed"] = "running"
    output: str | None = None
    error: str | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSummary:
    """One step as it stands."""

    name: str
    status: StepState = "pending"
    started_at: float | None = None
    output: JsonValue = None
    error: str | None = None
    error_code: str | None = None
    hint: str | None = None
    usage: JsonObject | None = None
    assistant: str | None = None
    thread_id: str | None = None
    run_id: str | None = None
    duration_s: float | None = None
    calls: tuple[CallSummary, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run as its events so far tell it."""

    run_id: str
    flow: str = ""
    status: RunState = "running"
    plan_digest: str = ""
    inputs: JsonObject = field(default_factory=dict)
    outputs: JsonObject = field(default_factory=dict)
    steps: tuple[StepSummary, ...] = ()
    entries: int = 1
    """How many times it was entered."""
    error: str | None = None
    """One sentence, for a run that failed, or the reason for which it is parked."""
    error_code: str | None = None
    hint: str | None = None
    duration_s: float | None = None

    @property
    def usage(self) -> dict[str, int]:
        """Tokens of all steps together."""
        return add_usage(step.usage for step in self.steps)


def fold(run_id: str, events: Iterable[StampedEvent], *, steps: Sequence[str] = ()) -> RunSummary:
    """Return what the events say of the run.

    Args:
        run_id: The flow run's id, which events do not repeat.
        events: In their order, from the beginning; transient ones may be among them or not.
        steps: Names of all steps of the plan, in its order, so that those not reached are listed;
            steps that are not named here follow in the order in which they began.
    """
    folding = _Folding(run_id, steps)
    for one in events:
        folding.take(one.event, one.at)
    return folding.summary()


def result_object(summary: RunSummary) -> JsonObject:
    """Return the result as `--format json` promises it."""
    return {
        "format_version": RESULT_VERSION,
        "run_id": summary.run_id,
        "flow": summary.flow,
        "status": summary.status,
        "plan_digest": summary.plan_digest,
        "outputs": summary.outputs,
        "steps": {step.name: _step_object(step) for step in summary.steps},
        "usage": summary.usage,
        "duration_s": _seconds(summary.duration_s),
        "error": _error_object(summary),
    }


def write_outputs(summary: RunSummary, stream: Stream) -> None:
    """Write the outputs as text: a single one as it is, several under their names.

    A file or a pipe is given the very text; a terminal is spared its control characters.
    """
    if not summary.outputs:
        return
    text = _outputs_text(summary.outputs)
    shown = neutralise(text) if stream.isatty() else text
    stream.write(shown if shown.endswith("\n") else shown + "\n")


def resume_command(run_id: str, project: str = "") -> str:
    """Return what a person types to go on with a run.

    Args:
        run_id: Of the run.
        project: The project's folder, where the command would look for another one by itself.
    """
    elsewhere = f" --project {shlex.quote(project)}" if project else ""
    return f"flowrun runs resume {run_id}{elsewhere}"


def add_usage(usages: Iterable[JsonObject | None]) -> dict[str, int]:
    """Return the sum, by kind of token; the three usual kinds are always there."""
    total = dict.fromkeys(TOKENS, 0)
    for usage in usages:
        for kind, number in (usage or {}).items():
            if isinstance(number, int):
                total[kind] = total.get(kind, 0) + number
    return total


def _outputs_text(outputs: JsonObject) -> str:
    if len(outputs) == 1:
        return "".join(say(value) for value in outputs.values())
    return "\n\n".join(f"{name}:\n{say(value).rstrip()}" for name, value in outputs.items())


def _error_object(summary: RunSummary) -> JsonObject | None:
    if summary.error is None:
        return None
    return {"code": summary.error_code, "message": summary.error, "hint": summary.hint}


def _step_object(step: StepSummary) -> JsonObject:
    error: JsonObject | None = None
    if step.error is not None:
        error = {"code": step.error_code, "message": step.error, "hint": step.hint}
    return {
        "status": step.status,
        "output": step.output,
        "error": error,
        "usage": step.usage,
        "thread_id": step.thread_id,
        "run_id": step.run_id,
        "duration_s": _seconds(step.duration_s),
    }


def _seconds(duration: float | None) -> float | None:
    return None if duration is None else round(duration, 3)


class _Folding:
    """The summary under construction; one entry a step, replaced as its events arrive."""

    def __init__(self, run_id: str, steps: Sequence[str]) -> None:
        self._run = RunSummary(run_id=run_id)
        self._steps: dict[str, StepSummary] = {name: StepSummary(name=name) for name in steps}
        self._calls: dict[str, list[CallSummary]] = {}
        self._latest: dict[tuple[str, str], int] = {}
        """Where the latest call of an id stands; servers may repeat ids from run to run."""

    def take(self, event: Event, at: float) -> None:
        match event:
            case FlowRunStarted() | FlowRunResumed() | FlowRunParked() | FlowRunFinished():
                self._take_run(event)
            case StepStarted(step=name):
                self._set(name, status="running", started_at=at)
            case AssistantRunStarted(step=name):
                ids = {"thread_id": event.thread_id, "run_id": event.run_id}
                self._set(name, assistant=event.assistant, **ids)
            case ToolCallsRequested():
                self._request_calls(event)
            case ToolCallFinished():
                self._finish_call(event)
            case StepFinished():
                self._finish_step(event)
            case MessageDelta() | ToolCallStarted() | ToolOutputsSubmitted():
                pass  # a summary is the same whether transient events were seen or not
            case _:
                assert_never(event)

    def summary(self) -> RunSummary:
        steps = [
            replace(step, calls=tuple(self._calls[step.name])) if step.name in self._calls else step
            for step in self._steps.values()
        ]
        return replace(self._run, steps=tuple(steps))

    def _take_run(
        self, event: FlowRunStarted | FlowRunResumed | FlowRunParked | FlowRunFinished
    ) -> None:
        match event:
            case FlowRunStarted():
                self._set_run(flow=event.flow, plan_digest=event.plan_digest, inputs=event.inputs)
            case FlowRunResumed(entry=entry):
                self._set_run(status="running", entries=entry)
                self._set_run(error=None, error_code=None, hint=None)
            case FlowRunParked(reason=reason):
                hint = resume_command(self._run.run_id)
                self._set_run(status="parked", error=reason, error_code="parked", hint=hint)
            case FlowRunFinished():
                self._set_run(status=event.status, outputs=event.outputs)
                self._set_run(error=event.error, error_code=event.error_code, hint=event.hint)
                self._set_run(duration_s=event.duration_s)

    def _request_calls(self, event: ToolCallsRequested) -> None:
        calls = self._calls.setdefault(event.step, [])
        for call in event.calls:
            self._latest[event.step, call.id] = len(calls)
            calls.append(CallSummary(id=call.id, tool=call.tool, arguments=call.arguments))

    def _finish_call(self, event: ToolCallFinished) -> None:
        calls = self._calls.setdefault(event.step, [])
        index = self._latest.setdefault((event.step, event.call_id), len(calls))
        if index == len(calls):
            calls.append(CallSummary(id=event.call_id, tool=event.tool, arguments=None))
        calls[index] = replace(
            calls[index],
            status=event.status,
            output=event.output,
            error=event.error,
            duration_s=event.duration_s,
        )

    def _finish_step(self, event: StepFinished) -> None:
        if event.tool_calls and event.step not in self._calls:
            self._calls[event.step] = [_recorded_call(one) for one in event.tool_calls]
        self._set(event.step, status=event.status, output=event.output, usage=event.usage)
        self._set(event.step, error=event.error, error_code=event.error_code, hint=event.hint)
        self._set(event.step, thread_id=event.thread_id, run_id=event.run_id)
        self._set(event.step, duration_s=event.duration_s)

    def _set_run(self, **facts: JsonValue) -> None:
        self._run = replace(self._run, **facts)  # type: ignore[arg-type]  # fields of the events

    def _set(self, name: str, **facts: JsonValue) -> None:
        known = self._steps.get(name) or StepSummary(name=name)
        self._steps[name] = replace(known, **facts)  # type: ignore[arg-type]  # fields of the events


def _recorded_call(record: Mapping[str, JsonValue]) -> CallSummary:
    """Read one entry of `StepFinished.tool_calls`, for a step whose single events are not here."""
    told = cast("Mapping[str, str | None]", record)  # every value is a text or null; see there
    error = told.get("error")
    return CallSummary(
        id=told.get("id") or "",
        tool=told.get("name") or "",
        arguments=told.get("arguments"),
        status="completed" if error is None else "failed",
        output=told.get("output"),
        error=error,
    )

"""A run as its events tell it: the run, its steps, their items, iterations and tries.

`fold` takes the events in and `RunSummary` comes out; nothing else is looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never, cast

from flowrun.events.questions import questions_of
from flowrun.events.records import (
    AssistantRunStarted,
    FlowRunCancelling,
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
    MessageDelta,
    QuestionAnswered,
    QuestionAsked,
    StepFinished,
    StepRetrying,
    StepStarted,
    ToolCallFinished,
    ToolCallsRequested,
    ToolCallStarted,
    ToolOutputsSubmitted,
)
from flowrun.events.stamped import StampedEvent
from flowrun.ids import JsonObject, JsonValue
from flowrun.views.commands import answer_commands, resume_command
from flowrun.views.questions import cancelled_text
from flowrun.views.runs import RunState
from flowrun.views.step_summary import (
    CallSummary,
    StepSummary,
    add_usage,
    arrange_steps,
    outermost_finished,
)


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
    """The plan's, in its order, each followed by those of its sub-flow."""
    entries: int = 1
    """How many times it was entered."""
    error: str | None = None
    """One sentence, for a run that failed, or the reason for which it is parked."""
    error_code: str | None = None
    hint: str | None = None
    duration_s: float | None = None
    usage: Mapping[str, int] = field(default_factory=lambda: add_usage(()))
    """Tokens: of the whole run when it is over, of what is finished before that."""
    cost_usd: float | None = None
    """None when a model that took part has no price."""
    questions: tuple[QuestionAsked, ...] = ()
    """Those that people are still waited for with, the oldest first."""
    wake_at: float | None = None
    """When a timer goes on with it, in seconds since the epoch."""
    cancelling: FlowRunCancelling | None = None
    """Who cancelled it, and why."""


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
        folding.take(one)
    return folding.summary()


class _Folding:
    """The summary under construction; one entry a label, replaced as its events arrive."""

    def __init__(self, run_id: str, steps: Sequence[str]) -> None:
        self._run = RunSummary(run_id=run_id)
        self._steps: dict[str, StepSummary] = {name: StepSummary(name=name) for name in steps}
        self._calls: dict[str, list[CallSummary]] = {}
        self._latest: dict[tuple[str, str], int] = {}
        """Where the latest call of an id stands; servers may repeat ids from run to run."""
        self._asked: list[StampedEvent] = []
        """What decides which questions are open."""
        self._is_over = False

    def take(self, stamped: StampedEvent) -> None:
        event = stamped.event
        match event:
            case (
                FlowRunStarted()
                | FlowRunResumed()
                | FlowRunParked()
                | FlowRunCancelling()
                | FlowRunFinished()
            ):
                self._take_run(event)
            case StepStarted(step=name):
                self._set(name, status="running", started_at=stamped.at, items=event.items)
            case StepFinished():
                self._finish_step(event)
            case AssistantRunStarted(step=name):
                ids = {"thread_id": event.thread_id, "run_id": event.run_id}
                self._set(name, assistant=event.assistant, **ids)
            case ToolCallsRequested():
                self._request_calls(event)
            case ToolCallFinished():
                self._finish_call(event)
            case QuestionAsked() | QuestionAnswered() | StepRetrying():
                pass  # what is open is found at the end; each try ends with an event of its own
            case MessageDelta() | ToolCallStarted() | ToolOutputsSubmitted():
                pass  # a summary is the same whether transient events were seen or not
            case _:
                assert_never(event)
        if isinstance(event, QuestionAsked) or (
            self._asked and isinstance(event, QuestionAnswered | StepFinished | FlowRunFinished)
        ):
            self._asked.append(stamped)

    def summary(self) -> RunSummary:
        told = {
            label: replace(step, calls=tuple(self._calls[label])) if label in self._calls else step
            for label, step in self._steps.items()
        }
        questions = tuple(one.asked for one in questions_of(self._asked) if one.is_open)
        run = replace(self._run, steps=arrange_steps(told.values()), questions=questions)
        if run.status == "parked" and questions:
            run = replace(run, hint=answer_commands(run.run_id, questions[0], among=questions)[0])
        if self._is_over:
            return run
        ended = outermost_finished(told)
        usage = add_usage(step.usage for step in ended)
        costs = [step.cost_usd for step in ended if step.usage is not None]
        known = [cost for cost in costs if cost is not None]
        return replace(
            run, usage=usage, cost_usd=float(sum(known)) if len(known) == len(costs) else None
        )

    def _take_run(
        self,
        event: FlowRunStarted
        | FlowRunResumed
        | FlowRunParked
        | FlowRunCancelling
        | FlowRunFinished,
    ) -> None:
        match event:
            case FlowRunStarted():
                self._set_run(flow=event.flow, plan_digest=event.plan_digest, inputs=event.inputs)
            case FlowRunResumed(entry=entry):
                self._set_run(status="running", entries=entry, wake_at=None)
                self._set_run(error=None, error_code=None, hint=None)
            case FlowRunParked(reason=reason):
                hint = resume_command(self._run.run_id)
                self._set_run(status="parked", error=reason, error_code="parked", hint=hint)
                self._set_run(wake_at=event.wake_at)
            case FlowRunCancelling():
                self._set_run(cancelling=event)
            case FlowRunFinished():
                self._finish_run(event)

    def _finish_run(self, event: FlowRunFinished) -> None:
        self._is_over = event.usage is not None
        if event.status == "cancelled":
            self._break_off()
        self._set_run(status=event.status, outputs=event.outputs, wake_at=None)
        error, by = event.error, self._run.cancelling
        if by is not None and event.status == "cancelled":
            error = cancelled_text(by.by, by.reason)
        self._set_run(error=error, error_code=event.error_code, hint=event.hint)
        self._set_run(duration_s=event.duration_s)
        self._set_run(usage=add_usage([event.usage]), cost_usd=event.cost_usd)

    def _break_off(self) -> None:
        """A run that nobody was at work on when it was cancelled has no word on its steps."""
        for label, step in self._steps.items():
            if step.status == "running":
                self._steps[label] = replace(
                    step, status="failed", error="cancelled", error_code="cancelled"
                )
            elif step.status == "pending":
                self._steps[label] = replace(step, status="skipped", error="the run was cancelled")

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
        self._set(event.step, duration_s=event.duration_s, cost_usd=event.cost_usd)
        self._set(event.step, errors=event.errors)

    def _set_run(self, **facts: object) -> None:
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

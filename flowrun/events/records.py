"""What happened, in the past tense: one closed union.

An event is written once, carries its own version through `events.codec`, and never changes.
Those marked transient are shown and not kept.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from flowrun.ids import JsonObject, JsonValue

StepStatus = Literal["completed", "failed", "skipped"]
ToolCallStatus = Literal["completed", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunStarted:
    """A run began."""

    flow: str
    plan_digest: str
    inputs: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunResumed:
    """A run was entered again after it was parked or its process died."""

    entry: int
    """How many times it has been entered, this one included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A step's needs are met and it began."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantRunStarted:
    """A step's assistant run exists at the runtime."""

    step: str
    assistant: str
    thread_id: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelta:
    """A piece of the answer as it streams. Transient."""

    step: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallRequest:
    """One call of a batch."""

    id: str
    tool: str
    arguments: str
    """As the model wrote them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallsRequested:
    """The run required action: all calls of one round, journaled before any of them starts."""

    step: str
    run_id: str
    round: int
    calls: tuple[ToolCallRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallStarted:
    """A tool began. Transient: the intent in the journal is what is kept."""

    step: str
    call_id: str
    tool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallFinished:
    """A tool ended, one way or the other."""

    step: str
    call_id: str
    tool: str
    status: ToolCallStatus
    output: str
    """What the model is told."""
    error: str | None
    """Kind of failure (`ports.tools.ToolFailureKind`), None when it succeeded."""
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutputsSubmitted:
    """All outputs of one round went to the runtime in one call."""

    step: str
    run_id: str
    round: int
    call_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """A step is over. This is the step's result record: what `steps.NAME` shows."""

    step: str
    status: StepStatus
    output: JsonValue = None
    error: str | None = None
    """One sentence, when it failed."""
    error_code: str | None = None
    """`tool`, `endpoint`, `denied`, `output`, `expression`, `incomplete`, `outcome_unknown`, ..."""
    hint: str | None = None
    messages: tuple[str, ...] = ()
    tool_calls: tuple[JsonObject, ...] = ()
    """`{id, name, arguments, output, error}` of every call, in order."""
    usage: JsonObject | None = None
    thread_id: str | None = None
    run_id: str | None = None
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunParked:
    """Work stopped on purpose and can be resumed."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunFinished:
    """A run is over: the only terminal event, exactly one to a run."""

    status: Literal["completed", "failed", "cancelled"]
    outputs: JsonObject = field(default_factory=dict)
    error: str | None = None
    error_code: str | None = None
    """The failed step's; see `StepFinished`."""
    hint: str | None = None
    duration_s: float = 0.0


Event: TypeAlias = (
    FlowRunStarted
    | FlowRunResumed
    | StepStarted
    | AssistantRunStarted
    | MessageDelta
    | ToolCallsRequested
    | ToolCallStarted
    | ToolCallFinished
    | ToolOutputsSubmitted
    | StepFinished
    | FlowRunParked
    | FlowRunFinished
)

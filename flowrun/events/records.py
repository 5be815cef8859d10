"""What happened, in the past tense: one closed union.

An event is written once, carries its own version through `events.codec`, and never changes.
Those marked transient are shown and not kept.

`step` is a step's label. It is the step's name; inside a sub-flow `outer/inner`; for one item of a
`foreach` `name[3]` (from 0, as in the list); for one iteration of a `repeat` `name#2` (from 1); for
one try of a `retry` `name~2` (from 1). The suffixes come in this order: `files[3]#2~1`.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from flowrun.ids import JsonObject, JsonValue

StepStatus = Literal["completed", "failed", "skipped"]
ToolCallStatus = Literal["completed", "failed"]
QuestionKind = Literal["approve", "form", "approval", "unknown"]
"""`approve` and `form`: an `ask` step without and with a schema. `approval`: a tool that a person
must approve. `unknown`: a call whose outcome a crash has hidden."""
Decision = Literal["approved", "rejected", "answered", "done", "run", "fail"]
"""`approved` and `rejected` answer `approve` and `approval`; `answered` and `rejected` a `form`;
`done` (with what it came to), `run` (it did not happen, run it) and `fail` an `unknown`."""


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
    """A step's needs are met and it began; or an item or an iteration of one."""

    step: str
    items: int | None = None
    """How many items a `foreach` has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRetrying:
    """A try failed and another one follows."""

    step: str
    """Without the try."""
    attempt: int
    """The try that failed, from 1."""
    error: str
    error_code: str | None
    retry_at: float
    """When the next one begins, in seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    """A person is waited for."""

    step: str
    question: str
    """Plan path, unique in the run: what an answer is addressed to."""
    kind: QuestionKind
    message: str
    schema: JsonObject | None = None
    """JSON Schema of the value, an object, for `form`."""
    call_id: str = ""
    tool: str = ""
    arguments: JsonObject = field(default_factory=dict)
    """For `approval` and `unknown`: the call in question."""
    expires_at: float | None = None
    """In seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered:
    """A person answered, and it counts."""

    step: str
    question: str
    decision: Decision
    value: JsonValue = None
    """For `answered` the form's values; for `done` what the call came to."""
    by: str = ""
    comment: str = ""


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
    value: JsonValue = None
    """What the tool returned, for the call of a tool step that was made after all; see
    `interpreter.tool_call`."""


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
    """`tool`, `endpoint`, `denied`, `output`, `expression`, `incomplete`, `outcome_unknown`,
    `timeout`, `rejected`, `budget`, `items`, `repeat`, `cancelled`, ..."""
    hint: str | None = None
    messages: tuple[str, ...] = ()
    tool_calls: tuple[JsonObject, ...] = ()
    """`{id, name, arguments, output, error}` of every call, in order."""
    usage: JsonObject | None = None
    cost_usd: float | None = None
    """None when a model that took part has no price."""
    errors: tuple[JsonObject, ...] = ()
    """`{index, error, code}` of every item of a `foreach` that failed."""
    thread_id: str | None = None
    run_id: str | None = None
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunParked:
    """Work stopped on purpose and can be resumed."""

    reason: str
    questions: tuple[str, ...] = ()
    """Those that people are waited for with, by their plan paths; see `QuestionAsked`."""
    wake_at: float | None = None
    """When a timer goes on with it, in seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunCancelling:
    """Somebody cancelled the run; nothing new begins."""

    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunFinished:
    """A run is over: the only terminal event, exactly one to a run."""

    status: Literal["completed", "failed", "cancelled"]
    outputs: JsonObject = field(default_factory=dict)
    error: str | None = None
    error_code: str | None = None
    """The failed step's; see `StepFinished`."""
    hint: str | None = None
    usage: JsonObject | None = None
    """Tokens of the whole run, failed tries and cancelled runs included."""
    cost_usd: float | None = None
    """None when a model that took part has no price."""
    duration_s: float = 0.0


Event: TypeAlias = (
    FlowRunStarted
    | FlowRunResumed
    | StepStarted
    | StepRetrying
    | QuestionAsked
    | QuestionAnswered
    | AssistantRunStarted
    | MessageDelta
    | ToolCallsRequested
    | ToolCallStarted
    | ToolCallFinished
    | ToolOutputsSubmitted
    | StepFinished
    | FlowRunParked
    | FlowRunCancelling
    | FlowRunFinished
)

"""The objects of the Assistants API v2 as values: frozen, complete, without behaviour.

Fields are those of the protocol; `label`, `endpoint` and the budget counters are ours. What the
protocol derives from a status (which of the `..._at` fields is filled, whether usage is told yet)
is derived here too, so that no record can contradict itself. Times are whole Unix seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from flowrun.ids import JsonObject, JsonValue
from flowrun.ports.models import FunctionTool, TokenUsage, ToolCall
from flowrun.ports.runtime import TERMINAL, AnsweredRound, RunStatus

Metadata: TypeAlias = Mapping[str, str]

MessageRole = Literal["user", "assistant"]
MessageStatus = Literal["in_progress", "completed", "incomplete"]
MessageCut = Literal["content_filter", "max_tokens", "run_cancelled", "run_expired", "run_failed"]
StepStatus = Literal["in_progress", "completed", "failed", "cancelled", "expired"]
RunCut = Literal["max_completion_tokens", "max_prompt_tokens", "content_filter"]
ErrorCode = Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAssistant:
    """An assistant as somebody wants it."""

    model: str
    endpoint: str = ""
    """Which model endpoint answers for it; empty for the default one."""
    name: str | None = None
    description: str | None = None
    instructions: str | None = None
    tools: tuple[FunctionTool, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    reasoning_effort: str | None = None
    response_format: JsonValue = None
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """An assistant that exists."""

    id: str
    created_at: int
    label: str
    """Under which its maker finds it again; empty for none."""
    spec: NewAssistant


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation."""

    id: str
    number: int
    """Ours: the key its messages and steps are stored under."""
    created_at: int
    label: str = ""
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text of a message."""

    text: str
    annotations: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusalPart:
    """What the model said instead of answering."""

    refusal: str


ContentPart: TypeAlias = TextPart | RefusalPart


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message as somebody wants it."""

    content: tuple[TextPart, ...]
    role: MessageRole = "user"
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of a thread."""

    id: str
    thread_id: str
    place: int
    """Its place in the thread, in one sequence with the run steps."""
    created_at: int
    role: MessageRole
    content: tuple[ContentPart, ...]
    status: MessageStatus = "completed"
    ended_at: int | None = None
    cut: MessageCut | None = None
    """Why it is incomplete."""
    assistant_id: str | None = None
    run_id: str | None = None
    metadata: Metadata = field(default_factory=dict)

    @property
    def completed_at(self) -> int | None:
        """When the model finished it."""
        return self.ended_at if self.status == "completed" else None

    @property
    def incomplete_at(self) -> int | None:
        """When it was cut short."""
        return self.ended_at if self.status == "incomplete" else None

    @property
    def text(self) -> str:
        """All it says, refusals included, parts separated by a line feed."""
        return "\n".join(
            [part.text if isinstance(part, TextPart) else part.refusal for part in self.content]
        )


@dataclass(frozen=True, slots=True)
class LastError:
    """Why a run failed. `hint` and `denied` are ours and stay out of the wire."""

    code: ErrorCode
    message: str
    hint: str | None = None
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Truncation:
    """How much of the thread a run is shown."""

    type: Literal["auto", "last_messages"] = "auto"
    last_messages: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSnapshot:
    """A run's own copy of what it took from its assistant; later edits do not reach it."""

    model: str
    endpoint: str
    assistant: str
    """The assistant's name, for the scripted model."""
    instructions: str
    tools: tuple[FunctionTool, ...]
    temperature: float | None
    top_p: float | None
    reasoning_effort: str | None
    response_format: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a run was asked for beyond its assistant."""

    tool_choice: JsonValue = None
    parallel_tool_calls: bool | None = None
    """None is not sent to the model; the protocol shows it as true."""
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    truncation: Truncation = field(default_factory=Truncation)
    response_format: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run as somebody wants it. None means: what the assistant says."""

    thread_id: str
    assistant_id: str
    label: str = ""
    messages: tuple[NewMessage, ...] = ()
    """Added to the thread in the same breath as the run."""
    rounds: tuple[AnsweredRound, ...] = ()
    """Answered calls of a run put aside, that this one begins with; ours, not the protocol's."""
    model: str | None = None
    instructions: str | None = None
    additional_instructions: str | None = None
    tools: tuple[FunctionTool, ...] | None = None
    temperature: float | None = None
    top_p: float | None = None
    reasoning_effort: str | None = None
    options: RunOptions = field(default_factory=RunOptions)
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """The part of a run that changes."""

    status: RunStatus = "queued"
    started_at: int | None = None
    """When it last went to work; submitting outputs rewrites it."""
    ended_at: int | None = None
    tokens: TokenUsage = field(default_factory=TokenUsage)
    """As the endpoint reported them, summed over the run's turns so far."""
    prompt_charged: int = 0
    """Counted against `max_prompt_tokens`: as reported, or estimated where nothing was."""
    completion_charged: int = 0
    """Counted against `max_completion_tokens`, likewise."""
    last_error: LastError | None = None
    cut: RunCut | None = None
    """Why it is incomplete."""
    pending_calls: tuple[ToolCall, ...] = ()
    """Those whose outputs it waits for; the store has them in the run's last step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantRun:
    """One run of an assistant on a thread."""

    id: str
    number: int
    """Ours: the key it is stored under."""
    thread_id: str
    assistant_id: str
    created_at: int
    deadline: int
    """When it expires unless it is over; submitting outputs does not move it."""
    first_place: int
    """Messages and steps of this run have this place or a later one."""
    snapshot: RunSnapshot
    options: RunOptions
    label: str = ""
    metadata: Metadata = field(default_factory=dict)
    state: RunState = field(default_factory=RunState)

    @property
    def status(self) -> RunStatus:
        """Where it stands."""
        return self.state.status

    @property
    def is_over(self) -> bool:
        """Whether the status is a terminal one."""
        return self.state.status in TERMINAL

    @property
    def expires_at(self) -> int | None:
        """When it will expire; None once it is over."""
        return None if self.is_over else self.deadline

    @property
    def completed_at(self) -> int | None:
        """When it completed."""
        return self.state.ended_at if self.status == "completed" else None

    @property
    def failed_at(self) -> int | None:
        """When it failed."""
        return self.state.ended_at if self.status == "failed" else None

    @property
    def cancelled_at(self) -> int | None:
        """When it was cancelled."""
        return self.state.ended_at if self.status == "cancelled" else None

    @property
    def usage(self) -> TokenUsage | None:
        """Tokens of the whole run; None until it is over."""
        return self.state.tokens if self.is_over else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """One thing a run did: it wrote a message, or it asked for tool calls."""

    id: str
    run_id: str
    thread_id: str
    assistant_id: str
    place: int
    created_at: int
    status: StepStatus
    message_id: str | None = None
    """The message it wrote; None makes it a step of tool calls."""
    calls: tuple[ToolCall, ...] = ()
    outputs: tuple[str, ...] | None = None
    """In the order of `calls`; None until they were submitted."""
    tokens: TokenUsage | None = None
    """As the endpoint reported them for the turn; None when it reported none."""
    ended_at: int | None = None
    last_error: LastError | None = None

    @property
    def type(self) -> Literal["message_creation", "tool_calls"]:
        """The protocol's name for what it did."""
        return "message_creation" if self.message_id is not None else "tool_calls"

    @property
    def usage(self) -> TokenUsage | None:
        """Tokens of the step; None until it is over."""
        return self.tokens if self.status != "in_progress" else None

    @property
    def completed_at(self) -> int | None:
        """When it completed."""
        return self.ended_at if self.status == "completed" else None

    @property
    def failed_at(self) -> int | None:
        """When it failed."""
        return self.ended_at if self.status == "failed" else None

    @property
    def cancelled_at(self) -> int | None:
        """When it was cancelled."""
        return self.ended_at if self.status == "cancelled" else None

    @property
    def expired_at(self) -> int | None:
        """When it expired."""
        return self.ended_at if self.status == "expired" else None

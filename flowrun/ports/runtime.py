"""A place where assistants, threads and runs live, in the words of the Assistants API.

Every operation that makes something takes a `label`, derived from the flow run and the plan path.
Making the same label again finds what was made before: whoever resumes after a crash asks again
and never doubles anything.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from flowrun.ids import JsonObject, JsonValue
from flowrun.ports.models import FunctionTool, TokenUsage, ToolCall

RunStatus = Literal[
    "queued",
    "in_progress",
    "requires_action",
    "cancelling",
    "cancelled",
    "failed",
    "completed",
    "incomplete",
    "expired",
]

TERMINAL: frozenset[RunStatus] = frozenset(
    ("cancelled", "failed", "completed", "incomplete", "expired")
)


@dataclass(frozen=True, slots=True)
class RuntimeCapabilities:
    """What a runtime can honour; what it cannot is a diagnostic before the run."""

    fields: frozenset[str]
    """Assistant and run fields, under `PlannedAssistant`'s names."""
    tools: frozenset[str]
    """Built-in tools: `file_search`, `code_interpreter`."""
    keyed_threads: bool
    rounds: bool = False
    """Whether `RunRequest.rounds` is honoured; otherwise the caller must say it in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantDefinition:
    """An assistant as declared, everything resolved. Equal definitions are one assistant."""

    name: str
    model: str
    endpoint: str = ""
    instructions: str = ""
    description: str = ""
    tools: tuple[FunctionTool, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    reasoning_effort: str | None = None
    response_format: JsonValue = None
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AnsweredRound:
    """One requires-action round that is over: what was called, and the output of each call."""

    calls: tuple[ToolCall, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One assistant run on a thread."""

    thread_id: str
    assistant_id: str
    label: str
    message: str | None = None
    """A user message that the thread is given first, in the same breath as the run."""
    rounds: tuple[AnsweredRound, ...] = ()
    """Rounds of an earlier run on this thread, put aside before its end, that this one begins with:
    its first turn sees these calls and their outputs. In order."""
    tool_choice: JsonValue = None
    parallel_tool_calls: bool | None = None
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    truncation: JsonObject | None = None
    response_format: JsonValue = None
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RunBegan:
    """The run exists under this id; always first, whether it is new or found again."""

    run_id: str


@dataclass(frozen=True, slots=True)
class RunTextDelta:
    """A piece of an assistant message as it streams. A view, not state: never journaled."""

    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class RunRequiresAction:
    """The run waits for the outputs of exactly these calls; the stream ends here.

    Call ids are unique within the run, whatever the model's server repeats from turn to turn.
    """

    run_id: str
    calls: tuple[ToolCall, ...]
    usage: TokenUsage = field(default_factory=TokenUsage)
    """Of the run so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The run is over; the stream ends here."""

    run_id: str
    status: RunStatus
    messages: tuple[str, ...] = ()
    """Texts of the assistant messages of this run, in order."""
    usage: TokenUsage = field(default_factory=TokenUsage)
    error_code: str | None = None
    error: str | None = None
    """One sentence, for `failed`, `incomplete` and `expired`."""
    error_hint: str | None = None
    denied: bool = False
    """The failure was one of sign-in or permission."""


RunEvent: TypeAlias = RunBegan | RunTextDelta | RunRequiresAction | RunEnded


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """The answer to one call, as text."""

    call_id: str
    output: str


class Runtime(Protocol):
    """Assistants, threads and runs somewhere."""

    @property
    def capabilities(self) -> RuntimeCapabilities:
        """Facts about this runtime; nobody asks its name."""
        ...

    async def put_assistant(self, definition: AssistantDefinition) -> str:
        """Return the id of the assistant that is exactly so, making it if there is none."""
        ...

    async def open_thread(self, label: str, metadata: Sequence[tuple[str, str]] = ()) -> str:
        """Return the id of the thread with this label, making it if there is none."""
        ...

    def start_run(self, request: RunRequest) -> AsyncIterator[RunEvent]:
        """Start a run, or attach to the one with this label; end at its next stop.

        Raises:
            RuntimeRejected: the thread has another active run, or a field is out of bounds.
        """
        ...

    def submit_tool_outputs(
        self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]
    ) -> AsyncIterator[RunEvent]:
        """Submit the complete set of outputs and go on to the run's next stop.

        A run that took these outputs already is attached to instead.
        """
        ...

    async def cancel(self, thread_id: str, run_id: str) -> TokenUsage:
        """Cancel the run; a run that is over stays as it is. Return what it used in all.

        Raises:
            RuntimeRejected: there is no such run.
        """
        ...

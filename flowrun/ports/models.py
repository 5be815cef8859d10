"""What a model endpoint is to the rest: a transcript goes in, deltas and one turn come out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from flowrun.ids import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class UserItem:
    """What a person (or the flow) said."""

    text: str


@dataclass(frozen=True, slots=True)
class AssistantItem:
    """What the model said."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function call that the model asked for. `arguments` is the text it wrote, valid or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolCallsItem:
    """One turn of the model that asked for calls, with what it said before them."""

    calls: tuple[ToolCall, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class ToolOutputItem:
    """The answer to one call."""

    call_id: str
    output: str


TranscriptItem: TypeAlias = UserItem | AssistantItem | ToolCallsItem | ToolOutputItem


@dataclass(slots=True)
class Transcript:
    """A conversation that only grows.

    `encoded` belongs to the wires: under a wire's name the bytes of each item, in step with
    `items`, so that an item is encoded once however many turns repeat it.
    """

    items: list[TranscriptItem] = field(default_factory=list)
    encoded: dict[str, list[bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTool:
    """A function as the model is shown it."""

    name: str
    description: str
    parameters: JsonObject
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One turn wanted. None always means: not sent, the endpoint's default."""

    model: str
    transcript: Transcript
    start: int = 0
    """Index of the first transcript item that is sent; truncation moves it."""
    instructions: str = ""
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: JsonValue = None
    """`none`, `auto`, `required`, or `{"type": "function", "function": {"name": ...}}`."""
    parallel_tool_calls: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    reasoning_effort: str | None = None
    response_format: JsonValue = None
    """As the Assistants API has it: `{"type": "json_object"}` or
    `{"type": "json_schema", "json_schema": {name, schema, strict}}`."""
    max_output_tokens: int | None = None
    assistant: str = ""
    """Name of the assistant that speaks; the scripted model matches on it, wires do not send it."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of text as it streams."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a call as it streams: `id` and `name` come once, with the first piece."""

    index: int
    id: str | None
    name: str | None
    arguments: str


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one turn, or a sum of turns."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: "TokenUsage") -> "TokenUsage":
        return TokenUsage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.total_tokens + other.total_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


Finish = Literal["stop", "tool_calls", "length", "content_filter"]


@dataclass(frozen=True, slots=True)
class ModelTurn:
    """The whole turn, always the last thing a response yields.

    `finish` is derived: calls present means `tool_calls`, whatever the server claimed.
    Call ids are unique within the turn; servers that repeat or omit them are given ours.
    """

    text: str
    calls: tuple[ToolCall, ...]
    finish: Finish
    usage: TokenUsage | None
    refusal: str = ""


ModelEvent: TypeAlias = TextDelta | ToolCallDelta | ModelTurn


class ModelClient(Protocol):
    """One model endpoint."""

    def respond(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Stream one turn: deltas, then exactly one `ModelTurn`.

        Retries inside where it helps and nothing was yielded yet. Closing the iterator ends the
        request.

        Raises:
            EndpointError: the turn could not be had; a stream that ended early is one, too.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...

"""A model endpoint whose turns are told in advance, as a real implementation of the port."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from flowrun.errors import EndpointError
from flowrun.ports.models import (
    Finish,
    ModelEvent,
    ModelRequest,
    ModelTurn,
    TextDelta,
    TokenUsage,
    ToolCall,
    ToolCallDelta,
    TranscriptItem,
)

USAGE = TokenUsage(10, 5, 15)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One turn: text in pieces, then calls, then the whole turn; or an error at the end."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    usage: TokenUsage | None = USAGE
    finish: Finish | None = None
    refusal: str = ""
    error: EndpointError | None = None
    chunk: int = 8
    hold: bool = False
    """Wait for `TurnsModel.release` before the last event."""
    no_end: bool = False
    """Stop without a turn, as no client may."""


def say(text: str, **more) -> Reply:
    return Reply(text=text, **more)


def call(*named: tuple[str, str] | str, text: str = "", **more) -> Reply:
    """Return a turn of calls: each `(id, name)`, or a name whose id is `call_NAME`."""
    calls = tuple(
        ToolCall(f"call_{one}", one, "{}") if isinstance(one, str) else ToolCall(*one, "{}")
        for one in named
    )
    return Reply(text=text, calls=calls, **more)


@dataclass(frozen=True)
class Asked:
    """A request as it stood when it was made: the transcript goes on growing."""

    request: ModelRequest
    items: tuple[TranscriptItem, ...]


@dataclass
class TurnsModel:
    """Answers with one reply after the other; a call too many is a mistake of the test."""

    replies: deque[Reply]
    asked: list[Asked] = field(default_factory=list)
    open_streams: int = 0
    on_request: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.holding = asyncio.Event()
        self.release = asyncio.Event()

    def model_for(self, endpoint: str) -> "TurnsModel":
        return self

    async def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        sent = tuple(request.transcript.items[request.start :])
        self.asked.append(Asked(request, sent))
        if self.on_request is not None:
            self.on_request()
        reply = self.replies.popleft()
        self.open_streams += 1
        try:
            for event in _pieces(reply):
                yield event
            if reply.hold:
                self.holding.set()
                await self.release.wait()
            if reply.error is not None:
                raise reply.error
            if not reply.no_end:
                finish = reply.finish or ("tool_calls" if reply.calls else "stop")
                yield ModelTurn(reply.text, reply.calls, finish, reply.usage, reply.refusal)
        finally:
            self.open_streams -= 1

    async def close(self) -> None:
        pass


def _pieces(reply: Reply) -> list[ModelEvent]:
    text = reply.text
    pieces: list[ModelEvent] = [
        TextDelta(text[start : start + reply.chunk]) for start in range(0, len(text), reply.chunk)
    ]
    for index, one in enumerate(reply.calls):
        pieces.append(ToolCallDelta(index, one.id, one.name, ""))
        pieces.append(ToolCallDelta(index, None, None, one.arguments))
    return pieces

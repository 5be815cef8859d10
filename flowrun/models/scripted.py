"""A model that answers from a reviewed file: same streams, same failures, no network.

The file's replies are matched by `models.script`. There is no default answer. A failure that
another try may help is tried again as on a real endpoint, without the wait: nothing changes
meanwhile.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing

from flowrun.errors import EndpointError, EndpointRefused
from flowrun.ids import derive, duration_s
from flowrun.models import failures
from flowrun.models.endpoint import Endpoint
from flowrun.models.failures import ServerError
from flowrun.models.script import Script, Unmatched, read_asked
from flowrun.ports.models import (
    AssistantItem,
    Finish,
    ModelEvent,
    ModelRequest,
    ModelTurn,
    TextDelta,
    TokenUsage,
    ToolCall,
    ToolCallDelta,
    ToolCallsItem,
    ToolOutputItem,
    TranscriptItem,
    UserItem,
)
from flowrun.spec.replies import Replies, Reply

RETRIES = 3


class ScriptedModel:
    """A `ModelClient` over a replies file. It holds nothing; one may serve many conversations."""

    def __init__(
        self,
        replies: Replies,
        *,
        name: str = "scripted",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._script = Script(replies)
        # A key is pretended, so that a scripted 401 is worded as one that was sent and refused.
        self._endpoint = Endpoint(name=name, base_url="http://scripted.invalid/v1", api_key="-")
        self._sleep = sleep

    async def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Stream one turn; see `ports.models.ModelClient`."""
        tries = 0
        while True:
            tries += 1
            yielded = False
            try:
                reply = self._choose(request)
                async with aclosing(self._stream(reply, request)) as events:
                    async for event in events:
                        yielded = True
                        yield event
                return
            except EndpointError as error:
                if yielded or not error.retryable or tries > RETRIES:
                    raise

    async def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def _choose(self, request: ModelRequest) -> Reply:
        found = self._script.choose(read_asked(request))
        if isinstance(found, Unmatched):
            raise EndpointRefused(
                self._endpoint.name,
                found.problem,
                hint="add a reply to the replies file, or widen the nearest one",
            )
        if found.error is not None:
            error = found.error
            raise failures.failure(
                self._endpoint,
                request.model,
                ServerError(error.message or "", (error.code or "").lower(), error.status),
                retry_after_s=error.retry_after,
            )
        return found

    async def _stream(
        self, reply: Reply, request: ModelRequest
    ) -> AsyncGenerator[ModelEvent, None]:
        calls = scripted_calls(reply, request)
        pause = duration_s(reply.delay) if reply.delay else 0.0
        for count, delta in enumerate(deltas(reply, calls)):
            if reply.cut is not None and count >= reply.cut:
                break
            if pause and count:
                await self._sleep(pause)
            yield delta
        if reply.cut is not None:
            raise failures.cut_stream(self._endpoint)
        finish: Finish = "tool_calls" if calls else reply.finish or "stop"
        yield ModelTurn(reply.say or "", calls, finish, scripted_usage(reply, request, calls))


def scripted_calls(reply: Reply, request: ModelRequest) -> tuple[ToolCall, ...]:
    """Return the calls of a reply; ids not given are the same for the same conversation."""
    place = str(len(request.transcript.items))
    calls: list[ToolCall] = []
    for number, call in enumerate(reply.call):
        arguments = call.arguments
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        made_up = derive("call_", place, str(number), call.tool, text)
        calls.append(ToolCall(call.id or made_up, call.tool, text))
    return tuple(calls)


def deltas(reply: Reply, calls: tuple[ToolCall, ...]) -> Iterator[TextDelta | ToolCallDelta]:
    """Yield the pieces that a reply streams as: its text in chunks, then each call whole."""
    text = reply.say or ""
    for at in range(0, len(text), reply.chunk):
        yield TextDelta(text[at : at + reply.chunk])
    for index, call in enumerate(calls):
        yield ToolCallDelta(index, call.id, call.name, call.arguments)


def scripted_usage(reply: Reply, request: ModelRequest, calls: tuple[ToolCall, ...]) -> TokenUsage:
    """Return the usage that the reply reports, else one token a word."""
    if reply.usage is not None:
        prompt, completion = reply.usage.prompt_tokens, reply.usage.completion_tokens
    else:
        sent = request.transcript.items[request.start :]
        prompt = _words(request.instructions) + sum(_words(_text(one)) for one in sent)
        completion = _words(reply.say or "") + sum(_words(one.arguments) for one in calls)
    return TokenUsage(prompt, completion, prompt + completion)


def _text(item: TranscriptItem) -> str:
    match item:
        case UserItem() | AssistantItem():
            return item.text
        case ToolCallsItem():
            return " ".join([item.text, *[call.arguments for call in item.calls]])
        case ToolOutputItem():
            return item.output


def _words(text: str) -> int:
    return len(text.split())

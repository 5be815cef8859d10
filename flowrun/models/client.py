"""One endpoint as a `ModelClient`: encode, send, read, and try again where that helps.

A wire says how a request is written and an answer read; what happens in between is the same for
all of them and happens here.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Protocol

from flowrun.clock import Clock, SystemClock
from flowrun.errors import EndpointError
from flowrun.models.answer import AnswerReader
from flowrun.models.endpoint import Endpoint
from flowrun.models.reading import Wire
from flowrun.models.retries import RetryPolicy
from flowrun.ports.models import ModelEvent, ModelRequest

MOST_REQUESTS = 1000
"""At a time, where the endpoint sets no limit: each holds a connection."""

DRAIN_S = 0.25
"""How long the end of a finished answer is waited for, to keep its connection."""
LAST_WORDS_S = 10.0
"""How long a server may be silent between the end of the text and usage or `[DONE]`.

Some send neither and hold the line; the read timeout would be minutes."""


class EndpointClient:
    """A `ModelClient` over HTTP.

    `sleep`, `retry` and `clock` are for tests that must not wait.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        wire: Wire,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        retry: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._wire = wire
        self._sleep = sleep
        self._retry = retry or RetryPolicy(endpoint.retries)
        self._clock = clock or SystemClock()
        self._connection: _Connection | None = None
        self._connecting = asyncio.Lock()
        self._turnstile = asyncio.Semaphore(endpoint.max_concurrency or MOST_REQUESTS)

    async def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Stream one turn; see `ports.models.ModelClient`."""
        body = self._wire.encode(request)
        tries = 0
        while True:
            tries += 1
            yielded = False
            try:
                async with self._turnstile, aclosing(self._try(request.model, body)) as events:
                    async for event in events:
                        yielded = True
                        yield event
                return
            except EndpointError as error:
                delay = None if yielded else self._retry.delay(error, tries)
                if delay is None:
                    raise
            await self._sleep(delay)

    async def close(self) -> None:
        """Close all connections."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _try(self, model: str, body: bytes) -> AsyncGenerator[ModelEvent, None]:
        connection = self._connection or await self._connect()
        answer = await connection.post(self._wire.path, body, model)
        try:
            reader = AnswerReader(
                self._endpoint, model, self._wire.reading(), content_type=answer.content_type
            )
            async with aclosing(answer.chunks()) as chunks:
                while (chunk := await _next(chunks, reader)) is not None:
                    for event in reader.feed(chunk):
                        yield event
                    if reader.done:
                        await _drain(chunks)
                        break
            for event in reader.finish():
                yield event
            yield reader.turn()
        finally:
            await answer.close()

    async def _connect(self) -> "_Connection":
        async with self._connecting:
            if self._connection is None:
                # Loading the SDK and making its TLS context takes long enough to stall a stream.
                self._connection = await asyncio.to_thread(_load, self._endpoint, self._clock)
        return self._connection


class _Answer(Protocol):
    @property
    def content_type(self) -> str: ...

    def chunks(self) -> AsyncGenerator[bytes, None]: ...

    async def close(self) -> None: ...


class _Connection(Protocol):
    async def post(self, path: str, body: bytes, model: str) -> _Answer: ...

    async def close(self) -> None: ...


def _load(endpoint: Endpoint, clock: Clock) -> _Connection:
    # Here and not above: importing the SDK costs more than checking a flow.
    from flowrun.models.sdk import SdkClient

    return SdkClient(endpoint, clock)


async def _next(chunks: AsyncGenerator[bytes, None], reader: AnswerReader) -> bytes | None:
    """Return the next chunk; None at the end, or when nothing comes after an answer's end."""
    if not reader.complete:
        return await anext(chunks, None)
    try:
        async with asyncio.timeout(LAST_WORDS_S):
            return await anext(chunks, None)
    except (EndpointError, TimeoutError):
        return None


async def _drain(chunks: AsyncGenerator[bytes, None]) -> None:
    try:
        async with asyncio.timeout(DRAIN_S):
            async for _ in chunks:
                pass
    except TimeoutError:
        pass  # the server holds the line; the connection is closed in place of being kept

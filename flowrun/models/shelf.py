"""Connections on a shelf: an HTTP transport for one host that stays quick with many of them.

The library's pool looks at every connection, and polls its socket, whenever a request begins or
ends; with a hundred conversations at once that is half of all the work. An endpoint is one host, so
a shelf does: each request takes a transport of its own from it, the last one put back first, and
puts it back with its connection kept. Connecting, TLS, HTTP and expiry stay the library's.

A server may close a kept connection in the moment in which a request goes out on it. Such a request
was not answered because of its connection, not because of the server, and goes out once more on a
new one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2

LONGEST_IDLE_S = 30.0
"""What was not used for so long is closed, one with each request that ends."""


class ShelfTransport(httpx2.AsyncBaseTransport):
    """Hands each request to a transport that no other request uses meanwhile."""

    def __init__(self, make: Callable[[], httpx2.AsyncBaseTransport]) -> None:
        self._make = make
        self._idle: deque[tuple[float, httpx2.AsyncBaseTransport]] = deque()
        self._busy: set[httpx2.AsyncBaseTransport] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; its transport is busy until the response is closed."""
        is_kept = bool(self._idle)
        transport = self._idle.pop()[1] if is_kept else self._make()
        self._busy.add(transport)
        try:
            response = await self._send(transport, request, is_kept=is_kept)
        except BaseException:
            await self._put_back(transport)
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Lent(response.stream, lambda: self._put_back(transport))
        return response

    async def _send(
        self, transport: httpx2.AsyncBaseTransport, request: httpx2.Request, *, is_kept: bool
    ) -> httpx2.Response:
        try:
            return await transport.handle_async_request(request)
        except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError) as error:
            if not is_kept or not _left_without_a_word(error):
                raise
        # The transport has dropped the connection that failed and makes a new one.
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection, busy ones included."""
        transports = [*self._busy, *(one for _, one in self._idle)]
        self._idle.clear()
        self._busy.clear()
        for transport in transports:
            await transport.aclose()

    async def _put_back(self, transport: httpx2.AsyncBaseTransport) -> None:
        if transport not in self._busy:
            return  # put back before, or closed with the rest
        self._busy.remove(transport)
        now = asyncio.get_running_loop().time()
        self._idle.append((now, transport))
        if now - self._idle[0][0] > LONGEST_IDLE_S:
            await self._idle.popleft()[1].aclose()


def _left_without_a_word(error: httpx2.TransportError) -> bool:
    """Tell a closed connection from an answer that is no HTTP."""
    return not isinstance(error, httpx2.RemoteProtocolError) or "disconnected" in str(error)


class _Lent(httpx2.AsyncByteStream):
    """A response's body that gives its transport back when it is closed."""

    def __init__(
        self, body: httpx2.AsyncByteStream, give_back: Callable[[], Awaitable[None]]
    ) -> None:
        self._body = body
        self._give_back = give_back

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._body.__aiter__()

    async def aclose(self) -> None:
        try:
            await self._body.aclose()
        finally:
            await self._give_back()

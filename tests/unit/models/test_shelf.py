import asyncio

import httpx2
import pytest

from flowrun.models import shelf
from flowrun.models.shelf import ShelfTransport


class Body(httpx2.AsyncByteStream):
    async def __aiter__(self):
        yield b"ok"


class Line(httpx2.AsyncBaseTransport):
    """A transport that answers, or fails, and remembers whether it was closed."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.closed = False

    async def handle_async_request(self, request):
        if self.failures:
            raise self.failures.pop(0)
        return httpx2.Response(200, stream=Body())

    async def aclose(self):
        self.closed = True


class Lines:
    def __init__(self, *failures):
        self.made = []
        self.failures = list(failures)

    def __call__(self):
        self.made.append(Line(*self.failures[:1]))
        del self.failures[:1]
        return self.made[-1]


REQUEST = httpx2.Request("POST", "http://host/")


def run(work):
    return asyncio.run(work())


def test_a_transport_is_busy_until_its_response_is_closed():
    async def work():
        lines = Lines()
        transport = ShelfTransport(lines)
        first = await transport.handle_async_request(REQUEST)
        second = await transport.handle_async_request(REQUEST)
        assert len(lines.made) == 2
        await first.aclose()
        third = await transport.handle_async_request(REQUEST)
        assert len(lines.made) == 2
        await second.aclose()
        await third.aclose()
        await transport.aclose()

    run(work)


def test_a_body_passes_through():
    async def work():
        async with httpx2.AsyncClient(transport=ShelfTransport(Lines())) as client:
            assert (await client.post("http://host/")).content == b"ok"

    run(work)


def test_a_failed_request_gives_its_transport_back():
    async def work():
        lines = Lines(httpx2.ConnectError("no"))
        transport = ShelfTransport(lines)
        with pytest.raises(httpx2.ConnectError):
            await transport.handle_async_request(REQUEST)
        lines.made[0].failure = None
        await (await transport.handle_async_request(REQUEST)).aclose()
        assert len(lines.made) == 1

    run(work)


def test_closing_a_response_twice_gives_back_once():
    async def work():
        lines = Lines()
        transport = ShelfTransport(lines)
        response = await transport.handle_async_request(REQUEST)
        await response.stream.aclose()
        await response.stream.aclose()
        await transport.handle_async_request(REQUEST)
        await transport.handle_async_request(REQUEST)
        assert len(lines.made) == 2
        await transport.aclose()

    run(work)


def test_closing_closes_busy_and_idle_transports():
    async def work():
        lines = Lines()
        transport = ShelfTransport(lines)
        first = await transport.handle_async_request(REQUEST)
        await transport.handle_async_request(REQUEST)
        await first.aclose()
        await transport.aclose()
        assert [one.closed for one in lines.made] == [True, True]

    run(work)


def test_what_lay_idle_for_long_is_closed_by_and_by():
    async def work():
        now = [0.0]
        asyncio.get_running_loop().time = lambda: now[0]
        lines = Lines()
        transport = ShelfTransport(lines)
        responses = [await transport.handle_async_request(REQUEST) for _ in range(3)]
        for response in responses:
            await response.aclose()
        now[0] = shelf.LONGEST_IDLE_S + 1
        await (await transport.handle_async_request(REQUEST)).aclose()
        assert [one.closed for one in lines.made] == [True, False, False]
        await (await transport.handle_async_request(REQUEST)).aclose()
        assert [one.closed for one in lines.made] == [True, True, False]

    run(work)


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ReadError("reset"),
        httpx2.WriteError("broken pipe"),
        httpx2.RemoteProtocolError("Server disconnected without sending a response."),
    ],
)
def test_on_a_kept_connection_that_is_closed_meanwhile_a_request_goes_out_once_more(failure):
    async def work():
        lines = Lines()
        transport = ShelfTransport(lines)
        await (await transport.handle_async_request(REQUEST)).aclose()
        lines.made[0].failures = [failure]
        response = await transport.handle_async_request(REQUEST)
        assert (response.status_code, len(lines.made)) == (200, 1)
        await response.aclose()
        lines.made[0].failures = [failure, failure]
        with pytest.raises(type(failure)):
            await transport.handle_async_request(REQUEST)

    run(work)


def test_no_other_failure_sends_a_request_twice():
    async def work():
        for failure in (httpx2.ReadTimeout("slow"), httpx2.RemoteProtocolError("no HTTP")):
            lines = Lines()
            transport = ShelfTransport(lines)
            await (await transport.handle_async_request(REQUEST)).aclose()
            lines.made[0].failures = [failure]
            with pytest.raises(type(failure)):
                await transport.handle_async_request(REQUEST)
            assert len(lines.made) == 1

    run(work)

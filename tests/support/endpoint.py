"""A model endpoint on 127.0.0.1 for tests: real HTTP, both wires, scripted by behaviours.

    with serve(say("hello")) as server:
        client = open_model(Endpoint(name="test", base_url=server.base_url))
        ...
    assert server.requests[0].body["model"] == "m"

Each request takes the next behaviour, and the last one answers all that follow. A behaviour goes
out as `/v1/chat/completions` or `/v1/responses` would say it, by the path that was asked:

    say(text, **options)          a streamed text; options are the fields of `Turn`
    call(("tool", {...}), ...)    tool calls of one turn, `text` before them, `ids` of theirs
    Fail(status, error, headers)  an error; `error` is a JSON value or a text sent as it is
    Page(status)                  a web page
    Cut(turn, after)              the first so many stream events of it, then a closed connection
    HangUp()                      a closed connection in place of an answer
    Stall()                       nothing at all until the client leaves
    Hush(turn, after)             the first so many events, then silence until the client leaves
    Frames([b"...", ...])         these bytes, one network write each
    Whole(turn)                   the answer as one JSON text, though a stream was asked for

`serve(script_of(replies))` answers from a replies file by the matching of the scripted model. So
does `python -m tests.support.endpoint --replies FILE --port 0`, which prints its port on the first
line and serves until it is killed. The assistant's name is not on the wire: conditions on it hold.

Everything runs in one thread of its own; `serve` ends it. `server.left` is set once a client has
closed its connection before the answer was over.
"""

import argparse
import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from flowrun.ids import JsonValue, duration_s
from flowrun.models.script import Script, Unmatched, read_asked
from flowrun.models.scripted import scripted_calls, scripted_usage
from flowrun.ports.models import ToolCall
from flowrun.spec.replies import Replies
from tests.support.endpoint_wire import Request, Turn, error_body, events, read_request, whole


def say(text: str, **options) -> Turn:
    """Return a turn that says something."""
    return Turn(text, **options)


def call(*calls: tuple[str, JsonValue], text: str = "", ids: Sequence[str] = (), **options) -> Turn:
    """Return a turn that calls tools; arguments are a JSON value, or a text sent as it is."""
    made = [
        ToolCall(
            ids[number] if ids else f"call_{number}",
            name,
            arguments if isinstance(arguments, str) else json.dumps(arguments),
        )
        for number, (name, arguments) in enumerate(calls)
    ]
    return Turn(text, tuple(made), **{"finish": "tool_calls", **options})


@dataclass(frozen=True)
class Fail:
    status: int
    error: JsonValue = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    status: int = 200


@dataclass(frozen=True)
class Cut:
    answer: Turn
    after: int = 2


@dataclass(frozen=True)
class HangUp:
    pass


@dataclass(frozen=True)
class Stall:
    pass


@dataclass(frozen=True)
class Hush:
    answer: Turn = field(default_factory=Turn)
    after: int = 0


@dataclass(frozen=True)
class Frames:
    pieces: Sequence[bytes]
    content_type: str = "text/event-stream"


@dataclass(frozen=True)
class Whole:
    answer: Turn


Behaviour = Turn | Fail | Page | Cut | HangUp | Stall | Hush | Frames | Whole
Answering = Callable[[Request], Behaviour]


class Server:
    """A running endpoint."""

    def __init__(self, answer: Answering) -> None:
        self.requests: list[Request] = []
        self.left = threading.Event()
        self.connections = 0
        self.port = 0
        self._answer = answer

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests on one connection until either side closes it."""
        self.connections += 1
        try:
            while (request := await _read_request(reader)) is not None:
                self.requests.append(request)
                if not await self._respond(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left.set()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _respond(self, request, reader, writer) -> bool:
        behaviour = self._answer(request)
        match behaviour:
            case HangUp():
                return False
            case Fail(status, error, headers):
                body = error if isinstance(error, str) else json.dumps(error)
                kind = "text/plain" if isinstance(error, str) else "application/json"
                writer.write(_plain(status, kind, body.encode(), headers))
            case Page(status):
                writer.write(_plain(status, "text/html", b"<!doctype html><p>Hello</p>", {}))
            case Whole(answer):
                body = json.dumps(whole(request, answer)).encode()
                writer.write(_plain(200, "application/json", body, {}))
            case Frames(pieces, content_type):
                await _stream(writer, pieces, content_type=content_type)
            case Cut(answer, after):
                await _send_all(writer, _head("text/event-stream"))
                await _send_all(writer, *[_chunk(one) for one in events(request, answer)[:after]])
                return False
            case Hush(answer, after):
                await _send_all(writer, _head("text/event-stream"))
                await _send_all(writer, *[_chunk(one) for one in events(request, answer)[:after]])
                return await self._wait_for_the_end(reader)
            case Stall():
                return await self._wait_for_the_end(reader)
            case Turn():
                await _stream(writer, events(request, behaviour), delay_s=behaviour.delay_s)
        await writer.drain()
        return True

    async def _wait_for_the_end(self, reader: asyncio.StreamReader) -> bool:
        await reader.read()  # returns when the client closes
        self.left.set()
        return False


@contextmanager
def serve(*behaviours: Behaviour | Answering) -> Iterator[Server]:
    """Serve behaviours in turn, or what one function makes of each request."""
    server = Server(_in_turn(behaviours))
    started = threading.Event()
    ended = asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(_run(server, 0, started.set, ended))
    )
    thread.start()
    started.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


def script_of(replies: Replies, assistants: Mapping[str, str] | None = None) -> Answering:
    """Answer by a replies file, as the scripted model would.

    `assistants` says who speaks: a part of the instructions, and the assistant's name.
    """
    script = Script(replies)

    def answer(request: Request) -> Behaviour:
        asked = read_request(request, assistants or {})
        reply = script.choose(read_asked(asked))
        if isinstance(reply, Unmatched):
            return Fail(400, error_body(reply.problem, "invalid_request_error", None))
        if reply.error is not None:
            wait = reply.error.retry_after
            headers = {} if wait is None else {"retry-after": str(wait)}
            message = reply.error.message or "scripted"
            return Fail(reply.error.status, error_body(message, "error", reply.error.code), headers)
        calls = scripted_calls(reply, asked)
        given = Turn(
            reply.say or "",
            calls,
            piece=reply.chunk,
            usage=scripted_usage(reply, asked, calls),
            finish="tool_calls" if calls else reply.finish or "stop",
            delay_s=duration_s(reply.delay) if reply.delay else 0.0,
        )
        # One event opens a stream; the deltas follow it.
        return given if reply.cut is None else Cut(given, reply.cut + 1)

    return answer


def unused_port() -> int:
    """Return a port of 127.0.0.1 where nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _in_turn(behaviours: Sequence[Behaviour | Answering]) -> Answering:
    if len(behaviours) == 1 and callable(behaviours[0]):
        return behaviours[0]
    left = list(behaviours)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


async def _run(
    server: Server, port: int, started: Callable[[], None], ended: asyncio.Event
) -> None:
    talks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(server.talk(reader, writer))
        talks.add(task)
        task.add_done_callback(talks.discard)

    listening = await asyncio.start_server(accept, "127.0.0.1", port, limit=2**26)
    server.port = listening.sockets[0].getsockname()[1]
    started()
    await ended.wait()
    listening.close()
    for task in list(talks):
        task.cancel()
    await asyncio.gather(*talks, return_exceptions=True)


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(first.split(" ")[1], headers, json.loads(body) if body else {})


def _plain(status: int, content_type: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    fields = {"content-type": content_type, "content-length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} -\r\n{lines}\r\n".encode() + body


def _head(content_type: str) -> bytes:
    return (
        f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
    ).encode()


def _chunk(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


async def _send_all(writer: asyncio.StreamWriter, *pieces: bytes) -> None:
    for piece in pieces:
        writer.write(piece)
        await writer.drain()


async def _stream(writer, pieces, *, content_type="text/event-stream", delay_s=0.0) -> None:
    await _send_all(writer, _head(content_type))
    for piece in pieces:
        if delay_s:
            await asyncio.sleep(delay_s)
        await _send_all(writer, _chunk(piece))
    await _send_all(writer, b"0\r\n\r\n")


def main() -> None:
    """Serve a replies file until killed."""
    from flowrun.source.resolve import resolve_document
    from flowrun.source.text import SourceText
    from flowrun.spec.bind import bind_replies

    parser = argparse.ArgumentParser(description="A model endpoint that answers from a file.")
    parser.add_argument("--replies", required=True, type=Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    text = SourceText(options.replies.name, options.replies.read_text())
    document, found = resolve_document(options.replies.name, lambda path: text, {})
    bound, complaints = (None, ()) if document is None else bind_replies(document)
    if bound is None:
        raise SystemExit("\n".join(f"{one.span}: {one.message}" for one in (*found, *complaints)))
    server = Server(script_of(bound.replies))

    def started() -> None:
        print(server.port, flush=True)

    asyncio.run(_run(server, options.port, started, asyncio.Event()))


if __name__ == "__main__":
    main()

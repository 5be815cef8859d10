"""A model endpoint on 127.0.0.1 for tests: real HTTP, both wires, scripted by behaviours.

    with serve(Say("hello")) as server:
        client = open_model(Endpoint(name="test", base_url=server.base_url))
        ...
    assert server.requests[0].body["model"] == "m"

Each request takes the next behaviour, and the last one answers all that follow. What a behaviour
says goes out as `/v1/chat/completions` or `/v1/responses` would say it, by the path that was asked:

    Say(text)                         a streamed text; `usage`, `finish`, `piece` to vary it
    Call(("tool", {...}), ...)        tool calls of one turn, `text` before them
    Fail(status, error, headers)      an error; `error` is a JSON value or a text sent as it is
    Page(status)                      a web page
    Cut(behaviour, after)             the first so many stream events of it, then a closed connection
    HangUp()                          a closed connection in place of an answer
    Hush(behaviour, after)            the first so many events, then silence until the client leaves
    Frames(b"...", ...)               these bytes, one network write each; `content_type` to vary it
    Whole(behaviour)                  the answer as one JSON text, though a stream was asked for

`serve(script_of(replies))` answers from a replies file by the matching of the scripted model; so does
`python -m tests.support.endpoint --replies FILE --port 0`, which prints its port on the first line
and serves until it is killed. The assistant's name is not on the wire: conditions on it hold.

Everything runs in one thread of its own; `serve` ends it. `server.left` is set once a client has
closed its connection before the answer was over.
"""

import argparse
import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flowrun.ids import JsonObject, JsonValue
from flowrun.models.script import Script, Unmatched, read_asked
from flowrun.models.scripted import deltas, duration_s, scripted_calls, scripted_usage
from flowrun.ports.models import (
    AssistantItem,
    ModelRequest,
    TextDelta,
    TokenUsage,
    ToolCall,
    ToolCallsItem,
    ToolOutputItem,
    Transcript,
    TranscriptItem,
    UserItem,
)
from flowrun.spec.replies import Replies

USAGE = TokenUsage(7, 3, 10)


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: dict

    @property
    def wire(self) -> str:
        return "responses" if self.path.endswith("/responses") else "chat"


@dataclass(frozen=True)
class Say:
    text: str
    piece: int = 4
    usage: TokenUsage | None = USAGE
    finish: str = "stop"
    delay_s: float = 0.0


@dataclass(frozen=True, init=False)
class Call:
    calls: tuple[ToolCall, ...]
    text: str
    usage: TokenUsage | None
    piece: int = 1000
    finish: str = "tool_calls"
    delay_s: float = 0.0

    def __init__(self, *calls, text="", usage=USAGE, ids=(), delay_s=0.0):
        made = tuple(
            ToolCall(
                ids[number] if ids else f"call_{number}",
                name,
                arguments if isinstance(arguments, str) else json.dumps(arguments),
            )
            for number, (name, arguments) in enumerate(calls)
        )
        for name, value in (
            ("calls", made), ("text", text), ("usage", usage), ("delay_s", delay_s)
        ):  # fmt: skip
            object.__setattr__(self, name, value)


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
    answer: "Say | Call"
    after: int = 2


@dataclass(frozen=True)
class HangUp:
    pass


@dataclass(frozen=True)
class Hush:
    answer: "Say | Call" = field(default_factory=lambda: Say(""))
    after: int = 0


@dataclass(frozen=True, init=False)
class Frames:
    pieces: tuple[bytes, ...]
    content_type: str

    def __init__(self, *pieces, content_type="text/event-stream"):
        object.__setattr__(self, "pieces", pieces)
        object.__setattr__(self, "content_type", content_type)


@dataclass(frozen=True)
class Whole:
    answer: "Say | Call"


Behaviour = Say | Call | Fail | Page | Cut | HangUp | Hush | Frames | Whole
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
                whole = _chat_whole if request.wire == "chat" else _responses_whole
                body = json.dumps(whole(answer)).encode()
                writer.write(_plain(200, "application/json", body, {}))
            case Frames(pieces, content_type):
                await _stream(writer, pieces, content_type=content_type)
            case Cut(answer, after):
                await _send_all(writer, _head("text/event-stream"))
                await _send_all(writer, *[_chunk(one) for one in _events(request, answer)[:after]])
                return False
            case Hush(answer, after):
                await _send_all(writer, _head("text/event-stream"))
                await _send_all(writer, *[_chunk(one) for one in _events(request, answer)[:after]])
                await reader.read()  # ends when the client closes
                self.left.set()
                return False
            case Say() | Call():
                await _stream(writer, _events(request, behaviour), delay_s=behaviour.delay_s)
        await writer.drain()
        return True


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


def script_of(replies: Replies) -> Answering:
    """Answer by a replies file, as the scripted model would."""
    script = Script(replies)

    def answer(request: Request) -> Behaviour:
        asked = _as_model_request(request)
        reply = script.choose(read_asked(asked))
        if isinstance(reply, Unmatched):
            return Fail(400, _error(reply.problem, "invalid_request_error", None))
        if reply.error is not None:
            wait = reply.error.retry_after
            headers = {} if wait is None else {"retry-after": str(wait)}
            message = reply.error.message or "scripted"
            return Fail(reply.error.status, _error(message, "error", reply.error.code), headers)
        calls = scripted_calls(reply, asked)
        usage = scripted_usage(reply, asked, calls)
        delay_s = duration_s(reply.delay) if reply.delay else 0.0
        given: Say | Call
        if calls:
            pairs = [(one.name, one.arguments) for one in calls]
            ids = [one.id for one in calls]
            given = Call(*pairs, text=reply.say or "", usage=usage, ids=ids, delay_s=delay_s)
        else:
            given = Say(reply.say or "", reply.chunk, usage, reply.finish or "stop", delay_s)
        # One event opens a stream; the deltas follow it.
        return given if reply.cut is None else Cut(given, reply.cut + 1)

    return answer


def unused_port() -> int:
    """Return a port of 127.0.0.1 where nothing listens."""
    import socket

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


def _events(request: Request, answer: Say | Call) -> list[bytes]:
    """Return the stream events of an answer: one that opens, one a delta, and those that close."""
    return _chat_events(answer) if request.wire == "chat" else _responses_events(answer)


def _pieces(answer: Say | Call) -> list[str]:
    return [answer.text[at : at + answer.piece] for at in range(0, len(answer.text), answer.piece)]


def _calls(answer: Say | Call) -> tuple[ToolCall, ...]:
    return answer.calls if isinstance(answer, Call) else ()


def _data(value: JsonValue) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def _error(message: str, kind: str, code: str | None) -> JsonObject:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _chat_call(call: ToolCall) -> dict[str, JsonValue]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _chat_usage(usage: TokenUsage) -> JsonObject:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }


def _chat_chunk(delta: JsonObject, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _data({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]})


def _chat_events(answer: Say | Call) -> list[bytes]:
    events = [_chat_chunk({"role": "assistant", "content": ""})]
    events += [_chat_chunk({"content": piece}) for piece in _pieces(answer)]
    events += [
        _chat_chunk({"tool_calls": [{"index": index, **_chat_call(call)}]})
        for index, call in enumerate(_calls(answer))
    ]
    events.append(_chat_chunk({}, answer.finish))
    if answer.usage is not None:
        events.append(_data({"id": "c", "choices": [], "usage": _chat_usage(answer.usage)}))
    return [*events, b"data: [DONE]\n\n"]


def _chat_whole(answer: Say | Call) -> JsonObject:
    calls = [_chat_call(call) for call in _calls(answer)]
    message = {"role": "assistant", "content": answer.text, "tool_calls": calls or None}
    choice = {"index": 0, "message": message, "finish_reason": answer.finish}
    usage = _chat_usage(answer.usage) if answer.usage else None
    return {"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage}


def _responses_items(answer: Say | Call) -> list[JsonObject]:
    items: list[JsonObject] = []
    if answer.text or not _calls(answer):
        part = {"type": "output_text", "text": answer.text, "annotations": []}
        items.append({"type": "message", "id": "msg", "role": "assistant", "content": [part]})
    items += [
        {
            "type": "function_call",
            "id": f"fc_{call.id}",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
            "status": "completed",
        }
        for call in _calls(answer)
    ]
    return items


def _responses_whole(answer: Say | Call) -> dict[str, JsonValue]:
    short = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(answer.finish)
    usage = answer.usage
    return {
        "id": "resp",
        "object": "response",
        "status": "incomplete" if short else "completed",
        "incomplete_details": {"reason": short} if short else None,
        "error": None,
        "output": _responses_items(answer),
        "usage": usage
        and {
            "input_tokens": usage.prompt_tokens,
            "output_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        },
    }


def _responses_events(answer: Say | Call) -> list[bytes]:
    number = 0

    def event(kind: str, **fields: JsonValue) -> bytes:
        nonlocal number
        number += 1
        body = json.dumps({"type": kind, "sequence_number": number, **fields})
        return f"event: {kind}\ndata: {body}\n\n".encode()

    whole = _responses_whole(answer)
    events = [event("response.created", response={**whole, "status": "in_progress", "output": []})]
    for index, item in enumerate(_responses_items(answer)):
        at = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "message":
            kind = "response.output_text.delta"
            events += [event(kind, **at, content_index=0, delta=one) for one in _pieces(answer)]
        else:
            empty = {**item, "arguments": "", "status": "in_progress"}
            opened = event("response.output_item.added", output_index=index, item=empty)
            kind = "response.function_call_arguments.delta"
            events.append(opened + event(kind, **at, delta=item["arguments"]))
        events[-1] += event("response.output_item.done", output_index=index, item=item)
    return [*events, event(f"response.{whole['status']}", response=whole)]


def _as_model_request(request: Request) -> ModelRequest:
    body = request.body
    listed = body.get("messages" if request.wire == "chat" else "input") or []
    if isinstance(listed, str):
        listed = [{"role": "user", "content": listed}]
    items = [item for raw in listed for item in _items(raw)]
    return ModelRequest(model=body.get("model", ""), transcript=Transcript(items))


def _items(raw: JsonObject) -> list[TranscriptItem]:
    """Return a message or input item as transcript items; system messages are none."""
    match raw:
        case {"type": "function_call"}:
            return [ToolCallsItem((ToolCall(raw["call_id"], raw["name"], raw["arguments"]),))]
        case {"type": "function_call_output"}:
            return [ToolOutputItem(raw["call_id"], raw["output"])]
        case {"role": "tool"}:
            return [ToolOutputItem(raw["tool_call_id"], _content(raw))]
        case {"role": "assistant", "tool_calls": [*calls]} if calls:
            made = [
                ToolCall(one["id"], one["function"]["name"], one["function"]["arguments"])
                for one in calls
            ]
            return [ToolCallsItem(tuple(made), _content(raw))]
        case {"role": "assistant"}:
            return [AssistantItem(_content(raw))]
        case {"role": "user"}:
            return [UserItem(_content(raw))]
    return []


def _content(raw: JsonObject) -> str:
    content = raw.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


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
    shown = lambda: print(server.port, flush=True)  # noqa: E731  # one use
    asyncio.run(_run(server, options.port, shown, asyncio.Event()))


if __name__ == "__main__":
    main()

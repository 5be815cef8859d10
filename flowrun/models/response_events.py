"""Read a Responses answer. Pure.

Events are told apart by their `type` text. The turn is put together from deltas and finished items;
the terminal event is believed for status and usage alone, because servers send it with an empty
`output`. A server may leave out `response.created` and `response.output_item.added`, count no
output index, and use one item id in the stream and another at its end.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from flowrun.ids import JsonObject, JsonValue, mint
from flowrun.models.failures import ServerError, read_error
from flowrun.models.sse import ServerSentEvent
from flowrun.models.text_flow import TextFlow
from flowrun.models.tool_calls import extend_calls, whole_arguments
from flowrun.models.usage import read_usage
from flowrun.models.wire_json import as_count, as_object, as_text, decode, is_object, mend
from flowrun.ports.models import (
    Finish,
    ModelEvent,
    ModelTurn,
    TokenUsage,
    ToolCall,
    ToolCallDelta,
)

_Key = int | str
"""Output index where there is one, else item id, else the empty text."""


@dataclass(slots=True)
class _Call:
    position: int
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    announced: bool = False
    done: bool = False


class ResponsesReading:
    """One answer being read; a `models.reading.Reading`."""

    def __init__(self) -> None:
        self.error: ServerError | None = None
        self.done = False
        self._out: list[ModelEvent] = []
        self._text = TextFlow()
        self._streamed: dict[_Key, list[str]] = {}
        self._refusal = ""
        self._calls: dict[_Key, _Call] = {}
        self._ids: set[str] = set()
        self._finish: Finish | None = None
        self._usage: TokenUsage | None = None

    @property
    def complete(self) -> bool:
        """Whether the terminal event came."""
        return self._finish is not None

    def take(self, events: Sequence[ServerSentEvent]) -> list[ModelEvent]:
        """Read stream events that arrived together; adjacent text becomes one delta."""
        for event in events:
            if self.done or self.error is not None:
                break
            if not event.data.startswith(b"[DONE]"):
                self._event(event)
        return self._flush()

    def take_whole(self, answer: JsonValue) -> list[ModelEvent]:
        """Read an answer that was not streamed."""
        response = as_object(answer)
        if isinstance(response.get("output"), list):
            self._end({"response": response})
        return self._flush()

    def turn(self) -> ModelTurn | None:
        """Return the turn, or None when the end of the answer was never seen."""
        if self._finish is None:
            return None
        calls = tuple(
            call
            for one in self._calls.values()
            if one.done or self._finish == "stop"  # a call that was cut off is none
            for call in _finished(one)
        )
        finish: Finish = "tool_calls" if calls else self._finish
        return ModelTurn(self._text.text, calls, finish, self._usage, self._refusal)

    def _event(self, event: ServerSentEvent) -> None:
        try:
            body = decode(event.data)
        except ValueError:
            if event.data.startswith(b"{"):
                self.error = ServerError("an event of the stream is not JSON")
            return
        if not is_object(body):
            return
        kind = as_text(body.get("type")) or event.name.decode("utf-8", "replace")
        handle = self._handlers.get(kind)
        if handle is not None:
            handle(self, body)
        elif not kind.startswith("response."):
            self.error = read_error(body, in_stream=True)

    def _text_delta(self, body: JsonObject) -> None:
        piece = as_text(body.get("delta"))
        self._streamed.setdefault(_key(body), []).append(piece)
        self._text.say(piece)

    def _refusal_delta(self, body: JsonObject) -> None:
        self._refusal += as_text(body.get("delta"))

    def _item_added(self, body: JsonObject) -> None:
        item = as_object(body.get("item"))
        if item.get("type") == "function_call":
            self._grow(self._call(body, item), item, as_text(item.get("arguments")))

    def _arguments_delta(self, body: JsonObject) -> None:
        self._grow(self._call(body, body), body, as_text(body.get("delta")))

    def _arguments_done(self, body: JsonObject) -> None:
        call = self._call(body, body)
        if not call.pieces:
            self._grow(call, body, _argument_text(body))

    def _item_done(self, body: JsonObject) -> None:
        item = as_object(body.get("item"))
        if item.get("type") == "function_call":
            call = self._call(body, item)
            self._grow(call, item, "" if call.pieces else _argument_text(item))
            call.done = item.get("status") != "incomplete"
        elif item.get("type") == "message":
            self._message_done(_key(body, item), item)

    def _message_done(self, key: _Key, item: JsonObject) -> None:
        """Say what the deltas left out; of most servers, nothing."""
        if key not in self._streamed and self._streamed:
            key = next(reversed(self._streamed))  # announced under another id
        whole = _joined(item, "output_text", "text")
        said = "".join(self._streamed.pop(key, ()))
        if whole.startswith(said):
            self._text.say(whole[len(said) :])
        if not self._refusal:
            self._refusal = _joined(item, "refusal", "refusal")

    def _end(self, body: JsonObject) -> None:
        response = as_object(body.get("response"))
        self._usage = read_usage(response.get("usage")) or self._usage
        status = as_text(response.get("status")) or as_text(body.get("type")).rpartition(".")[2]
        if status in ("failed", "cancelled"):
            self.error = read_error(response, in_stream=True) or ServerError(f"it {status}")
            return
        output = response.get("output")
        if isinstance(output, list) and not (self._text or self._calls):
            for index, item in enumerate(output):
                self._item_done({"output_index": index, "item": item})
        reason = as_object(response.get("incomplete_details")).get("reason")
        if status != "incomplete":
            self._finish = "stop"
        else:
            self._finish = "content_filter" if reason == "content_filter" else "length"
        self.done = True

    def _fail(self, body: JsonObject) -> None:
        self.error = read_error(body) or ServerError("")

    def _call(self, body: JsonObject, item: JsonObject) -> _Call:
        key = _key(body, item)
        if key not in self._calls:
            self._calls[key] = _Call(len(self._calls))
        return self._calls[key]

    def _grow(self, call: _Call, source: JsonObject, piece: str) -> None:
        call.name = call.name or as_text(source.get("name"))
        if not call.id:
            wanted = as_text(source.get("call_id"))
            call.id = wanted if wanted not in self._ids else ""
        if piece:
            call.pieces.append(piece)
        self._announce(call, piece)

    def _announce(self, call: _Call, piece: str) -> None:
        if call.announced:
            fresh = [ToolCallDelta(call.position, None, None, mend(piece))] if piece else []
        elif call.name:
            call.id = call.id or mint("call_")
            call.announced = True
            fresh = [ToolCallDelta(call.position, call.id, call.name, mend("".join(call.pieces)))]
        else:
            return
        self._ids.add(call.id)
        self._out.extend(self._text.flush())
        extend_calls(self._out, fresh)

    def _flush(self) -> list[ModelEvent]:
        self._out.extend(self._text.flush())
        out, self._out = self._out, []
        return out

    _handlers: Mapping[str, Callable[["ResponsesReading", JsonObject], None]] = {
        "response.output_text.delta": _text_delta,
        "response.refusal.delta": _refusal_delta,
        "response.output_item.added": _item_added,
        "response.function_call_arguments.delta": _arguments_delta,
        "response.function_call_arguments.done": _arguments_done,
        "response.output_item.done": _item_done,
        "response.completed": _end,
        "response.incomplete": _end,
        "response.failed": _end,
        "response.cancelled": _end,
        "error": _fail,
    }


def _key(body: JsonObject, item: JsonObject | None = None) -> _Key:
    index = as_count(body.get("output_index"))
    if index is not None:
        return index
    return as_text(body.get("item_id")) or as_text(as_object(item).get("id"))


def _argument_text(source: JsonObject) -> str:
    arguments = source.get("arguments")
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return json.dumps(arguments, ensure_ascii=False)


def _joined(item: JsonObject, kind: str, name: str) -> str:
    content = item.get("content")
    parts = content if isinstance(content, list) else []
    return "".join(
        as_text(part.get(name)) for part in parts if is_object(part) and part.get("type") == kind
    )


def _finished(call: _Call) -> list[ToolCall]:
    first, *more = whole_arguments(mend("".join(call.pieces)))
    calls = [ToolCall(call.id or mint("call_"), call.name, first)]
    return calls + [ToolCall(mint("call_"), call.name, one) for one in more]

"""What `tests.support.endpoint` says on the wire, and what it understands of what it is asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from flowrun.ids import JsonObject, JsonValue
from flowrun.ports.models import (
    AssistantItem,
    ModelRequest,
    TokenUsage,
    ToolCall,
    ToolCallsItem,
    ToolOutputItem,
    Transcript,
    TranscriptItem,
    UserItem,
)

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
class Turn:
    """A turn of the model; made by `say` and `call`."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    piece: int = 4
    """Characters in each streamed piece of the text."""
    usage: TokenUsage | None = USAGE
    finish: str = "stop"
    delay_s: float = 0.0
    """Wait before each event."""


def events(request: Request, turn: Turn) -> list[bytes]:
    """Return the stream events of a turn: one that opens, one a delta, and those that close."""
    return _chat_events(turn) if request.wire == "chat" else _responses_events(turn)


def whole(request: Request, turn: Turn) -> JsonObject:
    """Return the turn as one JSON object."""
    return _chat_whole(turn) if request.wire == "chat" else _responses_whole(turn)


def read_request(request: Request, assistants: Mapping[str, str]) -> ModelRequest:
    """Return what was asked, as far as the wire says it."""
    body = request.body
    instructions = body.get("instructions") or ""
    if request.wire == "chat":
        instructions = "".join(
            _content(raw) for raw in body.get("messages", []) if raw.get("role") == "system"
        )
        items = [item for raw in body.get("messages", []) for item in _items(raw)]
    else:
        asked = body.get("input") or []
        listed = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
        items = _gathered([item for raw in listed for item in _items(raw)])
    return ModelRequest(
        model=body.get("model", ""),
        transcript=Transcript(items),
        instructions=instructions,
        assistant=next((name for part, name in assistants.items() if part in instructions), ""),
    )


def _pieces(turn: Turn) -> list[str]:
    return [turn.text[at : at + turn.piece] for at in range(0, len(turn.text), turn.piece)]


def _data(value: JsonValue) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def error_body(message: str, kind: str, code: str | None) -> JsonObject:
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


def _chat_events(turn: Turn) -> list[bytes]:
    events = [_chat_chunk({"role": "assistant", "content": ""})]
    events += [_chat_chunk({"content": piece}) for piece in _pieces(turn)]
    events += [
        _chat_chunk({"tool_calls": [{"index": index, **_chat_call(call)}]})
        for index, call in enumerate(turn.calls)
    ]
    events.append(_chat_chunk({}, turn.finish))
    if turn.usage is not None:
        events.append(_data({"id": "c", "choices": [], "usage": _chat_usage(turn.usage)}))
    return [*events, b"data: [DONE]\n\n"]


def _chat_whole(turn: Turn) -> JsonObject:
    calls = [_chat_call(call) for call in turn.calls]
    message = {"role": "assistant", "content": turn.text, "tool_calls": calls or None}
    choice = {"index": 0, "message": message, "finish_reason": turn.finish}
    usage = _chat_usage(turn.usage) if turn.usage else None
    return {"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage}


def _responses_items(turn: Turn) -> list[JsonObject]:
    items: list[JsonObject] = []
    if turn.text or not turn.calls:
        part = {"type": "output_text", "text": turn.text, "annotations": []}
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
        for call in turn.calls
    ]
    return items


def _responses_whole(turn: Turn) -> dict[str, JsonValue]:
    short = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(turn.finish)
    usage = turn.usage
    return {
        "id": "resp",
        "object": "response",
        "status": "incomplete" if short else "completed",
        "incomplete_details": {"reason": short} if short else None,
        "error": None,
        "output": _responses_items(turn),
        "usage": usage
        and {
            "input_tokens": usage.prompt_tokens,
            "output_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        },
    }


def _responses_events(turn: Turn) -> list[bytes]:
    number = 0

    def event(kind: str, **fields: JsonValue) -> bytes:
        nonlocal number
        number += 1
        body = json.dumps({"type": kind, "sequence_number": number, **fields})
        return f"event: {kind}\ndata: {body}\n\n".encode()

    whole = _responses_whole(turn)
    events = [event("response.created", response={**whole, "status": "in_progress", "output": []})]
    for index, item in enumerate(_responses_items(turn)):
        at = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "message":
            kind = "response.output_text.delta"
            events += [event(kind, **at, content_index=0, delta=one) for one in _pieces(turn)]
        else:
            empty = {**item, "arguments": "", "status": "in_progress"}
            opened = event("response.output_item.added", output_index=index, item=empty)
            kind = "response.function_call_arguments.delta"
            events.append(opened + event(kind, **at, delta=item["arguments"]))
        events[-1] += event("response.output_item.done", output_index=index, item=item)
    return [*events, event(f"response.{whole['status']}", response=whole)]


def _gathered(items: list[TranscriptItem]) -> list[TranscriptItem]:
    """Join a turn's text and calls, which Responses keeps as items of their own."""
    turns: list[TranscriptItem] = []
    for item in items:
        last = turns[-1] if turns else None
        if isinstance(item, ToolCallsItem) and isinstance(last, ToolCallsItem):
            turns[-1] = ToolCallsItem(last.calls + item.calls, last.text)
        elif isinstance(item, ToolCallsItem) and isinstance(last, AssistantItem):
            turns[-1] = ToolCallsItem(item.calls, last.text)
        else:
            turns.append(item)
    return turns


def _items(raw: JsonObject) -> list[TranscriptItem]:
    """Return a message or input item as transcript items; system messages are none."""
    match raw:
        case {"type": "function_call"}:
            return [ToolCallsItem((ToolCall(raw["call_id"], raw["name"], raw["arguments"]),))]
        case {"type": "function_call_output"}:
            return [ToolOutputItem(raw["call_id"], raw["output"])]
        case {"role": "tool"}:
            return [ToolOutputItem(raw["tool_call_id"], _content(raw))]
        case {"role": "assistant"}:
            return [_said(raw)]
        case {"role": "user"}:
            return [UserItem(_content(raw))]
    return []


def _said(raw: JsonObject) -> TranscriptItem:
    calls = raw.get("tool_calls") or []
    made = [
        ToolCall(one["id"], one["function"]["name"], one["function"]["arguments"]) for one in calls
    ]
    return ToolCallsItem(tuple(made), _content(raw)) if made else AssistantItem(_content(raw))


def _content(raw: JsonObject) -> str:
    content = raw.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)

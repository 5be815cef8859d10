"""The Chat Completions wire: how a request is written. `models.accumulate` reads the answer.

Each transcript item is encoded once, into `Transcript.encoded["chat"]`; a body is those bytes
joined. A conversation of many rounds therefore costs its new items, not its history.
"""

from dataclasses import dataclass
from typing import assert_never

from flowrun.ids import JsonObject, JsonValue
from flowrun.models.accumulate import ChatReading
from flowrun.models.encoding import body, encoded_items
from flowrun.models.wire_json import encode, is_object_text
from flowrun.ports.models import (
    AssistantItem,
    FunctionTool,
    ModelRequest,
    ToolCall,
    ToolCallsItem,
    ToolOutputItem,
    TranscriptItem,
    UserItem,
)


@dataclass(frozen=True, slots=True)
class ChatWire:
    """Chat Completions, as most servers speak it."""

    legacy_max_tokens: bool = False
    path: str = "/chat/completions"

    def encode(self, request: ModelRequest) -> bytes:
        """Return the body of a request for a streamed answer with usage."""
        items = encoded_items(request.transcript, "chat", _encode_item)
        messages = items[request.start :] if request.start else items
        if request.instructions:
            # At position 0 alone: some chat templates reject system messages anywhere else.
            system = encode({"role": "system", "content": request.instructions})
            messages = [system, *messages]
        return body(self._fields(request), "messages", messages)

    def reading(self) -> ChatReading:
        """Return a reader for one answer."""
        return ChatReading()

    def _fields(self, request: ModelRequest) -> JsonObject:
        limit = "max_tokens" if self.legacy_max_tokens else "max_completion_tokens"
        return {
            "model": request.model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "tools": [_tool(one) for one in request.tools] or None,
            # Servers refuse these two when there are no tools.
            "tool_choice": request.tool_choice if request.tools else None,
            "parallel_tool_calls": request.parallel_tool_calls if request.tools else None,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "reasoning_effort": request.reasoning_effort,
            "response_format": request.response_format,
            limit: request.max_output_tokens,
        }


def _encode_item(item: TranscriptItem) -> bytes:
    return encode(_message(item))


def _message(item: TranscriptItem) -> JsonObject:
    match item:
        case UserItem():
            return {"role": "user", "content": item.text}
        case AssistantItem():
            return {"role": "assistant", "content": item.text}
        case ToolCallsItem():
            calls: list[JsonValue] = [_call(one) for one in item.calls]
            # Null and not "": some templates render an empty text as a turn of its own.
            return {"role": "assistant", "content": item.text or None, "tool_calls": calls}
        case ToolOutputItem():
            return {"role": "tool", "tool_call_id": item.call_id, "content": item.output}
    assert_never(item)


def _call(call: ToolCall) -> JsonObject:
    # Several servers parse the arguments of past calls and refuse the whole conversation over one
    # that is not an object. What the model wrote wrongly, the call's output says.
    arguments = call.arguments if is_object_text(call.arguments) else "{}"
    function: JsonObject = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tool(tool: FunctionTool) -> JsonObject:
    function: dict[str, JsonValue] = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    if tool.strict:
        function["strict"] = True
    return {"type": "function", "function": function}

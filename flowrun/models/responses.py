"""The Responses wire, stateless: the whole history goes out, and nothing is stored there.

How a request is written; `models.response_events` reads the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from flowrun.ids import JsonObject, JsonValue
from flowrun.models.encoding import body, encoded_items
from flowrun.models.response_events import ResponsesReading
from flowrun.models.wire_json import as_object, encode, is_object, is_object_text
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
class ResponsesWire:
    """The Responses API, down to what local servers keep of it."""

    path: str = "/responses"

    def encode(self, request: ModelRequest) -> bytes:
        """Return the body of a request for a streamed answer."""
        items = encoded_items(request.transcript, "responses", _encode_item)
        return body(_fields(request), "input", items[request.start :] if request.start else items)

    def reading(self) -> ResponsesReading:
        """Return a reader for one answer."""
        return ResponsesReading()


def _fields(request: ModelRequest) -> JsonObject:
    effort = request.reasoning_effort
    text = _format(request.response_format)
    return {
        "model": request.model,
        "stream": True,
        "store": False,
        "instructions": request.instructions or None,
        "tools": [_tool(one) for one in request.tools] or None,
        "tool_choice": _choice(request.tool_choice) if request.tools else None,
        "parallel_tool_calls": request.parallel_tool_calls if request.tools else None,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "reasoning": {"effort": effort} if effort is not None else None,
        "text": {"format": text} if text is not None else None,
        "max_output_tokens": request.max_output_tokens,
    }


def _encode_item(item: TranscriptItem) -> bytes:
    """Return one fragment; a turn of several items is several, with the commas between."""
    return b",".join([encode(one) for one in _input_items(item)])


def _input_items(item: TranscriptItem) -> list[JsonObject]:
    match item:
        case UserItem():
            return [_message("user", item.text)]
        case AssistantItem():
            return [_message("assistant", item.text)]
        case ToolCallsItem():
            said = [_message("assistant", item.text)] if item.text else []
            return [*said, *[_call(one) for one in item.calls]]
        case ToolOutputItem():
            return [
                {"type": "function_call_output", "call_id": item.call_id, "output": item.output}
            ]
    assert_never(item)


def _message(role: str, text: str) -> JsonObject:
    return {"type": "message", "role": role, "content": text}


def _call(call: ToolCall) -> JsonObject:
    # See `models.chat`: past arguments that are no object make servers refuse everything.
    arguments = call.arguments if is_object_text(call.arguments) else "{}"
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": arguments,
    }


def _tool(tool: FunctionTool) -> JsonObject:
    # `strict` is always said: here, unlike in Chat Completions, leaving it out means true.
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": tool.strict,
    }


def _choice(choice: JsonValue) -> JsonValue:
    """Flatten `{"type": "function", "function": {"name": ...}}`."""
    if is_object(choice) and is_object(choice.get("function")):
        return {"type": "function", "name": as_object(choice["function"]).get("name")}
    return choice


def _format(wanted: JsonValue) -> Mapping[str, JsonValue] | None:
    """Flatten `{"type": "json_schema", "json_schema": {...}}`."""
    if not is_object(wanted):
        return None
    schema = wanted.get("json_schema")
    return {"type": "json_schema", **schema} if is_object(schema) else wanted

"""What a model wrote as a call's arguments: read, or told back to it."""

from typing import cast

from flowrun.ids import JsonObject
from flowrun.interpreter.json_text import read_json
from flowrun.plan.plan import PlannedAssistant
from flowrun.ports.models import ToolCall
from flowrun.ports.tools import ToolFailed

_SHOWN = 80
"""Characters told of what is not an object."""


def admitted_arguments(assistant: PlannedAssistant, call: ToolCall) -> JsonObject | ToolFailed:
    """Return the arguments, or why the tool cannot even be asked."""
    if call.name not in assistant.tools:
        names = ", ".join(f"`{name}`" for name in assistant.tools) or "none"
        message = f"there is no tool `{call.name}`; there is: {names}"
        return ToolFailed(kind="unknown_tool", message=message)
    arguments = read_arguments(call.arguments)
    if isinstance(arguments, str):
        return ToolFailed(kind="bad_arguments", message=arguments)
    return arguments


def read_arguments(text: str) -> JsonObject | str:
    """Return the arguments, or what is wrong with them in words for the model."""
    try:
        value = read_json(text.strip() or "{}")
    except ValueError as failure:
        return f"expected the arguments as a JSON object, found text that is not JSON: {failure}"
    if not isinstance(value, dict):
        return f"expected the arguments as a JSON object, found `{text[:_SHOWN]}`"
    return cast("JsonObject", value)

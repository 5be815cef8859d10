"""What the Assistants API refuses, in its own words and with its own codes.

Clients parse these sentences, so the recorded ones are exact; those of validations nobody recorded
follow the same family. Minimum of the token budgets: the schema says 256, the hosted service was
recorded accepting 16, and what was seen wins, so 1 is enough here.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from flowrun.assistants.records import Metadata, NewAssistant, NewMessage, NewRun, Truncation
from flowrun.errors import RuntimeRejected
from flowrun.ids import JsonObject, JsonValue
from flowrun.ports.models import FunctionTool
from flowrun.ports.runtime import AnsweredRound, RunStatus

NAME_LENGTH = 256
DESCRIPTION_LENGTH = 512
TEXT_LENGTH = 256_000
"""Instructions, and the text of one message."""
TOOLS = 128
FUNCTION_NAME_LENGTH = 64
METADATA_PAIRS = 16
METADATA_KEY_LENGTH = 64
METADATA_VALUE_LENGTH = 512

Kind = Literal["assistant", "thread", "message", "run", "run step"]

_PREFIXES: Mapping[Kind, str] = {
    "assistant": "asst",
    "thread": "thread",
    "message": "msg",
    "run": "run",
    "run step": "step",
}
_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")


def check_assistant(wanted: NewAssistant) -> None:
    """Refuse an assistant that is out of bounds.

    Raises:
        RuntimeRejected: names the field and the bound.
    """
    _check_length("name", wanted.name, NAME_LENGTH)
    _check_length("description", wanted.description, DESCRIPTION_LENGTH)
    _check_length("instructions", wanted.instructions, TEXT_LENGTH)
    _check_tools(wanted.tools)
    _check_sampling(wanted.temperature, wanted.top_p)
    read_metadata(wanted.metadata)


def check_message(wanted: NewMessage) -> None:
    """Refuse a message that is out of bounds.

    Raises:
        RuntimeRejected: names the field and the bound.
    """
    if not wanted.content:
        raise RuntimeRejected(
            "Invalid 'content': empty array. "
            "Expected an array with minimum length 1, but got an empty array instead.",
            code="empty_array",
            param="content",
        )
    for part in wanted.content:
        _check_length("content", part.text, TEXT_LENGTH)
    read_metadata(wanted.metadata)


def check_run(wanted: NewRun) -> None:
    """Refuse a run that is out of bounds.

    Raises:
        RuntimeRejected: names the field and the bound.
    """
    _check_length("instructions", wanted.instructions, TEXT_LENGTH)
    _check_length("additional_instructions", wanted.additional_instructions, TEXT_LENGTH)
    if wanted.tools is not None:
        _check_tools(wanted.tools)
    _check_sampling(wanted.temperature, wanted.top_p)
    options = wanted.options
    _check_at_least("max_prompt_tokens", options.max_prompt_tokens, 1)
    _check_at_least("max_completion_tokens", options.max_completion_tokens, 1)
    for message in wanted.messages:
        check_message(message)
    _check_rounds(wanted.rounds)
    read_metadata(wanted.metadata)


def read_metadata(metadata: Mapping[str, JsonValue] | None) -> Metadata:
    """Return metadata whose every value is known to be a text.

    Raises:
        RuntimeRejected: too many pairs, a key or value too long, or a value that is no text.
    """
    if not metadata:
        return {}
    if len(metadata) > METADATA_PAIRS:
        raise RuntimeRejected(
            "Invalid 'metadata': too many properties. Expected an object with at most "
            f"{METADATA_PAIRS} properties, but got an object with {len(metadata)} properties "
            "instead.",
            code="object_above_max_properties",
            param="metadata",
        )
    return {key: _metadata_value(key, value) for key, value in metadata.items()}


def read_truncation(strategy: JsonObject | None) -> Truncation:
    """Return a truncation strategy from its JSON form; None is `auto`.

    Raises:
        RuntimeRejected: unknown type, or `last_messages` without a count of 1 or more.
    """
    if strategy is None:
        return Truncation()
    kind = strategy.get("type")
    if kind == "auto":
        return Truncation()
    if kind != "last_messages":
        raise RuntimeRejected(
            f"Invalid value: '{kind}'. Supported values are: 'auto' and 'last_messages'.",
            code="invalid_value",
            param="truncation_strategy.type",
        )
    count = strategy.get("last_messages")
    if count is None:
        raise RuntimeRejected(
            "Missing required parameter: 'truncation_strategy.last_messages'.",
            code="missing_required_parameter",
            param="truncation_strategy.last_messages",
        )
    if not isinstance(count, int) or isinstance(count, bool):
        raise _wrong_type("truncation_strategy.last_messages", "an integer", count)
    _check_at_least("truncation_strategy.last_messages", count, 1)
    return Truncation("last_messages", count)


def not_found(kind: Kind, identifier: str) -> RuntimeRejected:
    """Return the refusal of an id that nothing has, or that cannot be one of this kind."""
    prefix = _PREFIXES[kind]
    if identifier.startswith(prefix + "_"):
        return RuntimeRejected(f"No {kind} found with id '{identifier}'.", status=404)
    field = "step_id" if kind == "run step" else f"{kind}_id"
    return RuntimeRejected(
        f"Invalid '{field}': '{identifier}'. Expected an ID that begins with '{prefix}'.",
        code="invalid_value",
        param=field,
    )


def thread_is_locked_for_messages(thread_id: str, run_id: str) -> RuntimeRejected:
    """Return the refusal of a message while a run is active."""
    return RuntimeRejected(f"Can't add messages to {thread_id} while a run {run_id} is active.")


def thread_has_active_run(thread_id: str, run_id: str) -> RuntimeRejected:
    """Return the refusal of a second run while one is active."""
    return RuntimeRejected(f"Thread {thread_id} already has an active run {run_id}.")


def outputs_not_accepted(status: RunStatus) -> RuntimeRejected:
    """Return the refusal of outputs by a run that does not wait for any."""
    return RuntimeRejected(f'Runs in status "{status}" do not accept tool outputs.')


def outputs_do_not_match(expected: Sequence[str], got: Sequence[str]) -> RuntimeRejected:
    """Return the refusal of a set of outputs that is not exactly the set of calls."""
    return RuntimeRejected(
        f"Expected tool outputs for call_ids {list(expected)!r}, got {list(got)!r}"
    )


def cannot_cancel(status: RunStatus) -> RuntimeRejected:
    """Return the refusal to cancel a run that is over."""
    return RuntimeRejected(f"Cannot cancel run with status '{status}'.")


def nothing_to_answer(thread_id: str) -> RuntimeRejected:
    """Return the refusal of a run that has neither a message nor instructions to go by."""
    return RuntimeRejected(
        f"Thread '{thread_id}' has no messages. Expected a thread with at least one message, "
        "or an assistant with instructions.",
        code="invalid_thread",
    )


def _check_rounds(rounds: Sequence[AnsweredRound]) -> None:
    ids = [call.id for one in rounds for call in one.calls]
    if len(set(ids)) < len(ids):
        raise RuntimeRejected(f"Expected rounds of calls under different ids, got {ids!r}")
    for one in rounds:
        if not one.calls or len(one.calls) != len(one.outputs):
            raise RuntimeRejected(
                f"Expected an output for each of 1 or more calls, got {len(one.outputs)} outputs "
                f"for {len(one.calls)} calls"
            )


def _metadata_value(key: str, value: JsonValue) -> str:
    if len(key) > METADATA_KEY_LENGTH:
        raise RuntimeRejected(
            "Invalid 'metadata': property name too long. Expected a property name with maximum "
            f"length {METADATA_KEY_LENGTH}, but got a property name with length {len(key)} "
            "instead.",
            code="property_name_above_max_length",
            param="metadata",
        )
    if not isinstance(value, str):
        raise _wrong_type(f"metadata.{key}", "a string", value)
    _check_length(f"metadata.{key}", value, METADATA_VALUE_LENGTH)
    return value


def _check_length(field: str, text: str | None, limit: int) -> None:
    if text is not None and len(text) > limit:
        raise RuntimeRejected(
            f"Invalid '{field}': string too long. Expected a string with maximum length {limit}, "
            f"but got a string with length {len(text)} instead.",
            code="string_above_max_length",
            param=field,
        )


def _check_tools(tools: Sequence[FunctionTool]) -> None:
    if len(tools) > TOOLS:
        raise RuntimeRejected(
            f"Invalid 'tools': array too long. Expected an array with maximum length {TOOLS}, "
            f"but got an array with length {len(tools)} instead.",
            code="array_above_max_length",
            param="tools",
        )
    for index, tool in enumerate(tools):
        field = f"tools[{index}].function.name"
        _check_length(field, tool.name, FUNCTION_NAME_LENGTH)
        if not _FUNCTION_NAME.match(tool.name):
            raise RuntimeRejected(
                f"Invalid '{field}': string does not match pattern. "
                "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
                code="invalid_value",
                param=field,
            )


def _check_sampling(temperature: float | None, top_p: float | None) -> None:
    for field, value, most in (("temperature", temperature, 2), ("top_p", top_p, 1)):
        if value is None:
            continue
        if value < 0:
            raise _decimal_out_of_range(field, value, "below minimum", ">= 0", "min")
        if value > most:
            raise _decimal_out_of_range(field, value, "above maximum", f"<= {most}", "max")


def _decimal_out_of_range(
    field: str, value: float, side: str, bound: str, end: Literal["min", "max"]
) -> RuntimeRejected:
    return RuntimeRejected(
        f"Invalid '{field}': decimal {side} value. "
        f"Expected a value {bound}, but got {value} instead.",
        code=f"decimal_{side.split()[0]}_{end}_value",
        param=field,
    )


def _check_at_least(field: str, value: int | None, least: int) -> None:
    if value is not None and value < least:
        raise RuntimeRejected(
            f"Invalid '{field}': integer below minimum value. "
            f"Expected a value >= {least}, but got {value} instead.",
            code="integer_below_min_value",
            param=field,
        )


def _wrong_type(field: str, expected: str, value: JsonValue) -> RuntimeRejected:
    return RuntimeRejected(
        f"Invalid type for '{field}': expected {expected}, but got {_json_kind(value)} instead.",
        code="invalid_type",
        param=field,
    )


def _json_kind(value: JsonValue) -> str:
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (str, "a string"),
        (int, "an integer"),
        (float, "a decimal number"),
        (Mapping, "an object"),
        (Sequence, "an array"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")

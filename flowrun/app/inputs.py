"""Inputs of a run: typed by the flow's declaration, checked, defaults filled in."""

import json
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import TypeGuard

from flowrun.app.input_wording import EXPECTED_TYPES, first_complaint, shown
from flowrun.errors import BadRequest
from flowrun.ids import JsonObject, JsonValue
from flowrun.plan.plan import ExecutionPlan
from flowrun.source.diagnostic import suggest

MAX_DEPTH = 64
"""Lists and mappings inside each other, as in a YAML file."""


def read_inputs(
    plan: ExecutionPlan, given: JsonObject, pairs: Sequence[str] = ()
) -> dict[str, JsonValue]:
    """Return the inputs of a run.

    Args:
        plan: Declares them.
        given: Values from a file, already typed.
        pairs: `name=value` from the command line; these win, and are read by the declared type.

    Raises:
        BadRequest: an unknown, missing or ill-typed input; the first found, in declared order.
    """
    schemas = dict(plan.inputs)
    values: dict[str, JsonValue] = dict(given)
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise BadRequest(f"expected `name=value`, found `{pair}`")
        values[name] = read_text(name, text, schemas[name]) if name in schemas else text
    for name in values:
        if name not in schemas:
            raise BadRequest(f"flow `{plan.flow}` has no input `{name}`", suggest(name, schemas))
    return {name: _checked(name, schema, values) for name, schema in plan.inputs}


def _checked(name: str, schema: JsonObject, values: Mapping[str, JsonValue]) -> JsonValue:
    if name not in values:
        if "default" not in schema:
            raise BadRequest(f"input `{name}` is required", f"add `--input {name}=...`")
        return schema["default"]
    value = values[name]
    problem = unsayable(value) or first_complaint(name, schema, value)
    if problem is not None:
        raise BadRequest(problem if problem.startswith("input ") else f"input `{name}`: {problem}")
    return value


def read_text(name: str, text: str, schema: JsonObject, noun: str = "input") -> JsonValue:
    """Read a text as JSON of the declared type; a text stays what it is.

    Where several types are declared, or none, a text that is JSON is taken as that.

    Raises:
        BadRequest: it is not of the one type that is declared.
    """
    kind = schema.get("type")
    if kind == "string":
        return text
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        value = None if isinstance(kind, str) else text
    if not isinstance(kind, str):
        return value
    if kind in _IS_OF_TYPE and not _IS_OF_TYPE[kind](value):
        expected = EXPECTED_TYPES[kind]
        raise BadRequest(f"{noun} `{name}`: expected {expected}, found {shown(text)}")
    return int(value) if kind == "integer" and isinstance(value, float) else value


def _is_number(value: JsonValue) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


_IS_OF_TYPE: Mapping[str, Callable[[JsonValue], bool]] = {
    "integer": lambda value: _is_number(value) and isfinite(value) and value == int(value),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def unsayable(value: JsonValue, depth: int = 0) -> str | None:
    """Say what keeps a value from being written down as JSON, or return None."""
    match value:
        case str() if not _is_unicode(value):
            return "expected Unicode text, found bytes that are none"
        case float() if not isfinite(value):
            return f"expected a number with an end, found `{value}`"
        case Mapping() | Sequence() if depth == MAX_DEPTH and not isinstance(value, str):
            return f"expected at most {MAX_DEPTH} lists and objects inside each other"
        case Mapping():
            parts: Sequence[JsonValue] = [*value, *value.values()]
        case Sequence() if not isinstance(value, str):
            parts = value
        case _:
            return None
    said = (unsayable(part, depth + 1) for part in parts)
    return next((one for one in said if one is not None), None)


def _is_unicode(text: str) -> bool:
    """Arguments that are not UTF-8 arrive as halves of surrogate pairs."""
    return text.isascii() or not any("\ud800" <= one <= "\udfff" for one in text)

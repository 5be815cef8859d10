"""What is wrong with a value that somebody gave, in plain words: expected before found."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, cast

from flowrun.errors import name_list
from flowrun.ids import JsonObject, JsonValue

SHOWN_MAX = 80

EXPECTED_TYPES: Mapping[str, str] = {
    "string": "a text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a JSON array",
    "object": "a JSON object",
    "null": "`null`",
}


def first_complaint(
    name: str, schema: JsonObject, value: JsonValue, noun: str = "input"
) -> str | None:
    """Return a sentence on the first thing that does not fit the schema, or None.

    Args:
        name: What people call the value; empty when they only call its fields by names.
        schema: JSON Schema.
        value: What was given.
        noun: What the value is to people: an input, a field of a form.
    """
    import jsonschema_rs  # a compiled library that flows without inputs need not load

    for error in jsonschema_rs.validator_for(dict(schema)).iter_errors(value):
        return _sentence(_Subject(noun, name), cast("_Violation", error))
    return None


def field_complaint(schema: JsonObject, name: str, value: JsonValue) -> str | None:
    """Return a sentence on what is wrong with one field of a form, whatever the others are."""
    import jsonschema_rs

    validator = jsonschema_rs.validator_for({**schema, "required": []})
    for error in validator.iter_errors({name: value}):
        violation = cast("_Violation", error)
        if list(violation.instance_path)[:1] == [name]:
            return _sentence(_Subject("field", ""), violation)
    return None


def shown(value: JsonValue) -> str:
    """Return a value in backticks: a text as it is, else JSON; cut where it gets long."""
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= SHOWN_MAX else f"`{text[:SHOWN_MAX]}…`"


class _Kind(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> JsonValue: ...


class _Violation(Protocol):
    @property
    def message(self) -> str: ...
    @property
    def kind(self) -> _Kind: ...
    @property
    def instance(self) -> JsonValue: ...
    @property
    def instance_path(self) -> Sequence[str | int]: ...


class _Subject(NamedTuple):
    noun: str
    name: str


def _sentence(subject: _Subject, error: _Violation) -> str:
    kind, path = error.kind, list(error.instance_path)
    if kind.name == "required":
        return f"{_place(subject, [*path, str(kind.value)])} is required"
    if kind.name == "additionalProperties":
        unknown = cast("Sequence[str]", kind.value)
        return f"{_place(subject, path)} has unknown keys: {name_list(unknown)}"
    expected = _EXPECTED.get(kind.name)
    if expected is None:
        return f"{_place(subject, path)}: {error.message}"
    found = shown(error.instance)
    return f"{_place(subject, path)}: expected {expected(kind.value)}, found {found}"


def _place(subject: _Subject, path: Sequence[str | int]) -> str:
    below = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    whole = f"{subject.name}{below}" if subject.name else below.removeprefix(".")
    return f"{subject.noun} `{whole}`" if whole else "the form"


def _number(value: JsonValue) -> str:
    """`1.0` was written as `1`."""
    whole = isinstance(value, float) and value.is_integer()
    return f"`{int(cast('float', value)) if whole else value}`"


def _types(value: JsonValue) -> str:
    names = [value] if isinstance(value, str) else cast("Sequence[str]", value)
    return " or ".join(EXPECTED_TYPES.get(one, one) for one in sorted(names))


def _one_of(values: JsonValue) -> str:
    listed = [shown(one) for one in cast("Sequence[JsonValue]", values)]
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} or {listed[-1]}"


def _amount(value: JsonValue, noun: str) -> str:
    return f"{value} {noun}" if value == 1 else f"{value} {noun}s"


_EXPECTED: Mapping[str, Callable[[JsonValue], str]] = {
    "type": _types,
    "enum": _one_of,
    "const": shown,
    "minimum": lambda value: f"at least {_number(value)}",
    "maximum": lambda value: f"at most {_number(value)}",
    "exclusiveMinimum": lambda value: f"more than {_number(value)}",
    "exclusiveMaximum": lambda value: f"less than {_number(value)}",
    "minLength": lambda value: f"at least {_amount(value, 'character')}",
    "maxLength": lambda value: f"at most {_amount(value, 'character')}",
    "minItems": lambda value: f"at least {_amount(value, 'item')}",
    "maxItems": lambda value: f"at most {_amount(value, 'item')}",
    "pattern": lambda value: f"a text that matches {shown(value)}",
}

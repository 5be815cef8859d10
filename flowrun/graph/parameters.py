"""The `parameters` of a tool and the `schema` of a form, short or long, as one object schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from flowrun.ids import JsonObject, JsonValue
from flowrun.source.diagnostic import suggest
from flowrun.spec.plain import Plain
from flowrun.spec.wording import found

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


@dataclass(frozen=True, slots=True)
class Nouns:
    """How a mapping of names to schemas is called, and what it holds."""

    whole: str
    part: str


PARAMETERS = Nouns("parameters", "parameter")
FORM = Nouns("schema", "field")


@dataclass(frozen=True, slots=True)
class ParameterFault:
    """What is wrong with one part of `parameters`."""

    path: tuple[str, ...]
    """Keys below `parameters`."""
    message: str
    hint: str | None = None
    at_key: bool = False


def expand(written: JsonObject | None) -> JsonObject:
    """Return the object schema of a tool's arguments; sound only if `faults` finds nothing.

    The short form maps names to schemas: every one without a `default` is required, and there are
    no others. A mapping whose `type` is the text `object` is a schema already.
    """
    if written is not None and is_long(written):
        return written if "properties" in written else {**written, "properties": {}}
    named = dict(written or {})
    required: list[JsonValue] = [
        name
        for name, schema in named.items()
        if not (isinstance(schema, Mapping) and "default" in schema)
    ]
    return {
        "type": "object",
        "properties": named,
        "required": required,
        "additionalProperties": False,
    }


def is_long(written: JsonObject) -> bool:
    """Tell whether `parameters` is an object schema, not names with schemas."""
    return written.get("type") == "object"


def names(written: JsonObject) -> tuple[str, ...]:
    """Return the names of the parameters."""
    properties = written.get("properties", {}) if is_long(written) else written
    return tuple(properties) if isinstance(properties, Mapping) else ()


def schema_paths(written: JsonObject) -> tuple[tuple[tuple[str, ...], JsonValue], ...]:
    """Return each schema in `parameters` with its path below it, what `faults` tells left out."""
    wrong = {one.path for one in faults(written) if not one.at_key}
    if not is_long(written):
        return tuple(((name,), one) for name, one in written.items() if (name,) not in wrong)
    properties = written.get("properties")
    if not isinstance(properties, Mapping):
        return (((), {key: one for key, one in written.items() if key != "properties"}),)
    sound = {name: one for name, one in properties.items() if ("properties", name) not in wrong}
    return (((), {**written, "properties": sound} if wrong else written),)


def faults(written: JsonObject, nouns: Nouns = PARAMETERS) -> tuple[ParameterFault, ...]:
    """Return what is wrong with the form; whether schemas are schemas is not looked at."""
    properties = written.get("properties", {}) if is_long(written) else written
    if not isinstance(properties, Mapping):
        told = found(_plain(properties))
        said = f"`properties` of `{nouns.whole}` must be a mapping, found {told}"
        return (ParameterFault(("properties",), said, "write `NAME: {type: ...}` below it"),)
    above = ("properties",) if is_long(written) else ()
    wrong: list[ParameterFault] = []
    for name, schema in properties.items():
        path = (*above, name)
        if not name.isidentifier() or not name.isascii():
            said = f"{nouns.part} `{name}` must be a name of letters, digits and `_`"
            wrong.append(ParameterFault(path, said, "choose another name", at_key=True))
        if not isinstance(schema, (Mapping, bool)):
            wrong.append(_not_a_schema(path, name, schema, nouns))
    return tuple(wrong)


def _not_a_schema(
    path: tuple[str, ...], name: str, schema: JsonValue, nouns: Nouns
) -> ParameterFault:
    said = f"{nouns.part} `{name}` must be a JSON Schema, found {found(_plain(schema))}"
    if name == "type" and isinstance(schema, str):
        return ParameterFault(
            path,
            f"`{nouns.whole}` must be an object schema or names with schemas, "
            f"found the type `{schema}`",
            f"write `type: object`, or `NAME: {{type: ...}}` for each {nouns.part}",
        )
    if isinstance(schema, str) and schema in _TYPES:
        return ParameterFault(path, said, f"write `{{type: {schema}}}`")
    near = suggest(schema, _TYPES) if isinstance(schema, str) else None
    return ParameterFault(path, said, near or "write `{type: string}`, for example")


def _plain(value: JsonValue) -> Plain:
    return cast("Plain", value)  # as the file had it

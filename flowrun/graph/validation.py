"""JSON Schemas and values held against them, by the library that also runs them.

Its sentences become ours here. Imported only where a schema or a value is not plainly sound.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from jsonschema_rs import (
    ReferencingError,
    ValidationError,
    ValidationErrorKind,
    meta,
    validator_for,
)

from flowrun.graph.subschemas import KEYWORDS, TYPES, subschemas
from flowrun.ids import JsonObject, JsonValue
from flowrun.spec.spans import DocPath

_FAULTS_LIMIT = 20
_LONGEST = 120
_CORRECT = "correct it, or remove it"
_NOT_A_PATTERN = "must be a regular expression"
_DRAFT = "must name a draft of JSON Schema that is known"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong with a part of a schema or a value."""

    path: DocPath
    message: str
    hint: str = _CORRECT
    names: tuple[str, ...] = ()
    """Keys that are missing, or too many."""


def refusals(schema: JsonObject) -> Iterator[Refusal]:
    """Yield what is no JSON Schema, each time without what was refused before.

    Unknown keys, unknown types and references are not looked at.
    """
    rest = cast("dict[str, object]", _bare(schema))
    for _ in range(_FAULTS_LIMIT):
        refusal = _refusal(rest)
        if refusal is None:
            return
        yield refusal
        if not refusal.path or not _without(rest, refusal.path):
            return


def misfits(schema: JsonObject, root: JsonObject, value: JsonValue) -> Iterator[Refusal]:
    """Yield where a value does not fit a schema; nothing when the schema is none.

    Args:
        schema: What the value is to fit.
        root: What its references point into.
        value: Plain JSON.
    """
    whole = cast("dict[str, object]", _plain({**schema, **_definitions(root)}))
    try:
        validator = validator_for(whole, retriever=_refuse_to_fetch)
    except (ValidationError, ReferencingError, ValueError):
        return  # told of where it stands
    for error in validator.iter_errors(_plain(value)):
        names: tuple[str, ...] = ()
        match error.kind:
            case ValidationErrorKind.Required(property=name):
                names = (str(name),)
            case ValidationErrorKind.AdditionalProperties(unexpected=unexpected):
                names = tuple(unexpected)
            case _:
                pass
        yield Refusal(tuple(error.instance_path), _said(error.message), names=names)


def _refusal(rest: dict[str, object]) -> Refusal | None:
    try:
        meta.validate(rest)
        validator_for(rest, retriever=_refuse_to_fetch)
    except ReferencingError:
        where: DocPath = ("$schema",) if "$schema" in rest else ()
        return Refusal(where, _DRAFT, "remove it; 2020-12 is taken")
    except ValidationError as error:
        path = tuple(error.instance_path)
        if "Unknown meta-schema" in error.message:
            return Refusal(("$schema",), _DRAFT, "remove it; 2020-12 is taken")
        if error.message.endswith('is not a "regex"'):
            return Refusal(path, _NOT_A_PATTERN, "correct it; the rules are those of JavaScript")
        return Refusal(path, _said(error.message))
    return None


def _bare(schema: JsonValue) -> JsonValue:
    """Return a copy without what other checks tell of."""
    bare = _plain(schema)
    for _, one in subschemas(bare):
        written = cast("dict[str, object]", one)
        if isinstance(one.get("type"), str) and one["type"] not in TYPES:
            written.pop("type")
        for key in [key for key in written if key not in KEYWORDS or key == "$ref"]:
            written.pop(key)
    return bare


def _without(schema: object, path: Sequence[str | int]) -> bool:
    """Take a part out of plain JSON; tell whether it was there."""
    for part in path[:-1]:
        schema = schema[part]  # type: ignore[index]  # the validator found its way so
    last = path[-1]
    if isinstance(schema, dict) and last in schema:
        del schema[last]
        return True
    if isinstance(schema, list) and isinstance(last, int):
        schema[last] = True  # the neighbours keep their numbers
        return True
    return False


def _definitions(root: JsonObject) -> JsonObject:
    return {key: root[key] for key in ("$defs", "definitions", "$schema") if key in root}


def _said(message: str) -> str:
    """Put the validator's sentence into our form: backticks, no quotes, no final stop, short."""
    said = message.replace("'", "`").replace('"', "`").rstrip(".")
    if len(said) <= _LONGEST:
        return said
    head, tail = said[: _LONGEST // 2], said[-_LONGEST // 2 :]
    return f"{head}…{tail}".replace("`", "'")


def _refuse_to_fetch(uri: str, /) -> None:
    message = f"`{uri}` is outside the schema"
    raise ValueError(message)


def _plain(value: JsonValue) -> JsonValue:
    """Return the same JSON in the types that the validator reads."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value

"""What a JSON Schema says about a path into its values. Says nothing where it does not know."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flowrun.graph.subschemas import KEYWORDS
from flowrun.ids import JsonObject, JsonValue

_REFERENCES_LIMIT = 16
_INDEX = re.compile(r"[0-9]{1,9}")
_WORDS: Mapping[str, str] = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "integer"),
    (str, "string"),
    (Mapping, "object"),
)


@dataclass(frozen=True, slots=True)
class Lacking:
    """A path leads nowhere."""

    depth: int
    """How many parts of the path are there."""
    names: tuple[str, ...] = ()
    """Fields there are instead, if it is an object."""
    kind: str = "an object"
    """What stands there, in a person's words."""


_NOTHING_NEW = Lacking(-1)
"""Of alternatives that are being looked into already."""


def look_up(schema: JsonObject, path: Sequence[str | int]) -> JsonObject | Lacking | None:
    """Return the schema at a path, or why there is none, or None when it cannot be known.

    A field that an object's schema does not name is lacking, unless the schema admits others in
    so many words.
    """
    found = _follow(schema, _Walk(schema, path), 0)
    return None if found is _NOTHING_NEW else found


def types_of(schema: JsonObject) -> frozenset[str] | None:
    """Return the JSON types that a schema admits, or None when it does not say."""
    types = schema.get("type")
    if types is not None:
        named = types if isinstance(types, Sequence) and not isinstance(types, str) else [types]
        known = all(isinstance(one, str) and one in _WORDS for one in named)
        return frozenset(str(one) for one in named) if known else None
    alternatives = schema.get("anyOf", schema.get("oneOf"))
    if isinstance(alternatives, Sequence) and not isinstance(alternatives, str):
        found = [types_of(one) if isinstance(one, Mapping) else None for one in alternatives]
        if found and all(one is not None for one in found):
            return frozenset().union(*[one for one in found if one is not None])
    values = schema.get("enum")
    if isinstance(values, Sequence) and not isinstance(values, str):
        return frozenset(type_of(one) for one in values)
    return frozenset((type_of(schema["const"]),)) if "const" in schema else None


def type_of(value: JsonValue) -> str:
    """Return the JSON type of a value; a number without a fraction is an `integer`."""
    if value is None:
        return "null"
    if isinstance(value, float) and not value.is_integer():
        return "number"
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "array")


def words_for(types: frozenset[str]) -> str:
    """Return the types in a person's words."""
    named = types - {"integer"} if "number" in types else types
    return " or ".join(_WORDS.get(one, one) for one in sorted(named))


def resolve(schema: JsonValue, root: JsonObject) -> JsonObject | None:
    """Return the schema that `$ref`s lead to, or None if it is not one of `root`'s own."""
    for _ in range(_REFERENCES_LIMIT):
        if not isinstance(schema, Mapping):
            return None
        reference = schema.get("$ref")
        if reference is None:
            return schema
        schema = pointed_at(root, reference)
    return None


def pointed_at(root: JsonObject, reference: JsonValue) -> JsonValue:
    """Return what a `#/...` pointer leads to, or None."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    at: JsonValue = root
    if "%" in reference:
        from urllib.parse import unquote  # hardly ever needed

        reference = unquote(reference)
    for part in reference[1:].split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(at, Mapping):
            at = at.get(key)
        elif isinstance(at, Sequence) and not isinstance(at, str) and _INDEX.fullmatch(key):
            at = at[int(key)] if int(key) < len(at) else None
        else:
            return None
    return at


@dataclass(frozen=True, slots=True)
class _Walk:
    """One way into a schema."""

    root: JsonObject
    path: Sequence[str | int]
    seen: set[tuple[int, int]] = field(default_factory=set)
    """Alternatives that were looked into, with the depth: a schema may be one of its own."""


def _follow(schema: JsonValue, walk: _Walk, depth: int) -> JsonObject | Lacking | None:
    found = resolve(schema, walk.root)
    if found is None or depth == len(walk.path):
        return found
    for word in ("anyOf", "oneOf"):
        alternatives = found.get(word)
        if isinstance(alternatives, Sequence) and not isinstance(alternatives, str):
            return _best(alternatives, walk, depth)
    if "allOf" in found or "if" in found:
        return None
    types = (types_of(found) or frozenset()) - {"null"}
    if isinstance(walk.path[depth], int):
        return _item(found, types, walk, depth)
    return _field(found, types, walk, depth)


def _best(
    alternatives: Sequence[JsonValue], walk: _Walk, depth: int
) -> JsonObject | Lacking | None:
    """A path is lacking only if every alternative lacks it; `null` does not count."""
    if (id(alternatives), depth) in walk.seen:
        return _NOTHING_NEW
    walk.seen.add((id(alternatives), depth))
    lacking: Lacking | None = None
    for one in alternatives:
        if isinstance(one, Mapping) and one.get("type") == "null":
            continue
        found = _follow(one, walk, depth)
        if not isinstance(found, Lacking):
            return found
        if lacking is None or found.depth > lacking.depth:
            lacking = found
    return lacking


def _field(
    schema: JsonObject, types: frozenset[str], walk: _Walk, depth: int
) -> JsonObject | Lacking | None:
    if types and "object" not in types:
        return Lacking(depth, kind=words_for(types))
    fields = schema.get("properties")
    if not isinstance(fields, Mapping):
        is_closed = schema.get("additionalProperties") is False and schema.keys() <= KEYWORDS
        return Lacking(depth) if is_closed else None
    key = str(walk.path[depth])
    if key in fields:
        return _follow(fields[key], walk, depth + 1)
    if any(one not in KEYWORDS and not one.startswith("x-") for one in schema):
        return None  # it may have meant `properties`; that is told where it stands
    others = schema.get("additionalProperties", False)
    if others is not False or "patternProperties" in schema:
        return _follow(others, walk, depth + 1)
    return Lacking(depth, names=tuple(fields))


def _item(
    schema: JsonObject, types: frozenset[str], walk: _Walk, depth: int
) -> JsonObject | Lacking | None:
    if types and not types & {"array", "string"}:
        return Lacking(depth, kind=words_for(types))
    if types == {"string"}:
        return _follow(schema, walk, depth + 1)  # a letter
    if "prefixItems" in schema or "array" not in types:
        return None
    return _follow(schema.get("items"), walk, depth + 1)

"""What both ways of evaluating share: finding a part of a value, and showing a value as text.

Only items of JSON values are ever looked at. Methods and attributes of whatever holds the values
do not exist here, so nothing can leak through them.
"""

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Final

from flowrun.errors import name_list
from flowrun.expression.terms import Refused
from flowrun.ids import JsonValue

TEXT_LIMIT = 8 * 1024 * 1024
"""Characters that one evaluation may produce."""
VALUE_LIMIT = 1_000_000
"""Parts (items, keys, texts) that one produced value may have."""
_LISTED = 12

TOO_LONG = f"the text grows longer than {TEXT_LIMIT:,} characters"
_TOO_MANY = f"the value has more than {VALUE_LIMIT:,} parts"
_TOO_DEEP = "the value is nested too deeply"
_NOT_JSON = "the value is not a number that JSON can say"
_NOT_DATA = "the value is not data"


class Absent:
    """The type of `ABSENT`."""


class Gap:
    """A value that stands for something missing and knows what."""

    __slots__ = ()

    def gap(self) -> str:
        """Say what is missing."""
        raise NotImplementedError


ABSENT: Final = Absent()
"""What `find` returns when there is no such part: None is a value."""


def find(value: object, key: object) -> object:
    """Return the part of a JSON value under a key or an index, or `ABSENT`."""
    kind = type(value)
    if kind is dict or isinstance(value, Mapping):
        return value.get(key, ABSENT) if isinstance(key, str) else ABSENT  # type: ignore[attr-defined]  # a mapping, both ways
    if isinstance(key, bool) or not isinstance(key, int):
        return ABSENT
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return value[key] if -len(value) <= key < len(value) else ABSENT
    return ABSENT


def absence(value: object, key: object) -> str:
    """Say that a value has no such part, and what it has if that is short."""
    wanted = f"no `{key}`" if isinstance(key, str) else f"no item {key}"
    if isinstance(value, Mapping):
        names = [str(name) for name in value]
        if not names:
            return f"{wanted} in an empty object"
        if len(names) <= _LISTED:
            return f"{wanted} in the object, which has {name_list(names)}"
        return f"{wanted} in the object, which has {len(names)} other keys"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"{wanted} in a list of {len(value)}"
    return f"{wanted} in {kind_of(value)}"


def unknown_name(name: str) -> str:
    """Say that the scope has no such name."""
    return f"no `{name}` here"


def kind_of(value: object) -> str:
    """Return the word that a person has for a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return next((word for kind, word in _KINDS if isinstance(value, kind)), "no data")


_KINDS: Final = (
    ((int, float), "a number"),
    (str, "a text"),
    (Mapping, "an object"),
    (Sequence, "a list"),
)


def wants(what: str, wanted: str, found: object) -> str:
    """Say that a filter, test or operator expects something else than it was given."""
    return f"`{what}` expects {wanted}, not {kind_of(found)}"


def show(value: object) -> str:
    """Return a value as it stands inside a text: texts as they are, the rest as JSON.

    Raises:
        Refused: it is not JSON (not a number, no data at all), or too large.
    """
    if isinstance(value, str):
        return value
    return dump(value)


def dump(value: object, indent: int | None = None) -> str:
    """Return the JSON of a value: compact, or indented; nothing but JSON's own is escaped.

    Raises:
        Refused: as `show`.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(to_json(value), ensure_ascii=False, separators=separators, indent=indent)


def to_json(value: object) -> JsonValue:
    """Return the value as plain JSON: lists, objects, texts, finite numbers, true, false, null.

    Raises:
        Refused: as `show`.
    """
    try:
        return _Copy().of(value)
    except RecursionError as deep:
        raise Refused(_TOO_DEEP) from deep


class _Copy:
    """One copying of a value; counts what it makes, so that shared parts cannot multiply."""

    def __init__(self) -> None:
        self.parts = 0
        self.characters = 0

    def of(self, value: object) -> JsonValue:
        self.parts += 1
        if self.parts > VALUE_LIMIT:
            raise Refused(_TOO_MANY)
        match value:
            case None | bool() | int():
                return value
            case str():
                return self._text(value)
            case float():
                if not isfinite(value):
                    raise Refused(_NOT_JSON)
                return value
            case Gap():
                raise Refused(value.gap())
            case Mapping():
                return {self._key(key): self.of(one) for key, one in value.items()}
            case Sequence():
                return [self.of(one) for one in value]
            case _:
                raise Refused(_NOT_DATA)

    def _text(self, value: str) -> str:
        self.characters += len(value)
        if self.characters > TEXT_LIMIT:
            raise Refused(TOO_LONG)
        return value

    def _key(self, key: object) -> str:
        if not isinstance(key, str):
            raise Refused(wants("{ }", "keys that are texts", key))
        return self._text(key)

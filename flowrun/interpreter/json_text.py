"""JSON that models write: read strictly, for what is accepted here must be storable and sayable."""

import json
from collections.abc import Iterable
from typing import Never

from flowrun.ids import JsonValue

DEPTH = 100
"""How deep a text may be nested: far beyond any use, and far from where encoders give up."""


def read_json(text: str) -> JsonValue:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, or JSON has no words for a number or character in it, or it is
            nested deeper than `DEPTH`; the message says which, fit for a model.
    """
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError as fault:
        raise ValueError(_TOO_DEEP) from fault
    if "\\u" in text or not text.isascii():
        _refuse_broken(value)
    if text.count("[") + text.count("{") > DEPTH:
        _refuse_deep(value)
    return value


_TOO_DEEP = f"it is nested deeper than {DEPTH} levels"


def _refuse_constant(word: str) -> Never:
    message = f"`{word}` is not a JSON value"
    raise ValueError(message)


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        message = f"the number `{digits[:40]}` is too large"
        raise ValueError(message)
    return value


def _refuse_broken(value: JsonValue) -> None:
    """Half a surrogate pair is no character: validators and tools could not take it."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as fault:
        message = "it holds half a character: a lone surrogate"
        raise ValueError(message) from fault


def _refuse_deep(value: JsonValue) -> None:
    level = _containers([value])
    for _ in range(DEPTH):
        level = [deeper for one in level for deeper in _containers(_inside(one))]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def _containers(values: Iterable[JsonValue]) -> list[JsonValue]:
    return [one for one in values if isinstance(one, dict | list)]


def _inside(one: JsonValue) -> Iterable[JsonValue]:
    if isinstance(one, dict):
        return one.values()
    return one if isinstance(one, list) else ()

"""What a Python tool gave back, as JSON and as a model is told it; and what it raised, in words."""

import json
from dataclasses import dataclass

from flowrun.ids import JsonValue
from flowrun.tools.capture import shorten
from flowrun.tools.redaction import Redactor

MESSAGE_MAX = 2000
"""Characters of an exception's message that are repeated."""
_GROUP_MAX = 3


class Unsayable(Exception):
    """A returned value that JSON has no words for; the message says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """A value and its text."""

    value: JsonValue
    text: str


def say(returned: object, redactor: Redactor, max_output: int) -> Said:
    """Return what a tool returned, secrets masked, its text cut to `max_output` bytes.

    Raises:
        Unsayable: it is not data, holds itself, or has numbers or texts that JSON does not have.
    """
    value = redactor.value(_to_json(returned))
    text = value if isinstance(value, str) else _text(value)
    if not text.isascii():
        _refuse_broken(text)
    return Said(value, shorten(text, max_output))


def describe(error: BaseException) -> str:
    """Return an exception as one bounded line: its name and what it says, no traceback."""
    name = type(error).__name__
    if isinstance(error, BaseExceptionGroup):
        inner = "; ".join(describe(one) for one in error.exceptions[:_GROUP_MAX])
        return _bounded(f"{name}: {inner}")
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001  # somebody else's `__str__` may raise anything
        said = ""
    return _bounded(f"{name}: {said}") if said else name


def _to_json(returned: object) -> JsonValue:
    if returned is None or type(returned) is str:  # an enum of texts is more than a text
        return returned
    from pydantic_core import to_jsonable_python

    try:
        value: JsonValue = to_jsonable_python(returned)
    except Exception as error:  # serialisers of the author's own classes may raise anything
        raise Unsayable(describe(error)) from error
    return value


def _text(value: JsonValue) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise Unsayable(describe(error)) from error


def _refuse_broken(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "the text is not valid Unicode"
        raise Unsayable(message) from error


def _bounded(text: str) -> str:
    return text if len(text) <= MESSAGE_MAX else text[:MESSAGE_MAX] + "…"

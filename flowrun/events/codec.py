"""Events as JSON: one body an event, one line an envelope, versioned.

The body is what a journal keeps; the envelope puts the stamp in front of a body that was encoded
already, so an event is encoded once however many places it goes to.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import cast, get_args

from flowrun.events.records import Event, ToolCallRequest
from flowrun.ids import JsonObject, JsonValue

EVENT_VERSION = 1
"""Version of the lines. New optional fields keep it; a changed meaning raises it."""

ENVELOPE_KEYS = ("v", "seq", "at", "flow_run_id")
"""Keys of a line in front of the event's own; no event has a field of these names."""


class UnreadableEvent(ValueError):
    """A text that is no event this version knows."""

    def __init__(self, *, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")


def event_type(kind: type[Event]) -> str:
    """Return the name an event class travels under: `StepFinished` is `step_finished`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


EVENT_CLASSES: Mapping[str, type[Event]] = {event_type(kind): kind for kind in get_args(Event)}
"""Every event class by the name it travels under, in the order of the union."""

_FIELDS: Mapping[type[Event], tuple[str, tuple[str, ...]]] = {
    kind: (name, tuple(one.name for one in fields(kind))) for name, kind in EVENT_CLASSES.items()
}


def encode_event(event: Event) -> str:
    """Return the event's JSON body on one line: `type`, then every field, always valid UTF-8.

    Raises:
        ValueError: it holds a number that is not finite.
        TypeError: it holds something else that JSON cannot say.
    """
    name, names = _FIELDS[type(event)]
    body: dict[str, object] = {"type": name}
    for one in names:
        body[one] = getattr(event, one)
    return _one_line(body)


def decode_event(text: str) -> Event:
    """Return the event that `encode_event` wrote; fields that are absent take their default.

    Raises:
        UnreadableEvent: not JSON, an unknown `type`, or fields that do not fit it.
    """
    try:
        body = json.loads(text)
    except ValueError as fault:
        raise UnreadableEvent(expected="an event as JSON", found=str(fault)) from fault
    if not isinstance(body, dict):
        raise UnreadableEvent(expected="an event as a JSON object", found=f"`{text[:40]}`")
    return _read(body)


def envelope(event: Event, *, seq: int | None, at: float, run_id: str) -> str:
    """Return the event as one line of `--format jsonl`, without a line end.

    `seq` counts the kept events of a run from 1 and is None for those that are only shown; `at` is
    in seconds since the epoch; `run_id` is the flow run's id.
    """
    return wrap_encoded(encode_event(event), seq=seq, at=at, run_id=run_id)


def wrap_encoded(body: str, *, seq: int | None, at: float, run_id: str) -> str:
    """Return the line of an event whose body `encode_event` has already made.

    The key is `flow_run_id` because several events have a `run_id` of their own, the assistant
    run's, and one JSON object must not say a key twice.
    """
    number = "null" if seq is None else str(seq)
    stamp = f'"v":{EVENT_VERSION},"seq":{number},"at":{round(at, 6)!r}'
    return f'{{{stamp},"flow_run_id":{json.dumps(run_id)},{body[1:]}'


def _one_line(body: Mapping[str, object]) -> str:
    text = _ENCODER.encode(body)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair, out of a model's escaped JSON: only the escaped form can be stored.
        return _ASCII_ENCODER.encode(body)
    return text


def _plain(value: object) -> object:
    if isinstance(value, ToolCallRequest):
        return {"id": value.id, "tool": value.tool, "arguments": value.arguments}
    if isinstance(value, Mapping):
        return dict(value)
    return json.JSONEncoder().default(value)  # raises


_ENCODER = json.JSONEncoder(
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,
    separators=(",", ":"),
    default=_plain,
)
_ASCII_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_plain)


def _read(body: dict[str, JsonValue]) -> Event:
    name = body.pop("type", None)
    kind = EVENT_CLASSES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise UnreadableEvent(expected="the `type` of an event", found=f"`{name}`")
    try:
        for field, reader in _READERS.items():
            if field in body:
                body[field] = reader(body[field])
        return kind(**body)  # type: ignore[arg-type]  # written by encode_event; TypeError if not
    except (TypeError, KeyError) as fault:
        raise UnreadableEvent(expected=f"the fields of `{name}`", found=str(fault)) from fault


def _tuple(value: JsonValue) -> JsonValue:
    return tuple(cast("list[JsonValue]", value))


def _requests(value: JsonValue) -> JsonValue:
    calls = tuple(
        ToolCallRequest(**cast("dict[str, str]", one)) for one in cast("list[JsonObject]", value)
    )
    return cast("JsonValue", calls)  # a field of the event; JSON no longer


_READERS: Mapping[str, Callable[[JsonValue], JsonValue]] = {
    "calls": _requests,
    "call_ids": _tuple,
    "errors": _tuple,
    "messages": _tuple,
    "questions": _tuple,
    "tool_calls": _tuple,
}
"""Fields that are tuples; JSON has only lists."""

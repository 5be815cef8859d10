"""Sentences about runs that wait, were cancelled or have their answer."""

from collections.abc import Sequence
from datetime import UTC, datetime

from flowrun.errors import plural
from flowrun.ids import JsonObject, canonical_json

_NAMED = 3
_CLIPPED_AT = 80


def instant_text(at: float) -> str:
    """Return an instant as people read it: `2026-11-20 16:05:00 UTC`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def why_parked(labels: Sequence[str], wake_at: float | None) -> str:
    """Return what a run waits for: answers to these steps' questions, or an instant."""
    if not labels:
        assert wake_at is not None
        return f"waiting until {instant_text(wake_at)}"
    named = [f"`{label}`" for label in labels[:_NAMED]]
    if len(labels) > _NAMED:
        named.append(f"{len(labels) - _NAMED} more")
    if len(named) == 1:
        return f"waiting for an answer to {named[0]}"
    return f"waiting for answers to {', '.join(named[:-1])} and {named[-1]}"


def why_stuck(deaths: int, key: str) -> str:
    """Return why a run is parked that keeps killing its process."""
    return f"crash-looping at `{key}`: {plural(deaths, 'death')} without progress"


def why_cancelled(by: str, reason: str) -> str:
    """Return who cancelled a run, and what for, as far as they said."""
    return f"cancelled{f' by {by}' if by else ''}{f': {reason}' if reason else ''}"


def answer_text(value: JsonObject, sender: str, at: float) -> str:
    """Return an answer in words: what, whose, when."""
    decision, said, comment = value.get("decision"), value.get("value"), value.get("comment")
    if decision is None:
        what = _clipped(canonical_json(value))
    else:
        what = (
            str(decision) if said is None else f"{decision} with {_clipped(canonical_json(said))}"
        )
    by = f" by {' '.join(sender.split())}" if sender else ""
    why = f": {' '.join(str(comment).split())}" if comment else ""
    return f"{what}{by} at {instant_text(at)}{why}"


def _clipped(text: str) -> str:
    return text if len(text) <= _CLIPPED_AT else f"{text[:_CLIPPED_AT]}…"

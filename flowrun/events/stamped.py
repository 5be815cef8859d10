"""Events on their way to whoever watches: stamped, and handed over in the publisher's own turn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from flowrun.events.records import Event, MessageDelta, ToolCallStarted

TRANSIENT: frozenset[type[Event]] = frozenset({MessageDelta, ToolCallStarted})
"""Events that are shown and not kept."""


@dataclass(frozen=True, slots=True)
class StampedEvent:
    """An event, its place in the run's journal, and when it happened."""

    event: Event
    seq: int | None
    """From 1; None for an event that is shown and not kept."""
    at: float
    """Seconds since the epoch."""


Sink: TypeAlias = Callable[[StampedEvent], None]
"""Whoever watches one run. It is called in the run's own turn and must be quick."""

RunSink: TypeAlias = Callable[[str, StampedEvent], None]
"""Whoever watches every run; it is given the flow run's id, too."""

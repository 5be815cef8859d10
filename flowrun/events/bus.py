"""Events on their way to whoever watches: a synchronous fan-out that never waits for anybody.

A sink is called in the publisher's own turn and must be quick. Whoever needs time subscribes and
has a mailbox. Kept events wait there however many they are, for they are few and small; of the
transient ones only the latest wait, for the step's result says the whole text again.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from heapq import merge
from typing import Protocol, TypeAlias

from flowrun.events.records import Event, MessageDelta, ToolCallStarted

TRANSIENT: frozenset[type[Event]] = frozenset({MessageDelta, ToolCallStarted})
"""Events that are shown and not kept."""

PENDING_TRANSIENT = 256
"""Transient events that wait for a slow subscriber; older ones are dropped."""


@dataclass(frozen=True, slots=True)
class StampedEvent:
    """An event, its place in the run's journal, and when it happened."""

    event: Event
    seq: int | None
    """From 1; None for an event that is shown and not kept."""
    at: float
    """Seconds since the epoch."""


Sink: TypeAlias = Callable[[StampedEvent], None]


class Signal(Protocol):
    """What a subscriber sleeps on; `asyncio.Event` is one."""

    def set(self) -> None:
        """Wake whoever waits."""
        ...

    def clear(self) -> None:
        """Let the next wait sleep."""
        ...

    async def wait(self) -> object:
        """Sleep until `set`."""
        ...


class Bus:
    """Fan-out of one run's events, all in one thread."""

    def __init__(self) -> None:
        self._sinks: tuple[Sink, ...] = ()
        self._open: tuple[_Mailbox, ...] = ()

    def publish(self, item: StampedEvent) -> None:
        """Give an event to every sink, in the order they were attached."""
        for sink in self._sinks:
            sink(item)

    def attach(self, sink: Sink) -> Callable[[], None]:
        """Add a sink and return what takes it away again. It sees what is published from now on."""
        self._sinks = (*self._sinks, sink)

        def detach() -> None:
            self._sinks = tuple(one for one in self._sinks if one is not sink)

        return detach

    def subscribe(self, signal: Signal) -> AsyncIterator[StampedEvent]:
        """Return the events from this moment until `close`, in order.

        `signal` belongs to the subscription alone: the caller brings it, because this room knows no
        event loop.
        """
        mailbox = _Mailbox(signal)
        self._open = (*self._open, mailbox)
        detach = self.attach(mailbox.put)

        def leave() -> None:
            detach()
            self._open = tuple(one for one in self._open if one is not mailbox)

        return mailbox.read(leave)

    def close(self) -> None:
        """End every subscription once it has read what waits for it."""
        for mailbox in self._open:
            mailbox.close()
        self._open = ()


class _Mailbox:
    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self._arrivals = 0
        self._kept: deque[tuple[int, StampedEvent]] = deque()
        self._transient: deque[tuple[int, StampedEvent]] = deque(maxlen=PENDING_TRANSIENT)
        self._closed = False

    def put(self, item: StampedEvent) -> None:
        self._arrivals += 1
        lane = self._transient if type(item.event) in TRANSIENT else self._kept
        lane.append((self._arrivals, item))
        self._signal.set()

    def close(self) -> None:
        self._closed = True
        self._signal.set()

    async def read(self, leave: Callable[[], None]) -> AsyncIterator[StampedEvent]:
        try:
            while True:
                for item in self._take():
                    yield item
                if self._closed and not self._kept and not self._transient:
                    return
                await self._signal.wait()
        finally:
            leave()

    def _take(self) -> list[StampedEvent]:
        self._signal.clear()
        items = [item for _, item in merge(self._kept, self._transient, key=lambda one: one[0])]
        self._kept.clear()
        self._transient.clear()
        return items

"""The only place that asks what time it is."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks in one: what the calendar says, and what never runs backwards."""

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only grow; meaningful as differences alone."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()


class ManualClock:
    """A clock that moves when it is told to, for tests of timeouts and expiry."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        """Return the set time."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds advanced so far."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        self._monotonic += seconds

    def set_calendar(self, now: float) -> None:
        """Step the calendar, forwards or backwards, as an administrator would."""
        self._now = now

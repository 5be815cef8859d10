"""The only place that asks what time it is, and that wakes whoever waits for it to pass."""

import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Protocol


class Alarm(Protocol):
    """Somebody who will be woken."""

    def cancel(self) -> None:
        """Do not wake them; a second time, or after they were woken, does nothing."""
        ...


class Clock(Protocol):
    """Two clocks in one: what the calendar says, and what never runs backwards."""

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only grow; meaningful as differences alone."""
        ...

    def call_later(self, seconds: float, wake: Callable[[], None]) -> Alarm:
        """Call a function in the running event loop when so much monotonic time has passed."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()

    def call_later(self, seconds: float, wake: Callable[[], None]) -> Alarm:
        """Call a function in the running event loop when so much monotonic time has passed."""
        from asyncio import get_running_loop  # quick commands have a clock and never wait

        return get_running_loop().call_later(seconds, wake)


class ManualClock:
    """A clock that moves when it is told to, for tests of timeouts and expiry."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._monotonic = 0.0
        self._alarms: list[tuple[float, int, _ManualAlarm]] = []
        self._numbers = count()

    def now(self) -> float:
        """Return the set time."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds advanced so far."""
        return self._monotonic

    def call_later(self, seconds: float, wake: Callable[[], None]) -> Alarm:
        """Call a function when the clock was advanced so far; within `advance`, in order."""
        alarm = _ManualAlarm(wake)
        heappush(self._alarms, (self._monotonic + seconds, next(self._numbers), alarm))
        return alarm

    def advance(self, seconds: float) -> None:
        """Let time pass; who is to be woken meanwhile is, each at their own instant."""
        end = self._monotonic + seconds
        while self._alarms and self._alarms[0][0] <= end:
            due, _, alarm = heappop(self._alarms)
            self._move(max(0.0, due - self._monotonic))
            alarm.ring()
        self._move(end - self._monotonic)

    def set_calendar(self, now: float) -> None:
        """Step the calendar, forwards or backwards, as an administrator would."""
        self._now = now

    def _move(self, seconds: float) -> None:
        self._now += seconds
        self._monotonic += seconds


class _ManualAlarm:
    """An alarm that `advance` rings."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake: Callable[[], None] | None = wake

    def ring(self) -> None:
        wake, self._wake = self._wake, None
        if wake is not None:
            wake()

    def cancel(self) -> None:
        self._wake = None

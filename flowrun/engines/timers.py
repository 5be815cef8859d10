"""Timers of one run at work: absolute instants for later lives, monotonic time for this one.

A calendar that is stepped back therefore neither delays a timer nor lets it fire again; one that is
stepped forward is noticed when the run is entered again, at the latest.
"""

from collections.abc import Callable, Mapping

from flowrun.clock import Alarm, Clock


class Timers:
    """Who waits for which instant. Keys are plan paths."""

    def __init__(self, clock: Clock, due: Mapping[str, float]) -> None:
        self._clock = clock
        self._due = dict(due)
        """On the monotonic clock of this process; earlier entries in this process included."""
        self._armed: dict[str, tuple[float, Alarm]] = {}

    def left(self, path: str, instant: float, seconds: float) -> float:
        """Return the seconds left of a timer of so many seconds that ends at an instant."""
        monotonic = self._clock.monotonic()
        left = min(seconds, instant - self._clock.now())
        if path in self._due:
            left = min(left, self._due[path] - monotonic)
        self._due[path] = monotonic + left
        return left

    def arm(self, path: str, instant: float, wake: Callable[[], None]) -> None:
        """Have somebody woken when the timer that `left` told of is over."""
        alarm = self._clock.call_later(self._due[path] - self._clock.monotonic(), wake)
        self._armed[path] = (instant, alarm)

    def disarm(self, path: str) -> None:
        """Nobody waits for it any more."""
        _, alarm = self._armed.pop(path)
        alarm.cancel()

    def next_s(self) -> float | None:
        """Return the seconds until the first of those that somebody waits for."""
        monotonic = self._clock.monotonic()
        return min((self._due[path] - monotonic for path in self._armed), default=None)

    def wake_at(self) -> float | None:
        """Return the instant of the first of those that somebody waits for."""
        return min((instant for instant, _ in self._armed.values()), default=None)

    def due(self) -> Mapping[str, float]:
        """Return when those that somebody waits for are over, on the monotonic clock."""
        return {path: self._due[path] for path in self._armed}

"""One run at work: its rows, what earlier lives left, and whether anything in it moves.

A *strand* is a line of work that waits for one thing at a time: the run's root, every child, the
work inside a `within`. While any strand moves, the run is at work. When all of them wait for
children, timers or signals, and no effect is under way, only the world outside can move the run,
and it is offered to be parked.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from flowrun.clock import Clock
from flowrun.engines.inbox import Message
from flowrun.engines.reading import JournalRow
from flowrun.engines.timers import Timers
from flowrun.events.codec import decode_event, encode_event, event_type
from flowrun.events.records import Event, QuestionAnswered, QuestionAsked, StepFinished
from flowrun.events.stamped import RunSink, StampedEvent
from flowrun.ids import compact_json, ordered_json
from flowrun.ports.durable import Signal
from flowrun.storage.database import Database

APPEND = "INSERT INTO journal (run, seq, key, kind, body, at) VALUES (?, ?, ?, ?, ?, ?)"

HOLD_S = 1.0
"""A timer that is over sooner is waited for; parking and entering again would cost more."""

_STARTED = "started"
"""How the keys end under which beginnings are recorded."""
_ASKED = f'{{"type":"{event_type(QuestionAsked)}"'
_SETTLED = tuple(f'{{"type":"{event_type(kind)}"' for kind in (QuestionAnswered, StepFinished))


def _ignore(run: "LiveRun") -> None:
    """Let a run stay as it is, though nothing moves in it."""


@dataclass(slots=True, kw_only=True)
class LiveRun:
    """What one process knows of a run it is executing."""

    number: int
    run_id: str
    database: Database
    clock: Clock
    timers: Timers
    sinks: Sequence[RunSink] = ()
    """Who watches; more may come while the run is alive."""
    when_still: Callable[["LiveRun"], None] = _ignore
    """Called when nothing in the run moves."""
    entry: int = 1
    """How many times the run has been entered, this time included."""
    seq: int = 0
    intents: set[str] = field(default_factory=set)
    """Keys whose intent an earlier entry recorded."""
    announced: set[str] = field(default_factory=set)
    """Keys whose intent this entry recorded."""
    facts: dict[str, str] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    """Events of earlier lives, by key, as text."""
    times: dict[str, float] = field(default_factory=dict)
    """When events of earlier lives happened that say that something began."""
    signals: dict[str, str] = field(default_factory=dict)
    """What was said and taken in, by key, as text."""
    fired: set[str] = field(default_factory=set)
    """Keys of timers that are over."""
    inbox: dict[str, Message] = field(default_factory=dict)
    """What was said to the run, by name, taken in or not."""
    asked: dict[str, str] = field(default_factory=dict)
    """Steps, by the paths of the questions that they wait for answers to."""
    taken: set[str] = field(default_factory=set)
    """Keys of events of this life."""
    under_way: set[str] = field(default_factory=set)
    """Keys of effects that have begun and not ended."""
    waiters: dict[str, Callable[[], None]] = field(default_factory=dict)
    """How to wake those who wait for a signal, by its path."""
    stopping: bool = False
    """Nothing new begins: the run is about to be parked or cancelled."""
    cancelled: bool = False
    """It is over as soon as what is under way let go."""
    ending: bool = False
    """Its last row is on the way; interrupting it now would only lose that."""
    moving: int = 1
    """Strands that do not wait."""
    at_work: int = 0
    """Effects under way that must not be interrupted lightly."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    look: asyncio.Handle | None = None

    def append(self, key: str, kind: str, body: str) -> float:
        """Queue one row; return its time."""
        self.seq += 1
        at = self.clock.now()
        self.database.submit(APPEND, ((self.number, self.seq, key, kind, body, at),))
        return at

    def append_event(self, key: str, event: Event) -> None:
        """Queue an event's row and show the event."""
        at = self.append(key, "event", encode_event(event))
        self.taken.add(key)
        if self.asked or type(event) is QuestionAsked:
            self._note_question(event)
        if self.sinks:
            self.show(StampedEvent(event, self.seq, at))

    def show(self, event: StampedEvent) -> None:
        """Show an event to whoever watches."""
        for sink in self.sinks:
            sink(self.run_id, event)

    def rest(self) -> None:
        """A strand begins to wait, or is over."""
        self.moving -= 1
        if self.moving == 0:
            self.look_soon()

    def timer_left(self, path: str, seconds: float) -> float:
        """Return the seconds left of a timer; the first time it is asked for, record its end."""
        if path in self.fired:
            return 0.0
        if path not in self.facts:
            instant = self.clock.now() + seconds
            self.facts[path] = compact_json(instant)
            self.append(path, "fact", self.facts[path])
        return self.timers.left(path, float(self.facts[path]), seconds)

    def arm(self, path: str, wake: Callable[[], None]) -> None:
        """Have somebody woken when the timer is over."""
        self.timers.arm(path, float(self.facts[path]), wake)

    def fire(self, path: str) -> None:
        """Note that a timer is over: no step of the calendar can take that back."""
        if path not in self.fired:
            self.fired.add(path)
            self.append(path, "fired", "{}")

    def hear(self, path: str) -> Signal | None:
        """Return what was said to a path, and note that it was heard."""
        text = self.signals.get(path)
        if text is None:
            message = self.inbox.get(path)
            if message is None:
                return None
            text = self.signals[path] = ordered_json(message.as_heard())
            self.append(path, "signal", text)
        heard = json.loads(text)
        return Signal(value=heard["value"], sender=heard["sender"], at=heard["at"])

    def tell(self, message: Message) -> None:
        """Put a message into the run's hands; the first one under a name stays."""
        if message.name not in self.inbox:
            self.inbox[message.name] = message
            if (wake := self.waiters.get(message.name)) is not None:
                wake()

    def questions(self) -> tuple[str, ...]:
        """Return the paths of signals that are waited for, or asked for, and were not said yet."""
        return tuple(sorted((self.waiters.keys() | self.asked.keys()) - self.inbox.keys()))

    def load(self, rows: Sequence[JournalRow]) -> None:
        """Take in what earlier lives recorded, in order."""
        homes: Mapping[str, dict[str, str]] = {
            "fact": self.facts,
            "event": self.events,
            "signal": self.signals,
        }
        marks = {"intent": self.intents, "fired": self.fired}
        for row in rows:
            self.seq = max(self.seq, row.seq)
            if row.kind in marks:
                marks[row.kind].add(row.key)
                continue
            homes[row.kind][row.key] = row.body
            if row.key.endswith(_STARTED):
                self.times[row.key] = row.at
            if row.body.startswith(_ASKED) or (self.asked and row.body.startswith(_SETTLED)):
                self._note_question(decode_event(row.body))

    def _note_question(self, event: Event) -> None:
        if isinstance(event, QuestionAsked):
            self.asked[event.question] = event.step
        elif isinstance(event, QuestionAnswered):
            self.asked.pop(event.question, None)
        elif isinstance(event, StepFinished) and event.status == "failed":  # it was broken off
            for path in [path for path, step in self.asked.items() if step == event.step]:
                del self.asked[path]

    def look_soon(self) -> None:
        """Have a look whether the run is still, now that nothing seems to move."""
        if self.look is None:
            self.look = asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        """Offer the run to be parked, if it is still and remains so for a while."""
        self.look = None
        if self.moving or self.under_way or self.stopping:
            return
        next_s = self.timers.next_s()
        if next_s is None and not self.waiters:
            return
        if next_s is None or next_s > HOLD_S:
            self.when_still(self)

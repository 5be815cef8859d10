"""`Durable` over the journal: one live run, and the scopes inside it.

Two rules carry it: the event that says what an effect did is durable before anybody uses it, and
the intent of anything that must not happen twice is durable before it begins. Both come down to the
order in which rows reach the writer, since the store makes them durable in exactly that order.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from flowrun.clock import Clock
from flowrun.errors import IllegalTransition
from flowrun.events.codec import decode_event, encode_event
from flowrun.events.records import Event
from flowrun.events.stamped import RunSink, StampedEvent
from flowrun.ids import JsonValue, compact_json
from flowrun.ports.durable import Durable, EffectPolicy, OutcomeUnknown
from flowrun.storage.database import Database

APPEND = "INSERT INTO journal (run, seq, key, kind, body, at) VALUES (?, ?, ?, ?, ?, ?)"
_EVENT = "SELECT body FROM journal WHERE run = ? AND key = ? AND kind = 'event'"


SEEN_WITHIN_S = 0.1
"""How long an event that nobody waits for may be hidden from those who look into the store."""


@dataclass(slots=True, kw_only=True)
class LiveRun:
    """What one process knows of a run it is executing."""

    number: int
    run_id: str
    database: Database
    clock: Clock
    sinks: Sequence[RunSink]
    """Who watches; more may come while the run is alive."""
    entry: int = 1
    """How many times the run has been entered, this time included."""
    seq: int = 0
    intents: frozenset[str] = frozenset()
    """Keys whose intent an earlier life recorded."""
    facts: dict[str, str] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    """Events of earlier lives, by key, as text."""
    taken: set[str] = field(default_factory=set)
    """Keys of events of this life, from the moment their effect begins."""
    stopping: bool = False
    """Nothing new begins: the run is about to be parked."""
    ending: bool = False
    """Its last row is on the way; interrupting it now would only lose that."""
    at_work: int = 0
    """Effects under way that must not be interrupted lightly."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    flush: asyncio.TimerHandle | None = None

    def append(self, key: str, kind: str, body: str) -> float:
        """Queue one row; return its time."""
        self.seq += 1
        at = self.clock.now()
        self.database.submit(APPEND, ((self.number, self.seq, key, kind, body, at),))
        return at

    def append_event(self, key: str, event: Event) -> None:
        """Queue an event's row and show the event."""
        at = self.append(key, "event", encode_event(event))
        if self.sinks:
            self.show(StampedEvent(event, self.seq, at))

    def write_soon(self) -> None:
        """Have what was appended written before long, should nothing else cause it."""
        if self.flush is None:
            self.flush = asyncio.get_running_loop().call_later(SEEN_WITHIN_S, self._write_now)

    def _write_now(self) -> None:
        self.flush = None
        self.database.write_waiting()

    def show(self, event: StampedEvent) -> None:
        """Show an event to whoever watches."""
        for sink in self.sinks:
            sink(self.run_id, event)


@dataclass(slots=True)
class ChildScope:
    """A child at work: its key, and its failure once it is over."""

    key: str
    failure: BaseException | None = None


class JournalScope:
    """One scope of a live run. See `ports.durable.Durable` for the contract of each operation."""

    __slots__ = ("_children", "_over", "_prefix", "_run", "_wake")

    def __init__(self, run: LiveRun, prefix: str = "") -> None:
        self._run = run
        self._prefix = prefix
        self._children: set[asyncio.Task[None]] = set()
        self._over: list[ChildScope] = []
        self._wake: asyncio.Future[None] | None = None

    @property
    def run_id(self) -> str:
        """The flow run's id."""
        return self._run.run_id

    def path(self, key: str) -> str:
        """Return a key of this scope as a plan path."""
        return self._prefix + key

    async def effect(
        self,
        key: str,
        act: Callable[[], Awaitable[Event]],
        policy: EffectPolicy = "repeatable",
    ) -> Event:
        """Do something once and remember the event it returns."""
        run, path = self._run, self._prefix + key
        if (known := run.events.get(path)) is not None:
            return decode_event(known)
        if path in run.taken:
            return await self._again(path)
        if run.stopping:
            await asyncio.Event().wait()  # parked: nothing new begins, cancellation is on its way
        if policy == "at_most_once":
            return await self._once(path, act)
        run.database.require_open()
        run.taken.add(path)
        event = await act()
        run.append_event(path, event)
        await run.database.commit()
        return event

    def begun(self, key: str) -> bool:
        """Tell whether an earlier life began the effect and never recorded its end."""
        path = self._prefix + key
        return path in self._run.intents and path not in self._run.events

    def child(self, key: str, work: Callable[[Durable], Awaitable[None]]) -> ChildScope:
        """Start work beside this one, in a scope of its own."""
        scope = JournalScope(self._run, f"{self._prefix}{key}/")
        child = ChildScope(key)
        task = asyncio.get_running_loop().create_task(self._see_through(child, work, scope))
        self._children.add(task)  # it leaves by itself; a callback would cost a turn of the loop
        return child

    async def wait_any(self) -> Sequence[ChildScope]:
        """Wait until a child is over; return all that are and were not returned yet."""
        if not self._over:
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        over, self._over = self._over, []
        return over

    async def record(self, key: str, event: Event) -> None:
        """Append an event and return when it is durable."""
        self.emit(key, event)
        await self._run.database.commit()

    def emit(self, key: str, event: Event) -> None:
        """Append an event, deduplicated by key."""
        run, path = self._run, self._prefix + key
        if path not in run.events and path not in run.taken:
            run.taken.add(path)
            run.append_event(path, event)
            run.write_soon()

    def show(self, event: Event) -> None:
        """Show an event without keeping it."""
        if self._run.sinks:
            self._run.show(StampedEvent(event, None, self._run.clock.now()))

    def recorded(self, key: str) -> Event | None:
        """Return the event an earlier life of this run recorded under the key."""
        text = self._run.events.get(self._prefix + key)
        return None if text is None else decode_event(text)

    async def fact(self, key: str, find: Callable[[], JsonValue]) -> JsonValue:
        """Return what `find` said the first time."""
        path = self._prefix + key
        if (known := self._run.facts.get(path)) is not None:
            found: JsonValue = json.loads(known)
            return found
        value = find()
        text = self._run.facts[path] = compact_json(value)
        self._run.append(path, "fact", text)
        await self._run.database.commit()
        return value

    def now(self) -> float:
        """Return the time."""
        return self._run.clock.now()

    async def abandon(self) -> None:
        """Cancel every child and wait until they are gone."""
        children = tuple(self._children)
        for task in children:
            task.cancel()
        await asyncio.gather(*children, return_exceptions=True)

    async def _once(self, path: str, act: Callable[[], Awaitable[Event]]) -> Event:
        """Do what must not happen twice; from intent to result, parking waits for it a little."""
        run = self._run
        if path in run.intents:
            raise OutcomeUnknown(path)
        run.at_work += 1
        try:
            run.append(path, "intent", "{}")
            run.taken.add(path)
            await run.database.commit()
            event = await act()
            run.append_event(path, event)
            await run.database.commit()
        finally:
            run.at_work -= 1
            if run.at_work == 0:
                run.idle.set()
        return event

    async def _again(self, path: str) -> Event:
        """Return what an effect of this very life came to.

        Raises:
            IllegalTransition: it is still under way, or it failed.
        """
        run = self._run
        await run.database.commit()
        rows = run.database.read(_EVENT, (run.number, path))
        if not rows:
            raise IllegalTransition(f"effect `{path}`", "begun", "begin")
        return decode_event(str(rows[0][0]))

    async def _see_through(
        self, child: ChildScope, work: Callable[[Durable], Awaitable[None]], scope: "JournalScope"
    ) -> None:
        """Run a child to its end, whatever that is, and tell whoever waits."""
        try:
            await work(scope)
        except BaseException as failure:
            child.failure = failure
            if isinstance(failure, asyncio.CancelledError | KeyboardInterrupt | SystemExit):
                raise
        finally:
            if scope._children:  # noqa: SLF001  # its own class
                await scope.abandon()
            self._children.discard(cast("asyncio.Task[None]", asyncio.current_task()))
            self._over.append(child)
            if self._wake is not None and not self._wake.done():
                self._wake.set_result(None)


def load_run(run: LiveRun, rows: Sequence[tuple[int, str, str, str]]) -> None:
    """Fill a live run with what earlier lives recorded: `(seq, key, kind, body)` in order."""
    intents: set[str] = set()
    homes: Mapping[str, dict[str, str]] = {
        "fact": run.facts,
        "event": run.events,
    }
    for seq, key, kind, body in rows:
        run.seq = max(run.seq, seq)
        if kind == "intent":
            intents.add(key)
        else:
            homes[kind][key] = body
    run.intents = frozenset(intents)

"""`Durable` over the journal: the scopes inside one live run.

Two rules carry it: the event that says what an effect did is durable before anybody uses it, and
the intent of anything that must not happen twice is durable before it begins. Both come down to the
order in which rows reach the writer, since the store makes them durable in exactly that order.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from flowrun.engines.strand import ChildScope, Strand, Work
from flowrun.errors import IllegalTransition
from flowrun.events.codec import decode_event
from flowrun.events.records import Event
from flowrun.events.stamped import StampedEvent
from flowrun.ids import JsonValue, ordered_json
from flowrun.ports.durable import EffectPolicy, OutcomeUnknown, RunCancelled, Signal

_EVENT = "SELECT body FROM journal WHERE run = ? AND key = ? AND kind = 'event'"


class JournalScope:
    """One scope of a live run. See `ports.durable.Durable` for the contract of each operation."""

    __slots__ = ("_over", "_prefix", "_run", "_wake", "strand")

    def __init__(self, strand: Strand, prefix: str = "") -> None:
        self._run = strand.run
        self.strand = strand
        """Which it shares with the scopes nested in it."""
        self._prefix = prefix
        self._over: list[ChildScope] = []
        self._wake: asyncio.Future[None] | None = None

    @property
    def run_id(self) -> str:
        """The flow run's id."""
        return self._run.run_id

    @property
    def cancelled(self) -> bool:
        """Whether somebody cancelled the run."""
        return self._run.cancelled

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
        if path in run.under_way:
            raise IllegalTransition(f"effect `{path}`", "begun", "begin")
        if run.stopping:
            await asyncio.Event().wait()  # nothing new begins, cancellation is on its way
        run.database.require_open()
        run.under_way.add(path)
        try:
            if policy != "repeatable":
                return await self._announced(path, act, policy)
            event = await act()
            run.append_event(path, event)
            await run.database.commit()
        finally:
            run.under_way.discard(path)
            if not run.moving:
                run.look_soon()
        return event

    def begun(self, key: str) -> bool:
        """Tell whether an earlier life began the effect and never recorded its end."""
        path = self._prefix + key
        return path in self._run.intents and path not in self._run.events

    def left_begun(self) -> Sequence[str]:
        """Return the keys of this scope and all below it for which `begun` is true."""
        run, prefix = self._run, self._prefix
        begun = [one for one in run.intents if one not in run.events and one.startswith(prefix)]
        return [one.removeprefix(prefix) for one in begun]

    def child(self, key: str, work: Work) -> ChildScope:
        """Start work beside this one, in a scope of its own."""
        child = ChildScope(key)
        own = JournalScope(Strand(self._run), f"{self._prefix}{key}/")
        self.strand.begin(child, work, own, self._take_in)
        return child

    async def wait_any(self) -> Sequence[ChildScope]:
        """Wait until a child is over; return all that are and were not returned yet."""
        strand, roots = self.strand, self.strand.roots
        while not self._over or (roots is not None and self._run.cancelled):
            if roots is not None and roots.told:
                raise RunCancelled
            wake = self._wake = strand.child_wait = asyncio.get_running_loop().create_future()
            await strand.pause(wake)
        over, self._over = self._over, []
        return over

    def nested(self, key: str) -> "JournalScope":
        """Return the scope below this one, in the same strand."""
        return JournalScope(self.strand, f"{self._prefix}{key}/")

    async def within(self, key: str, seconds: float, work: Work) -> bool:
        """Do work for at most so long, counted from when it first began; tell whether it ended."""
        run, path, roots = self._run, self._prefix + key, self.strand.roots
        if run.timer_left(path, seconds) <= 0:
            run.fire(path)
            return False
        child, own = ChildScope(key), JournalScope(Strand(run, roots), self._prefix)
        if roots is None:
            ended = await self._limit(path, child, work, own)
        else:
            roots.strands.append(own.strand)
            try:
                ended = await self._limit(path, child, work, own)
            finally:
                roots.strands.remove(own.strand)
        if not ended:
            run.fire(path)
        elif child.failure is not None:
            raise child.failure
        return ended

    async def until(self, key: str, seconds: float) -> None:
        """Wait until so long after it was first asked."""
        run, path = self._run, self._prefix + key
        if run.timer_left(path, seconds) > 0:
            wake = asyncio.get_running_loop().create_future()
            run.arm(path, partial(self.strand.end_pause, wake))
            try:
                await self.strand.pause(wake)
            finally:
                run.timers.disarm(path)
        run.fire(path)

    async def signal(self, key: str) -> Signal:
        """Wait for what somebody sends to the path of `key`; the first one counts, for good.

        Raises:
            IllegalTransition: somebody waits for it already.
        """
        run, path = self._run, self._prefix + key
        while (heard := run.hear(path)) is None:
            if path in run.waiters:
                raise IllegalTransition(f"signal `{path}`", "waited for", "wait")
            wake = asyncio.get_running_loop().create_future()
            run.waiters[path] = partial(self.strand.end_pause, wake)
            try:
                await self.strand.pause(wake)
            finally:
                del run.waiters[path]
        await run.database.commit()
        return heard

    async def record(self, key: str, event: Event) -> None:
        """Append an event and return when it is durable."""
        self.emit(key, event)
        await self._run.database.commit()

    def emit(self, key: str, event: Event) -> None:
        """Append an event, deduplicated by key."""
        run, path = self._run, self._prefix + key
        if path not in run.events and path not in run.taken and path not in run.under_way:
            run.append_event(path, event)
            run.database.write_soon()

    def show(self, event: Event) -> None:
        """Show an event without keeping it."""
        if self._run.sinks:
            self._run.show(StampedEvent(event, None, self._run.clock.now()))

    def recorded(self, key: str) -> Event | None:
        """Return the event an earlier life of this run recorded under the key."""
        text = self._run.events.get(self._prefix + key)
        return None if text is None else decode_event(text)

    def recorded_keys(self) -> Sequence[str]:
        """Return the keys of this scope and all below it that have an event, in any life."""
        run, prefix = self._run, self._prefix
        recorded = (*run.events, *run.taken)
        return [one.removeprefix(prefix) for one in recorded if one.startswith(prefix)]

    async def fact(self, key: str, find: Callable[[], JsonValue]) -> JsonValue:
        """Return what `find` said the first time."""
        path = self._prefix + key
        if (known := self._run.facts.get(path)) is not None:
            found: JsonValue = json.loads(known)
            return found
        value = find()
        text = self._run.facts[path] = ordered_json(value)
        self._run.append(path, "fact", text)
        await self._run.database.commit()
        return value

    def since(self, key: str) -> float:
        """Return when an earlier life recorded an event, or now."""
        return self._run.times.get(self._prefix + key) or self._run.clock.now()

    def now(self) -> float:
        """Return the time."""
        return self._run.clock.now()

    async def _announced(
        self, path: str, act: Callable[[], Awaitable[Event]], policy: EffectPolicy
    ) -> Event:
        """Do what has an intent first; parking waits a little for what must not be cut short."""
        run, guarded = self._run, policy != "keyed"
        again = path in run.intents or path in run.announced
        if again and guarded:
            raise OutcomeUnknown(path)
        run.at_work += guarded
        try:
            if not again:
                run.append(path, "intent", f'{{"entry":{run.entry}}}')
                run.announced.add(path)
                await run.database.commit()
            event = await act()
            run.append_event(path, event)
            await run.database.commit()
        finally:
            run.at_work -= guarded
            if run.at_work == 0:
                run.idle.set()
        return event

    async def _again(self, path: str) -> Event:
        """Return what an effect of this very life came to."""
        run = self._run
        await run.database.commit()
        (body,) = run.database.read(_EVENT, (run.number, path))[0]
        return decode_event(str(body))

    async def _limit(self, path: str, child: ChildScope, work: Work, own: "JournalScope") -> bool:
        """Do work until its timer is over; return when it is gone, and whether it had ended."""
        run, over = self._run, list[ChildScope]()
        wake = asyncio.get_running_loop().create_future()
        holder = Strand(run)

        def take_in(child: ChildScope) -> None:
            over.append(child)
            self.strand.end_pause(wake)

        run.arm(path, partial(self.strand.end_pause, wake))
        holder.begin(child, work, own, take_in)
        try:
            await self.strand.pause(wake)
            in_time = bool(over)
        finally:
            run.timers.disarm(path)
            await holder.abandon()
        return in_time or (bool(over) and not isinstance(child.failure, asyncio.CancelledError))

    def _take_in(self, child: ChildScope) -> None:
        """Take in the end of a child; the root of a cancelled run waits for all of them."""
        self._over.append(child)
        if self.strand.roots is None or not self._run.cancelled:
            self.strand.end_pause(self._wake)

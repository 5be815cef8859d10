"""Runs of this process that are not over: at work, or asleep until something wakes them.

Of a run at work there is an entry; of one asleep only its questions and its timers. Nothing may
enter a run that has an entry: whoever wants to waits for that to end.
"""

import asyncio
from collections.abc import Coroutine
from functools import partial
from math import inf

from flowrun.clock import Clock
from flowrun.engines.assignment import Assignment, Interpret
from flowrun.engines.entry import Asleep, Entry
from flowrun.engines.inbox import CANCEL, InboxWatch, Message, leave_message
from flowrun.engines.live_run import LiveRun
from flowrun.engines.reading import StoredHead, find_run
from flowrun.engines.reopening import queue_entry, reopen
from flowrun.engines.timers import Timers
from flowrun.errors import RunConflict, RunCrashLoops, RunNotFound
from flowrun.events.stamped import RunSink
from flowrun.ids import JsonObject
from flowrun.storage.database import Database


class RunsAtWork:
    """Enters runs, lets them sleep, wakes them, and keeps what broke them off."""

    def __init__(self, database: Database, clock: Clock, interpret: Interpret) -> None:
        self._database = database
        self._clock = clock
        self._interpret = interpret
        self.sinks: list[RunSink] = []
        """Who watches."""
        self._entries: dict[str, Entry] = {}
        self._asleep: dict[str, Asleep] = {}
        self._mistakes: dict[str, BaseException] = {}
        """What broke off a run that is not over, until it is entered again."""
        self._errands: set[asyncio.Task[None]] = set()
        self._inbox = InboxWatch(database, self._deliver)
        self._closing = False

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._entries

    def knows(self, run_id: str) -> bool:
        """Tell whether the run is at work, or was broken off by a mistake."""
        return run_id in self._entries or run_id in self._mistakes

    def live_run(self, number: int, run_id: str) -> LiveRun:
        """Return a run that is about to be entered."""
        asleep = self._asleep.get(run_id)
        return LiveRun(
            number=number,
            run_id=run_id,
            database=self._database,
            clock=self._clock,
            timers=Timers(self._clock, {} if asleep is None else asleep.due),
            sinks=self.sinks,
        )

    def enter(self, run: LiveRun, assignment: Assignment) -> None:
        """Carry a run out. That it is entered is queued already."""
        entry = self._admit(run)
        entry.begin(self._interpret, assignment)
        self._see_out(entry)

    async def resume(self, run_id: str, *, force: bool) -> None:
        """Enter a parked or crashed run again; see `ports.engine.EngineClient`."""
        while (entry := self._entries.get(run_id)) is not None:
            if not entry.run.stopping:
                return
            await asyncio.wait([entry.task])
        await self._database.commit()  # what an earlier life in this process left in the queue
        if run_id in self._entries:
            return
        found = self._not_over(run_id)
        reopened = reopen(self.live_run(found.number, run_id), found)
        if (cancelled := reopened.cancelled) is not None:
            entry = self._admit(reopened.run)
            assignment = queue_entry(reopened, force=force)
            entry.begin_conclusion(self._interpret, assignment, *cancelled)
            self._see_out(entry)
            await self._database.commit()
            return
        if reopened.stuck and not force:
            if found.status == "running":
                entry = self._admit(reopened.run)
                entry.begin_stuck(reopened.deaths, reopened.last_key)
                self._see_out(entry)
                await asyncio.wait([entry.task])
                entry.task.result()
            raise RunCrashLoops(run_id, reopened.deaths, reopened.last_key)
        self.enter(reopened.run, queue_entry(reopened, force=force))
        await self._database.commit()

    async def go_on(self, run_id: str) -> tuple[str, ...]:
        """Enter a run whose timer is over; return its id, or nothing when it ended meanwhile."""
        try:
            await self.resume(run_id, force=False)
        except RunConflict:
            return ()
        return (run_id,)

    async def wait(self, run_id: str) -> None:
        """Wait until nothing here goes on with the run; raise what broke it off, if that did."""
        while True:
            asleep = self._asleep.get(run_id)
            if run_id in self._entries:
                await asyncio.wait([self._entries[run_id].task])
            elif asleep is not None and asleep.by_itself:
                await asleep.over.wait()
            else:
                break
        if run_id in self._mistakes:
            raise self._mistakes[run_id]

    async def park(self, run_id: str, reason: str, grace_s: float) -> None:
        """Stop working on the run, and leave it to be resumed."""
        if run_id in self._entries:
            await self._entries[run_id].park(reason, grace_s)
        self._forget_asleep(run_id)

    async def cancel(self, run_id: str, by: str, reason: str) -> None:
        """Cancel a run; see `ports.engine.EngineClient`."""
        await self._database.commit()
        while (entry := self._entries.get(run_id)) is not None:
            if await entry.cancel(by, reason):
                return
            await asyncio.wait([entry.task])
        found = find_run(self._database, run_id)
        if found is not None and found.status == "cancelled":
            return
        found = self._not_over(run_id)
        reopened = reopen(self.live_run(found.number, run_id), found)
        await self._end_at_rest(reopened.run, *(reopened.cancelled or (by, reason)))

    async def send(
        self, run_id: str, name: str, value: JsonObject, *, message_id: str, sender: str
    ) -> None:
        """Give a run a signal, and enter it when it is parked for that; see `EngineClient`."""
        message = Message(
            run_id=run_id,
            name=name,
            value=value,
            message_id=message_id,
            sender=sender,
            at=self._clock.now(),
        )
        await leave_message(self._database, message)
        if run_id in self._entries or name == CANCEL:
            self._deliver(message)
            return
        found = find_run(self._database, run_id)
        if found is not None and found.status == "parked" and name in found.questions:
            await self.resume(run_id, force=False)

    async def close(self, grace_s: float) -> None:
        """Park what still runs, all of it at once, and wake nothing any more."""
        self._closing = True
        self._inbox.stop()
        for run_id in tuple(self._asleep):
            self._forget_asleep(run_id)
        while self._entries or self._errands:
            parking = [self.park(run_id, "flowrun is closing", grace_s) for run_id in self._entries]
            await asyncio.gather(*parking, *self._errands)

    def _admit(self, run: LiveRun) -> Entry:
        self._mistakes.pop(run.run_id, None)
        entry = self._entries[run.run_id] = Entry(run)
        self._forget_asleep(run.run_id)
        self._inbox.keep_looking(self._has_unfinished)
        return entry

    def _see_out(self, entry: Entry) -> None:
        entry.task.add_done_callback(partial(self._let_go, entry.run))

    def _let_go(self, run: LiveRun, task: "asyncio.Task[Asleep | None]") -> None:
        """Forget a run that is not at work any more, but not why, if that was a mistake."""
        del self._entries[run.run_id]
        if task.cancelled():
            return
        if (mistake := task.exception()) is not None:
            self._mistakes[run.run_id] = mistake
            return
        asleep = task.result()
        if asleep is None or self._closing:
            return
        self._asleep[run.run_id] = asleep
        left = min(asleep.due.values(), default=inf) - self._clock.monotonic()
        if left <= 0 or any(question in run.inbox for question in asleep.questions):
            self._wake(run.run_id)  # it came, or was answered, while the run fell asleep
        elif left < inf:
            asleep.alarm = self._clock.call_later(left, partial(self._wake, run.run_id))

    def _wake(self, run_id: str) -> None:
        """Go on with a run that is asleep; until it is entered it counts as asleep."""
        self._run_errand(run_id, self.resume(run_id, force=False))

    def _deliver(self, message: Message) -> None:
        run_id, asleep = message.run_id, self._asleep.get(message.run_id)
        if message.name == CANCEL:
            reason = str(message.value.get("reason", ""))
            self._run_errand(run_id, self.cancel(run_id, message.sender, reason))
        elif run_id in self._entries:
            self._entries[run_id].run.tell(message)
        elif asleep is not None and message.name in asleep.questions:
            self._wake(run_id)

    def _run_errand(self, run_id: str, errand: Coroutine[None, None, None]) -> None:
        """Do something that nobody waits for; what goes wrong is kept for who asks of the run."""
        task = asyncio.get_running_loop().create_task(self._do_errand(run_id, errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _do_errand(self, run_id: str, errand: Coroutine[None, None, None]) -> None:
        try:
            await errand
        except (RunConflict, RunNotFound):  # it came to its end meanwhile
            self._forget_asleep(run_id)
        except Exception as failure:  # noqa: BLE001  # nobody waits for this; who waits for the run is told
            self._mistakes[run_id] = failure
            self._forget_asleep(run_id)

    def _forget_asleep(self, run_id: str) -> None:
        """Nobody here wakes it any more, or it is awake."""
        asleep = self._asleep.pop(run_id, None)
        if asleep is not None:
            if asleep.alarm is not None:
                asleep.alarm.cancel()
            asleep.over.set()

    def _has_unfinished(self) -> bool:
        return bool(self._entries or self._asleep)

    def _not_over(self, run_id: str) -> StoredHead:
        """Return the head of a run that can be gone on with.

        Raises:
            RunNotFound: no such run.
            RunConflict: it is over.
        """
        found = find_run(self._database, run_id)
        if found is None:
            raise RunNotFound(run_id)
        if found.over:
            raise RunConflict(run_id, f"is {found.status} already", f"flowrun runs show {run_id}")
        return found

    async def _end_at_rest(self, run: LiveRun, by: str, reason: str) -> None:
        entry = self._admit(run)
        entry.begin_cancelled(by, reason)
        self._see_out(entry)
        await asyncio.wait([entry.task])
        entry.task.result()

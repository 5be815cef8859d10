"""The embedded engine: runs in this process, remembered in one SQLite file."""

from collections.abc import Sequence
from functools import partial

from flowrun.clock import Clock
from flowrun.engines.assignment import Assignment, Interpret
from flowrun.engines.at_work import RunsAtWork
from flowrun.engines.reading import find_run, read_events, read_head, read_heads
from flowrun.engines.schedules import Schedules, Timetable, see_to_all
from flowrun.engines.starting import Starter
from flowrun.events.records import StepFinished
from flowrun.events.stamped import RunSink, StampedEvent
from flowrun.ids import JsonObject
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.engine import FlowRunHead, RunFilter, RunSetting, Schedule
from flowrun.storage.database import Database

PARK_GRACE_S = 3.0
"""How long parking waits for tools at work that must not run twice."""

_OVERDUE = """
SELECT run_id FROM flow_run WHERE status = 'parked' AND wake_at <= ? ORDER BY wake_at, number
"""


class JournalEngine:
    """`EngineClient` over a store that this process owns."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        interpret: Interpret,
        *,
        park_grace_s: float = PARK_GRACE_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._park_grace_s = park_grace_s
        self._runs = RunsAtWork(database, clock, interpret)
        self._starter = Starter(database, self._runs.live_run)
        self._schedules = Schedules(database, self._starter)

    async def start(
        self,
        run_id: str,
        plan: ExecutionPlan,
        inputs: JsonObject,
        setting: RunSetting,
        recorded: Sequence[StepFinished] = (),
    ) -> None:
        """Start a run; starting the same id with the same plan and inputs again is one start."""
        assignment = Assignment(plan=plan, inputs=inputs, setting=setting)
        if self._runs.knows(run_id) or find_run(self._database, run_id) is not None:
            await self._start_again(run_id, assignment)
            return
        self._runs.enter(self._starter.queue_run(run_id, assignment, recorded), assignment)
        await self._database.commit()

    async def resume(self, run_id: str, *, force: bool = False) -> None:
        """Enter a parked or crashed run again; one that is being parked, once it is."""
        await self._runs.resume(run_id, force=force)

    async def send(
        self, run_id: str, name: str, value: JsonObject, *, message_id: str, sender: str
    ) -> None:
        """Give a run a signal; the first one under a name counts."""
        await self._runs.send(run_id, name, value, message_id=message_id, sender=sender)

    async def cancel(self, run_id: str, *, by: str = "", reason: str = "") -> None:
        """Cancel a run; it is durable when this returns, and terminal when its work let go."""
        await self._runs.cancel(run_id, by, reason)

    async def wait(self, run_id: str) -> FlowRunHead:
        """Wait until the run finishes or parks; raise what broke it off, if something did."""
        await self._runs.wait(run_id)
        return read_head(self._database, self._runs, run_id)

    async def park(self, run_id: str, reason: str) -> None:
        """Stop working on the run and leave it to be resumed."""
        await self._runs.park(run_id, reason, self._park_grace_s)

    def watch(self, sink: RunSink) -> None:
        """Show every event of every run from now on."""
        self._runs.sinks.append(sink)

    def events(self, run_id: str, after: int = 0) -> Sequence[StampedEvent]:
        """Return the kept events of a run past a sequence number."""
        return read_events(self._database, run_id, after)

    def list(self, wanted: RunFilter | None = None) -> Sequence[FlowRunHead]:
        """Return runs, the latest first."""
        return read_heads(self._database, self._runs, wanted=wanted)

    async def schedule(self, schedule: Schedule) -> None:
        """Keep a schedule; one of the same name is replaced, and its past ticks stay fired."""
        await self._schedules.keep(schedule, self._clock.now())

    async def sweep(self) -> Sequence[str]:
        """Start the runs of ticks that are due, enter parked runs whose timer is."""
        overdue = self._database.read(_OVERDUE, (self._clock.now(),))
        return await see_to_all(
            *[partial(self._start_due, one) for one in self._schedules.timetables()],
            *[partial(self._runs.go_on, str(run_id)) for (run_id,) in overdue],
        )

    async def close(self) -> None:
        """Park what still runs, all of it at once."""
        await self._runs.close(self._park_grace_s)

    async def _start_due(self, timetable: Timetable) -> Sequence[str]:
        """Start the runs of the ticks of a schedule that are due; those there are stay as is."""
        now, started = self._clock.now(), []
        for instant in timetable.due(now):
            run_id, job = timetable.run_id(instant), self._schedules.assignment(timetable.name)
            if find_run(self._database, run_id) is None:
                await self.start(run_id, job.plan, job.inputs, job.setting)
                started.append(run_id)
            await self._schedules.note(timetable.name, instant)
        if timetable.dealt_with(now) > timetable.last_fired:
            await self._schedules.note(timetable.name, timetable.dealt_with(now))
        return started

    async def _start_again(self, run_id: str, assignment: Assignment) -> None:
        await self._database.commit()
        found = find_run(self._database, run_id)
        assert found is not None
        self._starter.refuse_another(found, assignment)
        if not found.over:
            await self.resume(run_id)

"""One entry of a run: from the moment it is at work until it is parked, cancelled or over.

Whatever ends it, its head and its last event are written here, in one commit.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field

from flowrun.clock import Alarm
from flowrun.engines.assignment import Assignment, Interpret
from flowrun.engines.heads import finish_head, park_head
from flowrun.engines.live_run import LiveRun
from flowrun.engines.scope import JournalScope
from flowrun.engines.strand import Roots
from flowrun.engines.wording import why_cancelled, why_parked, why_stuck
from flowrun.errors import StorageError
from flowrun.events.codec import decode_event
from flowrun.events.records import FlowRunCancelling, FlowRunFinished, FlowRunParked
from flowrun.ports.durable import RunCancelled

CANCEL_GRACE_S = 0.5
"""How long cancelling waits for tools at work that must not be cut short."""

CANCEL_LIMIT_S = 1.0
"""How long the root of a cancelled run may take to draw its conclusion."""

_CANCELLING = "run/cancelling"


@dataclass(slots=True, kw_only=True)
class Asleep:
    """A run of this process that was parked because it waits."""

    questions: tuple[str, ...]
    wake_at: float | None
    due: Mapping[str, float]
    """Its timers, on the monotonic clock of this process."""
    alarm: Alarm | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """It does not sleep any more, or nobody here will wake it."""

    @property
    def by_itself(self) -> bool:
        """Whether nobody is needed for it to go on."""
        return bool(self.due) and not self.questions


class Entry:
    """A run at work. Made by one of the `begin_` functions below."""

    def __init__(self, run: LiveRun) -> None:
        self.run = run
        run.when_still = self._fall_asleep
        self._roots = Roots(run)
        self._asleep: Asleep | None = None
        self._parks_on_request = False
        self._cancelled_by = ("", "")
        self._cancelling: asyncio.Task[None] | None = None
        self._task: asyncio.Task[Asleep | None] | None = None

    @property
    def task(self) -> "asyncio.Task[Asleep | None]":
        """What does it; how the run sleeps is its result, or None when nobody here wakes it."""
        assert self._task is not None
        return self._task

    def begin(self, interpret: Interpret, assignment: Assignment) -> None:
        """Carry it out from here on."""
        self._start(self._drive(interpret, assignment))

    def begin_conclusion(
        self, interpret: Interpret, assignment: Assignment, by: str, reason: str
    ) -> None:
        """Have a run conclude that was cancelled in an earlier life, which did not come to it."""
        self.run.stopping = self.run.cancelled = True
        self._note_cancelling(by, reason)
        self._start(self._drive(interpret, assignment))
        self._cancelling = asyncio.get_running_loop().create_task(self._end_cancelled())

    def begin_cancelled(self, by: str, reason: str) -> None:
        """End the run as cancelled; nothing of it is at work."""
        self.run.stopping = self.run.cancelled = self.run.ending = True
        self._start(self._end_at_rest(by, reason))

    def begin_stuck(self, deaths: int, key: str) -> None:
        """Park the run, for it keeps killing its process."""
        self.run.stopping = self.run.ending = True
        self._start(self._park_stuck(deaths, key))

    async def park(self, reason: str, grace_s: float) -> None:
        """Stop, and leave the run to be resumed."""
        run = self.run
        run.stopping = self._parks_on_request = True
        await asyncio.sleep(0)  # a task that never had a turn could not note that it was parked
        if not run.cancelled:
            await self._let_work_end(grace_s)
        if not (run.ending or run.cancelled):
            self.task.cancel(reason)
        await asyncio.wait([self.task])

    async def cancel(self, by: str, reason: str) -> bool:
        """Cancel the run, and return when that is durable; False when its end is on the way."""
        run = self.run
        if run.ending and not run.cancelled:
            return False
        if not run.cancelled:
            run.stopping = run.cancelled = True
            run.append_event(_CANCELLING, FlowRunCancelling(by=by, reason=reason))
            self._cancelled_by = (by, reason)
            self._cancelling = asyncio.get_running_loop().create_task(self._end_cancelled())
        await run.database.commit()
        return True

    def _start(self, work: Coroutine[None, None, Asleep | None]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)

    async def _drive(self, interpret: Interpret, assignment: Assignment) -> Asleep | None:
        run, root = self.run, self._roots.root
        plan, inputs, setting = assignment.plan, assignment.inputs, assignment.setting
        try:
            await run.database.commit()  # that it was entered is known before it does anything
            finished = await interpret(JournalScope(root), plan, inputs, setting)
        except asyncio.CancelledError as stopped:
            return await self._stop(str(stopped) or "stopped")
        except RunCancelled:
            finished = self._cancelled()
        except BaseException:
            run.ending = True
            await root.abandon()
            raise
        run.ending = True
        await root.abandon()
        await self._finish(finished)
        return None

    async def _stop(self, reason: str) -> Asleep | None:
        """Park the run, or, when that was meant, end it as cancelled."""
        run, asleep = self.run, self._asleep
        questions = run.questions() if asleep is None else asleep.questions
        run.ending = True
        await self._roots.root.abandon()
        if run.cancelled:
            await self._finish(self._cancelled())
            return None
        wake_at = None if asleep is None else asleep.wake_at
        park_head(run.database, run.number, questions, wake_at)
        parked = FlowRunParked(reason=reason, questions=questions, wake_at=wake_at)
        run.append_event(f"run/parked[{run.seq}]", parked)
        await run.database.commit()
        return None if self._parks_on_request else asleep

    async def _end_at_rest(self, by: str, reason: str) -> None:
        self._note_cancelling(by, reason)
        await self._finish(self._cancelled())

    def _note_cancelling(self, by: str, reason: str) -> None:
        """Say that the run is cancelled, unless an earlier life said so."""
        run = self.run
        self._cancelled_by = (by, reason)
        if _CANCELLING not in run.events:
            run.append_event(_CANCELLING, FlowRunCancelling(by=by, reason=reason))
        else:
            known = decode_event(run.events[_CANCELLING])
            assert isinstance(known, FlowRunCancelling)
            self._cancelled_by = (known.by, known.reason)

    async def _park_stuck(self, deaths: int, key: str) -> None:
        run = self.run
        park_head(run.database, run.number, (), None, deaths)
        parked = FlowRunParked(reason=why_stuck(deaths, key))
        run.append_event(f"run/parked[{run.seq}]", parked)
        await run.database.commit()

    async def _end_cancelled(self) -> None:
        """Have all that is at work let go; by then it is durable that the run is cancelled."""
        run = self.run
        # What cannot be written any more is told to whoever waits, by the run's own end.
        with contextlib.suppress(StorageError):
            await run.database.commit()
            await self._let_work_end(CANCEL_GRACE_S)
            if not run.ending:
                await self._roots.cancel()
            await asyncio.wait([self.task], timeout=CANCEL_LIMIT_S)
        if not run.ending:
            self.task.cancel()

    async def _let_work_end(self, grace_s: float) -> None:
        """Wait a little for what must not be cut short."""
        run = self.run
        if run.at_work:
            run.idle.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(run.idle.wait(), grace_s)

    async def _finish(self, finished: FlowRunFinished) -> None:
        """Write the head before the last event, which is shown at once and may be stopped at."""
        run = self.run
        finish_head(run.database, run.number, finished.status, run.clock.now(), finished.error)
        run.append_event("run/finished", finished)
        await run.database.commit()

    def _cancelled(self) -> FlowRunFinished:
        return FlowRunFinished(
            status="cancelled", error=why_cancelled(*self._cancelled_by), error_code="cancelled"
        )

    def _fall_asleep(self, run: LiveRun) -> None:
        """Park the run of its own accord: all of it waits."""
        questions, wake_at = run.questions(), run.timers.wake_at()
        self._asleep = Asleep(
            questions=questions,
            wake_at=wake_at,
            due=run.timers.due(),
        )
        run.stopping = True
        labels = list(dict.fromkeys(run.asked.get(path, path) for path in questions))
        self.task.cancel(why_parked(labels, wake_at))

"""The embedded engine: runs in this process, remembered in one SQLite file."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from flowrun.clock import Clock
from flowrun.engines.scope import JournalScope, LiveRun, load_run
from flowrun.errors import FlowrunError, RunConflict, RunNotFound
from flowrun.events.codec import decode_event, encode_event
from flowrun.events.records import (
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
)
from flowrun.events.stamped import RunSink, StampedEvent
from flowrun.ids import JsonObject, canonical_json
from flowrun.plan.codec import plan_digest, plan_from_json, plan_to_json
from flowrun.plan.plan import PLAN_ABI, ExecutionPlan
from flowrun.ports.durable import Durable
from flowrun.ports.engine import FlowRunHead, RunSetting
from flowrun.storage.database import Database, Row, StoreReader

Interpret: TypeAlias = Callable[
    [Durable, ExecutionPlan, JsonObject, Mapping[str, str]], Awaitable[FlowRunFinished]
]
"""What carries out a plan: `interpreter.flow.interpret_flow` with its runtime and tools bound."""

PARK_GRACE_S = 3.0
"""How long parking waits for tools at work that must not run twice."""

_INSERT_PLAN = "INSERT OR IGNORE INTO plan (digest, abi, body) VALUES (?, ?, ?)"
_INSERT_RUN = """
INSERT INTO flow_run (number, run_id, flow, status, plan_digest, inputs, environment, origin,
                      started_at, entries)
VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, 1)
"""
_FINISH_RUN = "UPDATE flow_run SET status = ?, finished_at = ?, error = ? WHERE number = ?"
_ENTER_RUN = "UPDATE flow_run SET status = 'running', entries = ? WHERE number = ?"
_HEADS = """
SELECT run_id, flow, status, plan_digest, started_at, finished_at, error
FROM flow_run ORDER BY started_at DESC, number DESC
"""
_HEAD = """
SELECT run_id, flow, status, plan_digest, started_at, finished_at, error
FROM flow_run WHERE run_id = ?
"""
_FIND = """
SELECT number, run_id, status, plan_digest, inputs, environment, entries
FROM flow_run WHERE run_id = ?
"""


class PlanUnreadable(FlowrunError):
    """A stored plan needs an interpreter that this release does not have."""

    exit_code = 7

    def __init__(self, plan: str, abi: int) -> None:
        super().__init__(f"plan {plan[:12]} has ABI {abi}; this flowrun executes {PLAN_ABI}")
        self.hint = "resume it with the flowrun that started it"


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
        self._interpret = interpret
        self._park_grace_s = park_grace_s
        self._sinks: list[RunSink] = []
        self._live: dict[str, tuple[LiveRun, asyncio.Task[None]]] = {}
        """Runs at work: nothing may enter one of these a second time."""
        self._mistakes: dict[str, BaseException] = {}
        """What broke off a run that is not over, until it is entered again."""
        self._digests: dict[int, tuple[ExecutionPlan, str, str]] = {}
        rows = database.read("SELECT coalesce(max(number), 0) FROM flow_run")
        self._last_number = int(str(rows[0][0]))

    async def start(
        self, run_id: str, plan: ExecutionPlan, inputs: JsonObject, setting: RunSetting
    ) -> None:
        """Start a run; starting the same id with the same plan and inputs again is one start."""
        digest, body = self._digest(plan)
        if run_id in self._live or run_id in self._mistakes or self._find(run_id) is not None:
            await self._start_again(run_id, digest, inputs)
            return
        started = FlowRunStarted(flow=plan.flow, plan_digest=digest, inputs=inputs)
        encode_event(started)  # what JSON cannot say is refused before anything is queued
        self._last_number += 1
        number, written, at = self._last_number, canonical_json(inputs), self._clock.now()
        submit = self._database.submit
        submit(_INSERT_PLAN, ((digest, plan.abi, body),))
        environment, origin = dict(setting.environment), dict(setting.origin)
        kept = (canonical_json(environment), canonical_json(origin))
        submit(_INSERT_RUN, ((number, run_id, plan.flow, digest, written, *kept, at),))
        run = self._live_run(number, run_id)
        run.append_event("run/started", started)
        self._enter(run, plan, inputs, environment)
        await self._database.commit()

    async def resume(self, run_id: str) -> None:
        """Enter a parked or crashed run again; one that is being parked, once it is."""
        while run_id in self._live:
            run, task = self._live[run_id]
            if not run.stopping:
                return
            await asyncio.wait([task])
        await self._database.commit()  # what an earlier life in this process left in the queue
        if run_id in self._live:
            return
        found = self._find(run_id)
        if found is None:
            raise RunNotFound(run_id)
        number, _, status, digest, inputs, environment, entries = found
        if status not in ("running", "parked"):
            raise RunConflict(run_id, f"is {status!s} already", f"flowrun runs show {run_id}")
        plan = read_plan(self._database, str(digest))
        run = self._live_run(int(str(number)), run_id)
        run.entry = int(str(entries)) + 1
        load_run(run, _journal_rows(self._database, run.number))
        self._database.submit(_ENTER_RUN, ((run.entry, run.number),))
        run.append_event(f"run/resumed[{run.entry}]", FlowRunResumed(entry=run.entry))
        self._enter(run, plan, json.loads(str(inputs)), json.loads(str(environment)))
        await self._database.commit()

    async def wait(self, run_id: str) -> FlowRunHead:
        """Wait until the run finishes or parks; raise what broke it off, if something did."""
        if run_id in self._live:
            _, task = self._live[run_id]
            await asyncio.wait([task])
        if run_id in self._mistakes:
            raise self._mistakes[run_id]
        heads = read_heads(self._database, self._live, run_id)
        if not heads:
            raise RunNotFound(run_id)
        return heads[0]

    async def park(self, run_id: str, reason: str) -> None:
        """Stop working on the run and leave it to be resumed."""
        if run_id not in self._live:
            return
        run, task = self._live[run_id]
        run.stopping = True
        await asyncio.sleep(0)  # a task that never had a turn could not note that it was parked
        if run.at_work:
            run.idle.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(run.idle.wait(), self._park_grace_s)
        if not run.ending:
            task.cancel(reason)
        await asyncio.wait([task])

    def watch(self, sink: RunSink) -> None:
        """Show every event of every run from now on."""
        self._sinks.append(sink)

    def events(self, run_id: str, after: int = 0) -> Sequence[StampedEvent]:
        """Return the kept events of a run past a sequence number."""
        return read_events(self._database, run_id, after)

    def list(self) -> Sequence[FlowRunHead]:
        """Return every run, the latest first."""
        return read_heads(self._database, self._live)

    async def close(self) -> None:
        """Park what still runs, all of it at once."""
        await asyncio.gather(*[self.park(run_id, "flowrun is closing") for run_id in self._live])

    async def _start_again(self, run_id: str, digest: str, inputs: JsonObject) -> None:
        await self._database.commit()
        found = self._find(run_id)
        assert found is not None
        if (found[3], found[4]) != (digest, canonical_json(inputs)):
            raise RunConflict(
                run_id, "exists with another plan or other inputs", "choose another --run-id"
            )
        if found[2] in ("running", "parked"):
            await self.resume(run_id)

    def _enter(
        self,
        run: LiveRun,
        plan: ExecutionPlan,
        inputs: JsonObject,
        environment: Mapping[str, str],
    ) -> None:
        self._mistakes.pop(run.run_id, None)
        drive = self._drive(run, plan, inputs, environment)
        task = asyncio.get_running_loop().create_task(drive)
        self._live[run.run_id] = (run, task)
        task.add_done_callback(partial(self._let_go, run.run_id))

    def _let_go(self, run_id: str, task: asyncio.Task[None]) -> None:
        """Forget a run that is not at work any more, but not why, if that was a mistake."""
        del self._live[run_id]
        mistake = None if task.cancelled() else task.exception()
        if mistake is not None:
            self._mistakes[run_id] = mistake

    async def _drive(
        self,
        run: LiveRun,
        plan: ExecutionPlan,
        inputs: JsonObject,
        environment: Mapping[str, str],
    ) -> None:
        scope = JournalScope(run)
        try:
            await self._database.commit()  # that it was entered is known before it does anything
            finished = await self._interpret(scope, plan, inputs, environment)
        except asyncio.CancelledError as cancelled:
            run.ending = True
            await scope.abandon()
            parked = FlowRunParked(reason=str(cancelled) or "stopped")
            self._close_run(run, "parked", None)
            run.append_event(f"run/parked[{run.seq}]", parked)
        except BaseException:
            run.ending = True
            await scope.abandon()
            raise
        else:
            run.ending = True
            await scope.abandon()
            self._close_run(run, finished.status, finished.error)
            run.append_event("run/finished", finished)
        await self._database.commit()

    def _close_run(self, run: LiveRun, status: str, error: str | None) -> None:
        """Write the head before the last event, which is shown at once and may be stopped at."""
        finished_at = None if status == "parked" else self._clock.now()
        self._database.submit(_FINISH_RUN, ((status, finished_at, error, run.number),))

    def _live_run(self, number: int, run_id: str) -> LiveRun:
        return LiveRun(
            number=number,
            run_id=run_id,
            database=self._database,
            clock=self._clock,
            sinks=self._sinks,
        )

    def _digest(self, plan: ExecutionPlan) -> tuple[str, str]:
        known = self._digests.get(id(plan))
        if known is None or known[0] is not plan:
            if len(self._digests) >= 64:
                self._digests.clear()
            known = (plan, plan_digest(plan), plan_to_json(plan))
            self._digests[id(plan)] = known
        return known[1], known[2]

    def _find(self, run_id: str) -> Row | None:
        rows = self._database.read(_FIND, (run_id,))
        return rows[0] if rows else None


def read_heads(
    store: Database | StoreReader, alive: Container[str] | None, run_id: str | None = None
) -> Sequence[FlowRunHead]:
    """Return every run of a store, the latest first, or the one that is named.

    Args:
        store: The owner's view or a bystander's.
        alive: Runs being executed now; None means all that are marked running.
        run_id: Only this run.
    """
    rows = store.read(_HEADS) if run_id is None else store.read(_HEAD, (run_id,))
    return [
        FlowRunHead(
            run_id=str(run_id),
            flow=str(flow),
            status=str(status),  # type: ignore[arg-type]  # written from the same literals
            plan_digest=str(digest),
            started_at=float(str(started)),
            finished_at=None if finished is None else float(str(finished)),
            alive=status == "running" and (alive is None or run_id in alive),
            error=None if error is None else str(error),
        )
        for run_id, flow, status, digest, started, finished, error in rows
    ]


def read_events(
    store: Database | StoreReader, run_id: str, after: int = 0
) -> Sequence[StampedEvent]:
    """Return the kept events of a run past a sequence number.

    Raises:
        RunNotFound: no such run.
    """
    found = store.read(_FIND, (run_id,))
    if not found:
        raise RunNotFound(run_id)
    rows = store.read(
        "SELECT body, seq, at FROM journal WHERE run = ? AND seq > ? AND kind = 'event' "
        "ORDER BY seq",
        (found[0][0], after),
    )
    return [
        StampedEvent(decode_event(str(body)), int(str(seq)), float(str(at)))
        for body, seq, at in rows
    ]


def read_plan(store: Database | StoreReader, digest: str) -> ExecutionPlan:
    """Return a stored plan.

    Raises:
        PlanUnreadable: it needs an interpreter this release does not have.
    """
    (abi, body), *_ = store.read("SELECT abi, body FROM plan WHERE digest = ?", (digest,))
    if abi not in (PLAN_ABI, PLAN_ABI - 1):
        raise PlanUnreadable(digest, int(str(abi)))
    return plan_from_json(str(body))


def read_setting(store: Database | StoreReader, run_id: str) -> tuple[str, RunSetting]:
    """Return a run's plan digest and what it was started with.

    Raises:
        RunNotFound: no such run.
    """
    rows = store.read(
        "SELECT plan_digest, environment, origin FROM flow_run WHERE run_id = ?", (run_id,)
    )
    if not rows:
        raise RunNotFound(run_id)
    digest, environment, origin = rows[0]
    return str(digest), RunSetting(
        environment=json.loads(str(environment)), origin=json.loads(str(origin))
    )


def _journal_rows(database: Database, number: int) -> list[tuple[int, str, str, str]]:
    rows = database.read(
        "SELECT seq, key, kind, body FROM journal WHERE run = ? ORDER BY seq", (number,)
    )
    return [(int(str(seq)), str(key), str(kind), str(body)) for seq, key, kind, body in rows]

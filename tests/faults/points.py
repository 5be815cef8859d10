"""Points at which a process ends itself with SIGKILL, and what is put around flowrun for it.

A point is a name that one of the wrappers here passes, so often. Names, by who passes them:

    before-commit:KIND     rows of that kind were handed over; the transaction has not begun
    inside-commit:KIND     the writer is inside COMMIT, its rows being written
    after-commit:KIND      they are durable, and nobody has used that yet
    statement              a statement is about to be executed on a connection that writes
    runtime:NAME           see `DyingRuntime`
    tool-before:TOOL       everything is ready for the tool, and it has not begun
    tool-after:TOOL        it is over, and nobody was told
    NAME                   of the life's own script

KIND is an event's type, `intent`, `fact`, or the name of a table that is not the journal.
"""

import json
import os
import random
import re
import signal
import sqlite3
import sys
import threading
import time

from flowrun.clock import SystemClock
from flowrun.ports.runtime import RunBegan, RunEnded, RunRequiresAction, RunTextDelta

_TABLE = re.compile(r"\b(?:INTO|UPDATE|FROM)\s+(\w+)", re.IGNORECASE)


class Death:
    """The one point at which this process is to die, and how often it was passed."""

    def __init__(self, point: str, hit: int) -> None:
        self.point = point
        self._hit = hit
        self._passed = 0

    def at(self, point: str) -> None:
        """Pass a point; the process may end here."""
        if self.passes(point):
            now()

    def passes(self, point: str) -> bool:
        """Count a passing and tell whether this is the one."""
        if point != self.point:
            return False
        self._passed += 1
        return self._passed == self._hit


def now() -> None:
    """End this process as the kernel does when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


class DyingStore:
    """A store whose process dies before, inside or after the commit of some row."""

    def __init__(self, inner, death: Death) -> None:
        self._inner = inner
        self._death = death
        self._doomed = False

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def submit(self, sql, rows):
        when, _, kind = self._death.point.partition(":")
        for found in _kinds(sql, rows):
            if found != kind or not self._death.passes(self._death.point):
                continue
            if when == "before-commit":
                now()
            self._doomed = True
            if when == "inside-commit":
                _COMMITS.arm()
        self._inner.submit(sql, rows)

    async def commit(self):
        doomed = self._doomed
        await self._inner.commit()
        if doomed:
            now()


def _kinds(sql, rows):
    table = _TABLE.search(sql)[1].lower()
    if table != "journal":
        return [table] * len(rows)
    return [_kind(row) for row in rows]


def _kind(row) -> str:
    *_, kind, body, _ = row
    return json.loads(body)["type"] if kind == "event" else kind


class DyingRuntime:
    """A runtime whose process dies around one of its operations.

    open-thread-after: it has the thread and nobody was told
    start-before: a run is about to be created
    start-began: it is created and nobody was told; `start-kept`: and the runtime keeps it for sure
    streams: a piece of text has come; requires: it wants tools; ended: it is over; nobody was told
    submit-before: outputs are about to go out
    submit-taken: they were taken, and nobody was told; `submit-kept`: for sure
    cancel-before, cancel-after: a run is about to be cancelled, was
    """

    def __init__(self, inner, store, death: Death) -> None:
        self._inner = inner
        self._store = store
        self._death = death

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def open_thread(self, label, metadata=()):
        thread = await self._inner.open_thread(label, metadata)
        self._death.at("runtime:open-thread-after")
        await self._keep("runtime:open-thread-kept")
        return thread

    async def start_run(self, request):
        self._death.at("runtime:start-before")
        async for event in self._seen(self._inner.start_run(request)):
            if isinstance(event, RunBegan):
                self._death.at("runtime:start-began")
                await self._keep("runtime:start-kept")
            yield event

    async def submit_tool_outputs(self, thread_id, run_id, outputs):
        self._death.at("runtime:submit-before")
        taken = False
        events = self._inner.submit_tool_outputs(thread_id, run_id, outputs)
        async for event in self._seen(events):
            if not taken:
                taken = True
                self._death.at("runtime:submit-taken")
                await self._keep("runtime:submit-kept")
            yield event

    async def cancel(self, thread_id, run_id):
        self._death.at("runtime:cancel-before")
        used = await self._inner.cancel(thread_id, run_id)
        self._death.at("runtime:cancel-after")
        return used

    async def _seen(self, events):
        try:
            async for event in events:
                match event:
                    case RunTextDelta():
                        self._death.at("runtime:streams")
                    case RunRequiresAction():
                        self._death.at("runtime:requires")
                    case RunEnded():
                        self._death.at("runtime:ended")
                yield event
        finally:
            await events.aclose()

    async def _keep(self, point):
        """Die when the runtime has made durable what it did, as one that lives elsewhere would."""
        if self._death.passes(point):
            await self._store.commit()
            now()


class DyingTools:
    """Tools whose process dies right before or right after a call."""

    def __init__(self, inner, death: Death, note, running) -> None:
        """Args: `note` writes a line of the walk's own; `running` is told of calls that begin."""
        self._inner = inner
        self._death = death
        self._note = note
        self._running = running

    def of(self, flow):
        return DyingTools(self._inner.of(flow), self._death, self._note, self._running)

    async def run(self, tool, arguments, invocation):
        self._die_at(f"tool-before:{tool}", tool, arguments, invocation)
        self._running(tool)
        outcome = await self._inner.run(tool, arguments, invocation)
        self._die_at(f"tool-after:{tool}", tool, arguments, invocation)
        return outcome

    async def end_orphans(self, run_id):
        count = await self._inner.end_orphans(run_id)
        self._note("cleared", "-", "-", str(count))
        return count

    def close(self):
        self._inner.close()

    def _die_at(self, point, tool, arguments, invocation):
        """Pass a point; whose call it was that the process died at is known afterwards."""
        if self._death.passes(point):
            self._note("dies", tool, arguments["order"], invocation.idempotency_key)
            now()


class SteppedClock(SystemClock):
    """The machine's clock, its calendar set forwards or backwards."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s

    def now(self) -> float:
        return super().now() + self._step_s


class _Commits:
    """Kills from another thread while the writer is inside COMMIT, or a little later."""

    def __init__(self) -> None:
        self._armed = False
        self._within = threading.Event()

    def arm(self) -> None:
        """From now on a COMMIT is the end."""
        if not self._armed:
            threading.Thread(target=self._wait_and_kill, daemon=True).start()
            self._armed = True

    def begins(self) -> None:
        """A COMMIT is about to be executed."""
        if self._armed:
            self._within.set()

    def _wait_and_kill(self) -> None:
        self._within.wait()
        time.sleep(random.uniform(0.0, 0.004))
        now()


_COMMITS = _Commits()


def watch_statements(death: Death) -> None:
    """Pass `statement` before every statement that this thread executes, on any connection.

    The interpreter itself tells of every call into C; nothing of flowrun's is replaced.
    """

    def tell(_frame, event: str, called) -> None:
        if (
            event == "c_call"
            and called.__name__.startswith("execute")
            and isinstance(called.__self__, sqlite3.Connection)
        ):
            death.at("statement")

    if death.point == "statement":
        sys.setprofile(tell)


def watch_commits(connection: sqlite3.Connection, *, checkpoint_often: bool) -> None:
    """Have the killer know when a connection is inside COMMIT, or in the checkpoint after it."""
    if checkpoint_often:
        connection.execute("PRAGMA wal_autocheckpoint=1")

    def trace(sql: str) -> None:
        if sql.startswith("COMMIT"):
            _COMMITS.begins()

    connection.set_trace_callback(trace)

"""One live run of the embedded engine, without an engine around it."""

from contextlib import asynccontextmanager

from flowrun.clock import ManualClock
from flowrun.engines.live_run import LiveRun
from flowrun.engines.reading import JournalRow
from flowrun.engines.timers import Timers
from flowrun.storage.database import open_database

RUN = """
INSERT INTO flow_run (number, run_id, flow, status, plan_digest, inputs, environment, origin,
                      started_at, entries)
VALUES (1, 'run-1', 'test', 'running', '', '{}', '{}', '{}', 0, 1)
"""


@asynccontextmanager
async def live_run(folder, rows=(), sinks=(), due=()):
    """A run whose earlier lives left these rows: `(seq, key, kind, body)`."""
    database = open_database(folder / "store.db", holder="test", durability="process")
    clock = ManualClock(5.0)
    try:
        database.submit(RUN, [()])
        run = LiveRun(
            number=1,
            run_id="run-1",
            database=database,
            clock=clock,
            timers=Timers(clock, dict(due)),
            sinks=sinks,
        )
        run.load(
            [JournalRow(seq=seq, key=key, kind=kind, body=body, at=0.0)
             for seq, key, kind, body in rows]
        )  # fmt: skip
        yield run
    finally:
        database.close()


def stored(run):
    """Return what the run has written: `(seq, key, kind, body)` in order."""
    return run.database.read("SELECT seq, key, kind, body FROM journal ORDER BY seq")

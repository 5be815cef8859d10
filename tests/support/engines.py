"""Every engine there is, and ways to tell a run's lives on one.

An engine joins by a row in `ENGINES`: a class that is given a folder, opens the engine there as
often as it is asked, by the time of its `clock`, and can make the store refuse a key's rows.
Leaving the block it opens is the end of one life; opening again in the same folder is the next.
"""

import asyncio
import sqlite3
from contextlib import asynccontextmanager

import pytest

from flowrun.clock import SystemClock
from flowrun.engines.journal import JournalEngine
from flowrun.events.records import FlowRunFinished, StepStarted
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.engine import RunSetting
from flowrun.storage.database import open_database
from tests.support.crash import Died

PLAN = ExecutionPlan(flow="test")
SETTING = RunSetting(environment={"CITY": "Paris"}, origin={"path": "a.flow.yaml"})
GRACE_S = 0.2


class Journal:
    """The embedded engine."""

    def __init__(self, folder) -> None:
        self.store = folder / "store.db"
        self.clock = SystemClock()

    @asynccontextmanager
    async def open(self, interpret):
        database = open_database(self.store, holder="test", durability="process")
        try:
            yield JournalEngine(database, self.clock, interpret, park_grace_s=GRACE_S)
        finally:
            database.close()

    def refuse(self, key, kind) -> None:
        """Have the store refuse a row from now on, as a full disk would."""
        with sqlite3.connect(self.store) as other:
            other.execute(
                f"CREATE TRIGGER full BEFORE INSERT ON journal WHEN NEW.key = '{key}' AND "
                f"NEW.kind = '{kind}' BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
            )
        other.close()

    def repair(self) -> None:
        """Have it take everything again."""
        with sqlite3.connect(self.store) as other:
            other.execute("DROP TRIGGER full")
        other.close()


ENGINES = {"journal": Journal}


def said(value):
    """What an effect did, as an event."""
    return StepStarted(step=str(value))


def doing(value, calls=None):
    """An effect's body that notes its call."""

    async def act():
        if calls is not None:
            calls.append(value)
        return said(value)

    return act


def dying(calls, times=1):
    """An effect's body that dies with its process on the given call."""

    async def act():
        calls.append(len(calls) + 1)
        if len(calls) == times:
            raise Died
        return said(len(calls))

    return act


def done(**outputs):
    return FlowRunFinished(status="completed", outputs=outputs)


async def soon(awaitable):
    """Fail, where somebody was forgotten, instead of waiting for ever."""
    return await asyncio.wait_for(awaitable, 20)


def kept(engine, run_id="run-1"):
    return [one.event for one in engine.events(run_id)]


def live(place, interpret, *, resume=False, run_id="run-1", inputs=None):
    """One life of a run: start or resume it, wait, and return its head and events."""

    async def go():
        async with place.open(interpret) as engine:
            if resume:
                await engine.resume(run_id)
            else:
                await engine.start(run_id, PLAN, inputs or {}, SETTING)
            head = await soon(engine.wait(run_id))
            return head, kept(engine, run_id)

    return asyncio.run(go())


def die(place, interpret, **how):
    with pytest.raises(Died):
        live(place, interpret, **how)


def within(place, interpret, story):
    """Tell a story about one engine: `story(engine)` is awaited while it is open."""

    async def go():
        async with place.open(interpret) as engine:
            return await soon(story(engine))

    return asyncio.run(go())


async def until(condition):
    """Let others have their turns until something is so."""
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")

"""Stores as earlier releases left them: they open, are brought up to date, and their runs go on."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flowrun.clock import SystemClock
from flowrun.engines.inbox import Message, leave_from_outside
from flowrun.engines.journal import JournalEngine
from flowrun.engines.reading import read_events, read_heads, read_journal, read_setting
from flowrun.events.records import FlowRunResumed, StepFinished
from flowrun.ports.durable import OutcomeUnknown
from flowrun.storage.database import StoreReader, open_database
from flowrun.storage.migrations import MIGRATIONS
from tests.support.engines import done, soon

RELEASED = Path(__file__).with_name("store_of_0002.sql")
STEPS = ("first", "second", "third")


@pytest.fixture
def path(tmp_path):
    with closing(sqlite3.connect(tmp_path / "store.db")) as store:
        store.executescript(RELEASED.read_text("utf-8"))
        store.execute("PRAGMA journal_mode=WAL")
    return tmp_path / "store.db"


def going_on(acted):
    """Goes on with the three steps of the plan, in the keys of that release."""

    async def interpret(scope, plan, inputs, setting):
        assert inputs == {"city": "Köln"}
        assert [one.name for one in plan.steps] == list(STEPS)
        for step in plan.steps:
            tool = plan.tool(step.action.tool)

            async def act(name=step.name):
                acted.append(name)
                return StepFinished(step=name, status="completed")

            key = f"steps/{step.name}/finished"
            try:
                await scope.effect(key, act, tool.effect)
            except OutcomeUnknown:
                unknown = StepFinished(
                    step=step.name, status="failed", error_code="outcome_unknown"
                )
                await scope.record(key, unknown)
        return done()

    return interpret


def resumed(path, run_id):
    acted = []

    async def go():
        database = open_database(path, holder="test")
        try:
            engine = JournalEngine(database, SystemClock(), going_on(acted))
            await engine.resume(run_id)
            head = await soon(engine.wait(run_id))
            return head, [one.event for one in engine.events(run_id)]
        finally:
            database.close()

    head, events = asyncio.run(go())
    return head, events, acted


def test_it_is_listed_and_shown_without_an_owner(path):
    store = StoreReader(path)
    heads = {one.run_id: one for one in read_heads(store, frozenset())}
    assert {run_id: one.status for run_id, one in heads.items()} == {
        "desk-done": "completed",
        "desk-parked": "parked",
        "desk-crashed": "running",
    }
    assert {(one.questions, one.wake_at, one.alive) for one in heads.values()} == {
        ((), None, False)
    }
    _, setting = read_setting(store, "desk-parked")
    assert (setting.origin, setting.only) == ({"path": "desk.flow.yaml"}, "")
    assert len(read_events(store, "desk-done")) == 8
    store.close()


def test_a_parked_run_of_it_goes_on(path):
    head, events, acted = resumed(path, "desk-parked")
    assert head.status == "completed"
    assert acted == ["third"]
    assert FlowRunResumed(entry=2) in events


def test_a_crashed_run_of_it_goes_on_and_what_is_in_doubt_stays_in_doubt(path):
    head, events, acted = resumed(path, "desk-crashed")
    assert head.status == "completed"
    assert acted == ["third"]
    unknown = [one for one in events if isinstance(one, StepFinished) and one.error_code]
    assert [(one.step, one.error_code) for one in unknown] == [("second", "outcome_unknown")]


def test_a_bystander_may_leave_a_message_in_it(path):
    said = Message(run_id="desk-parked", name="ask", value={}, message_id="m", sender="ann", at=0.0)
    leave_from_outside(path, said)
    with closing(sqlite3.connect(path)) as store:
        names = [name for (name,) in store.execute("SELECT name FROM migration ORDER BY name")]
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert names == [name for name, _ in MIGRATIONS]


def test_every_row_of_it_is_what_it_was(path):
    with closing(sqlite3.connect(path)) as store:
        before = store.execute("SELECT seq, key, kind, body FROM journal WHERE run = 1").fetchall()
    reader = StoreReader(path)
    after = [(one.seq, one.key, one.kind, one.body) for one in read_journal(reader, "desk-done")]
    reader.close()
    assert after == before

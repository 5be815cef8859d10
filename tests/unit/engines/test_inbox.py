"""What is said to runs: by their owner, by bystanders, once."""

import asyncio
import json
import sqlite3
from contextlib import closing

import pytest

from flowrun.clock import SystemClock
from flowrun.engines.heads import finish_head
from flowrun.engines.inbox import (
    CANCEL,
    LEAVE,
    POLL_S,
    Message,
    cancel_from_outside,
    confirm_message,
    leave_from_outside,
    leave_message,
    read_inbox,
    read_message,
    refuse_message,
)
from flowrun.engines.journal import JournalEngine
from flowrun.engines.reading import read_heads
from flowrun.engines.retention import delete_runs
from flowrun.errors import AlreadyAnswered, RunConflict, RunNotFound
from flowrun.storage.bystander import write_row
from flowrun.storage.database import StoreReader, open_database
from tests.support.engines import PLAN, SETTING, done, soon

STORE = "store.db"


def message(sender="ann", message_id=None, name="ask", run_id="run-1", **value):
    return Message(
        run_id=run_id,
        name=name,
        value=value or {"decision": "approved"},
        message_id=message_id or f"m-{sender}",
        sender=sender,
        at=1_700_049_600.0,
    )


async def asking(scope, plan, inputs, setting):
    heard = await scope.signal("ask")
    return done(by=heard.sender, value=heard.value)


def tell(folder, story, interpret=asking):
    """Tell a story about an engine and its database."""

    async def go():
        database = open_database(folder / STORE, holder="owner")
        engine = JournalEngine(database, SystemClock(), interpret)
        try:
            return await soon(story(engine, database))
        finally:
            await engine.close()
            database.close()

    return asyncio.run(go())


async def start(engine, run_id="run-1"):
    await engine.start(run_id, PLAN, {}, SETTING)
    return await engine.wait(run_id)


def test_a_bystander_s_answer_is_heard_by_the_owner_that_parked_the_run(tmp_path):
    async def story(engine, database):
        await start(engine)
        await asyncio.to_thread(leave_from_outside, tmp_path / STORE, message())
        await until_slowly(lambda: engine.list()[0].status == "completed")
        return [one.event for one in engine.events("run-1")][-1]

    assert tell(tmp_path, story) == done(by="ann", value={"decision": "approved"})


async def until_slowly(condition):
    """The owner looks a few times a second; so does this."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to that")


def test_a_bystander_s_answer_reaches_a_run_that_is_at_work(tmp_path):
    gate = {}

    async def interpret(scope, plan, inputs, setting):
        async def busy(own):
            await own.effect("x", gate["let go"].wait)

        scope.child("busy", busy)
        return await asking(scope, plan, inputs, setting)

    async def story(engine, database):
        gate["let go"] = asyncio.Event()
        await engine.start("run-1", PLAN, {}, SETTING)
        await asyncio.to_thread(leave_from_outside, tmp_path / STORE, message())
        return await engine.wait("run-1")

    assert tell(tmp_path, story, interpret).status == "completed"


def test_a_bystander_s_answer_is_kept_for_who_enters_the_run_next(tmp_path):
    async def story(engine, database):
        return await start(engine)

    assert tell(tmp_path, story).status == "parked"
    leave_from_outside(tmp_path / STORE, message())

    async def resume(engine, database):
        await asyncio.sleep(0.3)
        assert engine.list()[0].status == "parked", "not a run of this engine"
        await engine.resume("run-1")
        return await engine.wait("run-1")

    assert tell(tmp_path, resume).status == "completed"


@pytest.mark.parametrize("parked", [True, False])
def test_a_bystander_cancels_a_run_whatever_it_does(tmp_path, parked):
    async def interpret(scope, plan, inputs, setting):
        if not parked:
            await scope.effect("x", asyncio.Event().wait)
        return await asking(scope, plan, inputs, setting)

    async def story(engine, database):
        await engine.start("run-1", PLAN, {}, SETTING)
        if parked:
            await engine.wait("run-1")
        path = tmp_path / STORE
        for _ in range(2):
            await asyncio.to_thread(
                cancel_from_outside, path, "run-1", by="ann", reason="late", at=1.0
            )
        await until_slowly(lambda: engine.list()[0].status == "cancelled")
        return engine.list()[0].error

    assert tell(tmp_path, story, interpret) == "cancelled by ann: late"


def test_a_bystander_s_cancel_reaches_parked_runs_of_earlier_processes(tmp_path):
    async def park(engine, database):
        await start(engine)

    tell(tmp_path, park)

    async def story(engine, database):
        await start(engine, "run-2")  # this one keeps it looking
        cancel_from_outside(tmp_path / STORE, "run-1", by="ann", reason="", at=1.0)
        await until_slowly(lambda: engine.list()[1].status == "cancelled")
        return [one.status for one in engine.list()]

    assert tell(tmp_path, story) == ["parked", "cancelled"]


def test_a_cancel_that_nobody_heard_is_heard_by_who_enters_the_run_next(tmp_path):
    async def park(engine, database):
        await start(engine)

    tell(tmp_path, park)
    cancel_from_outside(tmp_path / STORE, "run-1", by="ann", reason="late", at=1.0)

    async def resume(engine, database):
        await engine.resume("run-1")
        return await engine.wait("run-1")

    head = tell(tmp_path, resume)
    assert (head.status, head.error) == ("cancelled", "cancelled by ann: late")


def test_the_first_bystander_counts_and_the_second_is_told(tmp_path):
    async def park(engine, database):
        await start(engine)

    tell(tmp_path, park)
    leave_from_outside(tmp_path / STORE, message())
    leave_from_outside(tmp_path / STORE, message())
    with pytest.raises(AlreadyAnswered, match="approved by ann at 2023-11-15 12:00:00 UTC"):
        leave_from_outside(tmp_path / STORE, message("bob"))

    async def owner(engine, database):
        with pytest.raises(AlreadyAnswered, match="approved by ann"):
            await leave_message(database, message("bob"))
        return read_inbox(database, "run-1")

    assert tell(tmp_path, owner) == [message()]


def test_what_is_over_unknown_or_another_message_is_refused(tmp_path):
    async def finish(engine, database):
        await start(engine)
        await start(engine, "run-2")
        await leave_message(database, message())
        await engine.resume("run-1")
        await engine.wait("run-1")

    tell(tmp_path, finish)
    path = tmp_path / STORE
    with pytest.raises(RunNotFound):
        leave_from_outside(path, message(run_id="nobody"))
    with pytest.raises(RunConflict, match="completed already"):
        leave_from_outside(path, message(name="other", message_id="m-x"))
    with pytest.raises(RunConflict, match="message `m-ann` is another one"):
        leave_from_outside(path, message(run_id="run-2"))
    with pytest.raises(RunConflict, match="completed already"):
        cancel_from_outside(path, "run-1", by="", reason="", at=1.0)


async def complete(database, run_id):
    finish_head(database, 1, "completed", 1.0, None)


async def prune(database, run_id):
    await delete_runs(database, [run_id])


@pytest.mark.parametrize(
    ("meanwhile", "refusal", "said"),
    [(complete, RunConflict, "is completed already"), (prune, RunNotFound, "run-1")],
)
def test_a_run_that_ends_or_is_pruned_while_somebody_speaks_was_told_nothing(
    tmp_path, meanwhile, refusal, said
):
    async def story(engine, database):
        await start(engine)
        await engine.park("run-1", "")
        refuse_message(database, message())
        await meanwhile(database, "run-1")
        await database.commit()
        write_row(tmp_path / STORE, LEAVE, message().as_row())
        with pytest.raises(refusal, match=said):
            confirm_message(database, message())
        return read_inbox(database, "run-1")

    assert tell(tmp_path, story) == []


def test_a_look_that_fails_is_not_the_last_one(tmp_path):
    async def story(engine, database):
        await start(engine)
        with closing(sqlite3.connect(tmp_path / STORE)) as other:
            other.execute("ALTER TABLE inbox RENAME TO elsewhere")
            await asyncio.sleep(2 * POLL_S)
            other.execute("ALTER TABLE elsewhere RENAME TO inbox")
        await asyncio.to_thread(leave_from_outside, tmp_path / STORE, message())
        await until_slowly(lambda: engine.list()[0].status == "completed")

    tell(tmp_path, story)


def test_what_a_command_line_may_hold_does_not_harm_the_store(tmp_path):
    """Halves of surrogate pairs: a name that is no UTF-8, a comment out of broken JSON."""

    async def story(engine, database):
        await start(engine)
        odd = message("an\udcffn", message_id="m\udcff", comment="\ud83d")
        await engine.send("run-1", "ask", odd.value, message_id=odd.message_id, sender=odd.sender)
        head = await engine.wait("run-1")
        return head.status, read_message(database, "run-1", "ask").sender

    assert tell(tmp_path, story) == ("completed", "an?n")


def test_nobody_looks_into_the_inbox_when_there_is_nobody_it_could_be_for(tmp_path):
    async def complete(scope, plan, inputs, setting):
        return done()

    async def story(engine, database):
        await start(engine)
        watch = engine._runs._inbox
        await until_slowly(lambda: watch._timer is None)
        await start(engine, "run-2")
        assert watch._timer is not None

    tell(tmp_path, story, complete)


def test_a_message_is_heard_with_all_that_is_known_of_it():
    heard = message().as_heard()
    assert json.loads(json.dumps(heard)) == {
        "value": {"decision": "approved"},
        "sender": "ann",
        "at": 1_700_049_600.0,
        "message_id": "m-ann",
    }
    assert CANCEL == "run/cancel"


def test_a_store_with_messages_can_be_read_by_anybody(tmp_path):
    async def park(engine, database):
        await start(engine)

    tell(tmp_path, park)
    store = StoreReader(tmp_path / STORE)
    assert read_inbox(store, "run-1") == []
    assert [one.questions for one in read_heads(store, None)] == [("ask",)]
    store.close()

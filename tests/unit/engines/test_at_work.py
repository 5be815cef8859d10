"""Runs of this process: what is held of them while they work, sleep, and are let go.

What is promised of them is told in tests/contracts; here is what only shows from inside.
"""

import asyncio

import pytest

from flowrun.clock import ManualClock
from flowrun.engines.inbox import Message
from flowrun.engines.journal import JournalEngine
from flowrun.engines.reading import PlanUnreadable
from flowrun.errors import StorageError
from flowrun.plan.codec import plan_digest
from flowrun.plan.plan import PLAN_ABI, ExecutionPlan
from flowrun.ports.engine import Schedule
from flowrun.storage.database import open_database
from tests.support.engines import PLAN, SETTING, done, soon, until

DAY_S = 86_400.0


async def asking(scope, plan, inputs, setting):
    await scope.signal("ask")
    return done()


async def sleeping(scope, plan, inputs, setting):
    await scope.until("pause", DAY_S)
    return done()


def tell(folder, interpret, story):
    async def go():
        database = open_database(folder / "store.db", holder="test")
        clock = ManualClock()
        engine = JournalEngine(database, clock, interpret)
        try:
            return await soon(story(engine, engine._runs, clock))
        finally:
            database.close()

    return asyncio.run(go())


async def parked(engine):
    await engine.start("run-1", PLAN, {}, SETTING)
    await until(lambda: "run-1" in engine._runs._asleep)


def test_of_a_run_that_sleeps_only_its_questions_and_timers_are_held(tmp_path):
    async def story(engine, runs, clock):
        await parked(engine)
        (asleep,) = runs._asleep.values()
        return runs._entries, asleep.questions, asleep.due, asleep.by_itself

    assert tell(tmp_path, asking, story) == ({}, ("ask",), {}, False)


def test_a_run_that_is_over_is_not_held_at_all(tmp_path):
    async def story(engine, runs, clock):
        await parked(engine)
        await engine.send("run-1", "ask", {}, message_id="m", sender="ann")
        await engine.wait("run-1")
        return runs._entries, runs._asleep, runs._mistakes, runs._errands

    assert tell(tmp_path, asking, story) == ({}, {}, {}, set())


def test_a_message_to_a_sleeping_run_that_waits_for_another_wakes_nobody(tmp_path):
    async def story(engine, runs, clock):
        await parked(engine)
        await engine.send("run-1", "other", {}, message_id="m", sender="ann")
        return list(runs._asleep), engine.list()[0].status

    assert tell(tmp_path, asking, story) == (["run-1"], "parked")


def test_after_closing_nothing_is_woken(tmp_path):
    async def story(engine, runs, clock):
        await parked(engine)
        waiting = asyncio.create_task(engine.wait("run-1"))
        await asyncio.sleep(0)
        await engine.close()
        head = await waiting
        clock.advance(2 * DAY_S)
        await asyncio.sleep(0)
        return head.status, runs._errands, engine.list()[0].status

    assert tell(tmp_path, sleeping, story) == ("parked", set(), "parked")


def test_a_run_that_cannot_be_woken_tells_whoever_waits(tmp_path):
    async def story(engine, runs, clock):
        await parked(engine)
        waiting = asyncio.create_task(engine.wait("run-1"))
        await asyncio.sleep(0)
        engine._database.submit(f"UPDATE plan SET abi = {PLAN_ABI + 1}", [()])
        await engine._database.commit()
        clock.advance(DAY_S)
        with pytest.raises(Exception, match="has ABI"):
            await waiting
        return runs._asleep

    assert tell(tmp_path, sleeping, story) == {}


def test_a_mistake_of_ours_in_waking_a_run_reaches_whoever_waits(tmp_path):
    async def story(engine, runs, clock):
        await parked(engine)
        waiting = asyncio.create_task(engine.wait("run-1"))
        await asyncio.sleep(0)
        engine._database.submit("UPDATE flow_run SET inputs = '{'", [()])
        await engine._database.commit()
        clock.advance(DAY_S)
        with pytest.raises(ValueError, match="property name"):
            await waiting
        return runs._asleep, runs._entries

    assert tell(tmp_path, sleeping, story) == ({}, {})


def test_a_store_that_failed_meanwhile_tells_whoever_waits(tmp_path):
    async def story(engine, runs, clock):
        await parked(engine)
        waiting = asyncio.create_task(engine.wait("run-1"))
        engine._database.submit("INSERT INTO nowhere VALUES (1)", [()])
        with pytest.raises(StorageError):
            await engine._database.commit()
        clock.advance(DAY_S)
        with pytest.raises(StorageError):
            await waiting

    tell(tmp_path, sleeping, story)


def test_what_cannot_be_gone_on_with_is_told_when_everything_else_was_swept(tmp_path):
    bad, good = ExecutionPlan(flow="bad"), ExecutionPlan(flow="good")

    async def story(engine, runs, clock):
        for plan in (bad, good):
            job = {"plan": plan, "inputs": {}, "setting": SETTING}
            await engine.start(plan.flow, **job)
            await until(lambda plan=plan: plan.flow in runs._asleep)
            await engine.park(plan.flow, "")
            await engine.schedule(
                Schedule(name=f"tick-{plan.flow}", every_s=60.0, anchor=clock.now() + 1, **job)
            )
        unreadable = f"UPDATE plan SET abi = {PLAN_ABI + 1} WHERE digest = ?"
        engine._database.submit(unreadable, [(plan_digest(bad),)])
        await engine._database.commit()
        clock.advance(DAY_S)
        with pytest.raises(PlanUnreadable):
            await engine.sweep()
        await engine.wait("good")
        return sorted((one.flow, one.status) for one in engine.list())

    assert tell(tmp_path, sleeping, story) == [
        ("bad", "parked"),
        ("good", "completed"),
        ("good", "parked"),
    ]


def test_a_request_about_a_run_that_is_over_is_no_mistake(tmp_path):
    async def story(engine, runs, clock):
        await parked(engine)
        await engine.cancel("run-1")
        request = Message(
            run_id="run-1", name="run/cancel", value={}, message_id="m", sender="", at=0.0
        )
        for run_id in ("run-1", "nobody"):
            runs._deliver(Message(**{**fields(request), "run_id": run_id}))
        await until(lambda: not runs._errands)
        return runs._mistakes

    assert tell(tmp_path, asking, story) == {}


def fields(message):
    return {name: getattr(message, name) for name in type(message).__slots__}

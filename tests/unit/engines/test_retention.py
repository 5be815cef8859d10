"""Forgetting runs."""

import asyncio

import pytest

from flowrun.clock import SystemClock
from flowrun.engines.journal import JournalEngine
from flowrun.engines.retention import ROWS_AT_ONCE, delete_runs
from flowrun.errors import RunConflict
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.engine import Schedule
from flowrun.storage.database import open_database
from tests.support.engines import SETTING, done, soon

PLANS = [ExecutionPlan(flow=f"flow-{number}") for number in range(3)]


async def complete(scope, plan, inputs, setting):
    for number in range(inputs.get("rows", 1)):
        await scope.fact(f"f{number}", lambda: 1)
    if inputs.get("ask"):
        await scope.signal("ask")
    return done()


def tell(folder, story):
    async def go():
        database = open_database(folder / "store.db", holder="owner")
        engine = JournalEngine(database, SystemClock(), complete)
        try:
            return await soon(story(engine, database))
        finally:
            database.close()

    return asyncio.run(go())


async def run(engine, run_id, plan=PLANS[0], **inputs):
    await engine.start(run_id, plan, inputs, SETTING)
    await engine.wait(run_id)


def counted(database, *tables):
    return [database.read(f"SELECT count(*) FROM {table}")[0][0] for table in tables]


def test_a_deleted_run_is_gone_with_its_journal_and_messages_and_others_are_not(tmp_path):
    async def story(engine, database):
        await run(engine, "old", ask=True)
        await engine.send("old", "ask", {}, message_id="m", sender="ann")
        await engine.wait("old")
        await run(engine, "new")
        left = list(engine.events("new"))
        assert await delete_runs(database, ["old", "nobody", "old"]) == 1
        assert [one.run_id for one in engine.list()] == ["new"]
        assert list(engine.events("new")) == left
        return counted(database, "inbox", "plan"), database.read("SELECT DISTINCT run FROM journal")

    assert tell(tmp_path, story) == ([0, 1], [(2,)])


def test_a_plan_goes_with_its_last_run_unless_a_schedule_has_it(tmp_path):
    async def story(engine, database):
        for number, plan in enumerate([PLANS[0], PLANS[0], PLANS[1], PLANS[2]]):
            await run(engine, f"run-{number}", plan)
        await engine.schedule(
            Schedule(
                name="tick", plan=PLANS[2], inputs={}, setting=SETTING, every_s=60.0, anchor=0.0
            )
        )
        await delete_runs(database, ["run-0", "run-2", "run-3"])
        kept = counted(database, "plan")
        await delete_runs(database, ["run-1"])
        return kept, counted(database, "plan")

    assert tell(tmp_path, story) == ([2], [1])


def test_a_run_that_is_at_work_is_not_deleted_and_nothing_else_is(tmp_path):
    async def story(engine, database):
        await run(engine, "a")
        await run(engine, "b")
        with pytest.raises(RunConflict, match="is at work"):
            await delete_runs(database, ["a", "b"], at_work={"b"})
        return len(engine.list())

    assert tell(tmp_path, story) == 2


def test_many_rows_are_deleted_in_several_commits_each_run_whole(tmp_path):
    async def story(engine, database):
        for number in range(3):
            await run(engine, f"run-{number}", rows=ROWS_AT_ONCE // 2)
        deleting = asyncio.create_task(delete_runs(database, [f"run-{n}" for n in range(3)]))
        seen = set()
        while not deleting.done():
            await asyncio.sleep(0)
            seen.add(tuple(counted(database, "flow_run")))
            rows = database.read("SELECT count(*) FROM journal GROUP BY run")
            assert all(count == (ROWS_AT_ONCE // 2 + 2,) for count in rows)
        await deleting
        return (1,) in seen, counted(database, "flow_run", "journal")

    assert tell(tmp_path, story) == (True, [0, 0])


def test_a_new_run_may_have_a_plan_that_was_forgotten(tmp_path):
    async def story(engine, database):
        await run(engine, "a")
        await delete_runs(database, ["a"])
        await run(engine, "b")
        return counted(database, "plan")

    assert tell(tmp_path, story) == [1]

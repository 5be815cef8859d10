"""A run that was left, taken up again."""

import asyncio

import pytest

from flowrun.clock import ManualClock
from flowrun.engines.journal import JournalEngine
from flowrun.engines.reading import PlanUnreadable, find_run
from flowrun.engines.reopening import queue_entry, reopen
from flowrun.plan.plan import PLAN_ABI
from flowrun.storage.database import open_database
from tests.support.crash import Died
from tests.support.engines import PLAN, SETTING, done, said, soon


async def die(scope, plan, inputs, setting):
    await scope.fact("n", lambda: 1)
    await scope.record("seen", said("seen"))
    raise Died


async def asking(scope, plan, inputs, setting):
    await scope.signal("ask")
    return done()


def with_left_run(folder, story, interpret=die, change=""):
    """Tell a story about a run that was left: `story(engine, reopened)`."""

    async def go():
        database = open_database(folder / "store.db", holder="test")
        try:
            engine = JournalEngine(database, ManualClock(), interpret)
            await engine.start("run-1", PLAN, {"n": 1}, SETTING)
            if interpret is die:
                with pytest.raises(Died):
                    await engine.wait("run-1")
            else:
                await engine.wait("run-1")
            if change:
                database.submit(change, [()])
                await database.commit()
            found = find_run(database, "run-1")
            run = engine._runs.live_run(found.number, "run-1")
            return await soon(story(engine, reopen(run, found)))
        finally:
            database.close()

    return asyncio.run(go())


def test_all_that_was_recorded_is_there(tmp_path):
    async def story(engine, reopened):
        run = reopened.run
        return list(run.events), run.facts, run.seq, run.entry, reopened.last_key

    assert with_left_run(tmp_path, story) == (["run/started", "seen"], {"n": "1"}, 3, 1, "seen")


def test_entering_it_counts_before_anything_is_done(tmp_path):
    async def story(engine, reopened):
        job = queue_entry(reopened, force=False)
        await reopened.run.database.commit()
        found = find_run(reopened.run.database, "run-1")
        return job.plan, job.inputs, job.setting, found.entries, reopened.run.entry

    assert with_left_run(tmp_path, story) == (PLAN, {"n": 1}, SETTING, 2, 2)


def test_a_plan_that_cannot_be_carried_out_is_not_entered(tmp_path):
    async def story(engine, reopened):
        with pytest.raises(PlanUnreadable):
            queue_entry(reopened, force=False)
        await reopened.run.database.commit()
        return find_run(reopened.run.database, "run-1").entries

    change = f"UPDATE plan SET abi = {PLAN_ABI + 1}"
    assert with_left_run(tmp_path, story, change=change) == 1


def leave(name, value="{}"):
    return (
        "INSERT INTO inbox (run, name, message_id, value, sender, at) "
        f"VALUES (1, '{name}', 'm', '{value}', 'ann', 5)"
    )


def test_what_was_said_meanwhile_is_there(tmp_path):
    async def story(engine, reopened):
        return list(reopened.run.inbox), reopened.cancelled, reopened.stuck

    assert with_left_run(tmp_path, story, asking, leave("ask")) == (["ask"], None, False)


def test_that_somebody_wants_it_cancelled_is_known_with_who_and_why(tmp_path):
    async def story(engine, reopened):
        return reopened.cancelled

    change = leave("run/cancel", '{"reason":"late"}')
    assert with_left_run(tmp_path, story, asking, change) == ("ann", "late")


@pytest.mark.parametrize(("deaths", "stuck", "forced"), [(1, False, 1), (3, True, 0)])
def test_deaths_are_counted_and_forgiven_when_it_is_forced(tmp_path, deaths, stuck, forced):
    async def story(engine, reopened):
        queue_entry(reopened, force=stuck)
        await reopened.run.database.commit()
        return reopened.deaths, reopened.stuck, find_run(reopened.run.database, "run-1").deaths

    change = f"UPDATE flow_run SET deaths = {deaths}, status = 'parked'"
    assert with_left_run(tmp_path, story, asking, change) == (deaths, stuck, forced)

"""10,000 parked runs: what an owner that holds none of them costs, and what a list and one cost."""

import asyncio
import sqlite3
import time
import tracemalloc
from contextlib import closing

import pytest

from flowrun.clock import SystemClock
from flowrun.engines.journal import JournalEngine
from flowrun.engines.reading import read_heads
from flowrun.ports.engine import RunFilter
from flowrun.storage.database import StoreReader, open_database
from tests.support.engines import PLAN, SETTING, done, soon

MANY, FEW = 10_000, 100


async def asking(scope, plan, inputs, setting):
    heard = await scope.signal("ask")
    return done(by=heard.sender)


def park(path, count):
    """Park one run by the engine, and repeat its rows."""

    async def go():
        database = open_database(path, holder="test", durability="process")
        engine = JournalEngine(database, SystemClock(), asking)
        await engine.start("run-1", PLAN, {}, SETTING)
        await engine.wait("run-1")
        database.close()

    asyncio.run(go())
    with closing(sqlite3.connect(path)) as store, store:
        columns = [name for _, name, *_ in store.execute("PRAGMA table_info(flow_run)")]
        copied = {"number": "n", "run_id": "'run-' || n", "started_at": "started_at + n"}
        values = ", ".join(copied.get(name, name) for name in columns)
        numbers = (
            f"WITH RECURSIVE t(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM t WHERE n < {count})"
        )
        store.execute(f"{numbers} INSERT INTO flow_run SELECT {values} FROM flow_run, t")
        store.execute(
            f"{numbers} INSERT INTO journal SELECT n, seq, key, kind, body, at FROM journal, t"
        )


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for count in (MANY, FEW):
        park(folder / f"{count}.db", count)
    return {count: folder / f"{count}.db" for count in (MANY, FEW)}


def held_by_an_owner(path):
    """Bytes that an engine holds that was opened on a store and does nothing."""

    async def go():
        tracemalloc.start()
        database = open_database(path, holder="test", durability="process")
        engine = JournalEngine(database, SystemClock(), asking)
        assert await engine.sweep() == []
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        database.close()
        return held

    return asyncio.run(go())


def test_an_owner_holds_nothing_of_runs_that_others_parked(stores):
    held_by_an_owner(stores[FEW])
    few, many = held_by_an_owner(stores[FEW]), held_by_an_owner(stores[MANY])
    assert many < few + 200_000, "a hundred times the runs, the same memory"


def quickest(path, wanted):
    with closing(StoreReader(path)) as store:
        took = []
        for _ in range(5):
            began = time.perf_counter()
            heads = read_heads(store, None, wanted=wanted)
            took.append(time.perf_counter() - began)
    return min(took), len(heads)


@pytest.mark.parametrize(
    "wanted",
    [RunFilter(limit=50), RunFilter(limit=50, statuses=frozenset({"parked"}))],
)
def test_the_latest_of_many_are_listed_as_quickly_as_of_few(stores, wanted):
    few, _ = quickest(stores[FEW], wanted)
    many, found = quickest(stores[MANY], wanted)
    assert found == 50
    assert many < 5 * few + 0.005


def test_all_of_many_are_listed_in_a_moment(stores):
    took, found = quickest(stores[MANY], RunFilter())
    assert found == MANY
    assert took < 1.0


def test_one_answer_among_many_enters_one_run(stores):
    entered = []

    async def interpret(scope, plan, inputs, setting):
        entered.append(scope.run_id)
        return await asking(scope, plan, inputs, setting)

    async def go():
        database = open_database(stores[MANY], holder="test", durability="process")
        engine = JournalEngine(database, SystemClock(), interpret)
        await engine.send("run-7777", "ask", {}, message_id="m", sender="ann")
        head = await soon(engine.wait("run-7777"))
        (left,) = database.read("SELECT count(*) FROM flow_run WHERE status = 'parked'")
        database.close()
        return head.status, left

    assert asyncio.run(go()) == ("completed", (MANY - 1,))
    assert entered == ["run-7777"]

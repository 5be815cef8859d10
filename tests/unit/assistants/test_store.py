"""Writes are queued, settled together, and numbered after what is there."""

import asyncio
from dataclasses import replace

import pytest

from flowrun.assistants import store as store_module
from flowrun.assistants.records import Thread
from flowrun.assistants.store import AssistantStore
from flowrun.storage.database import open_database
from tests.unit.assistants.test_turnplan import run


@pytest.fixture
def database(tmp_path):
    opened = open_database(tmp_path / "s.db", holder="test", durability="process")
    yield opened
    opened.close()


def thread(number: int) -> Thread:
    return Thread(id=f"thread_{number}", number=number, created_at=0)


def test_a_mark_is_durable_once_it_is_settled(database):
    async def work():
        store = AssistantStore(database)
        store.add_thread(thread(1))
        mark = store.mark
        assert (mark, store.durable_mark) == (1, 0)
        await store.settle(mark)
        assert store.durable_mark == 1
        assert store.thread(identifier="thread_1") == thread(1)

    asyncio.run(work())


def test_settling_what_is_durable_waits_for_nothing(database):
    async def work():
        store = AssistantStore(database)
        store.add_thread(thread(1))
        await store.settle(store.mark)
        database.close()
        await store.settle(1)

    asyncio.run(work())


def test_writes_made_while_settling_are_not_taken_for_durable(database):
    async def work():
        store = AssistantStore(database)
        store.add_thread(thread(1))
        settling = asyncio.create_task(store.settle(store.mark))
        await asyncio.sleep(0)
        store.add_thread(thread(2))
        await settling
        assert (store.mark, store.durable_mark) == (2, 1)

    asyncio.run(work())


def test_numbers_go_on_after_what_is_there(database):
    async def work():
        store = AssistantStore(database)
        assert store.next_number("thread") == 1
        store.add_thread(thread(7))
        await store.settle(store.mark)
        assert store.next_number("thread") == 8
        assert store.next_number("assistant_run") == 1

    asyncio.run(work())


def test_runs_of_one_definition_share_its_snapshot(database):
    async def work():
        store = AssistantStore(database)
        store.add_thread(thread(1))
        store.add_run(1, run(), "digest")
        again = AssistantStore(database)
        again.add_run(1, replace(run(), id="run_2", number=2), "digest")
        await again.settle(again.mark)
        assert database.read("SELECT count(*) FROM run_snapshot") == [(1,)]
        assert again.latest_run(thread(1)).number == 2

    asyncio.run(work())


def test_forgetting_which_snapshots_are_stored_does_no_harm(database):
    async def work():
        store = AssistantStore(database)
        store.add_thread(thread(1))
        for number in range(store_module._SNAPSHOTS_REMEMBERED + 2):
            store._snapshots.add(str(number))
        store.add_run(1, run(), "digest")
        assert store._snapshots == {"digest"}
        await store.settle(store.mark)

    asyncio.run(work())


def test_a_label_is_looked_up_in_an_index(database):
    plans = [
        database.read(f"EXPLAIN QUERY PLAN {select}WHERE {where}", ("x",))
        for select, where in (
            (store_module._ASSISTANT, store_module._BY_LABEL),
            (store_module._THREAD, store_module._BY_LABEL),
            (store_module._RUN, store_module._RUN_BY_LABEL),
        )
    ]
    for plan in plans:
        assert "_by_label" in str(plan[0][-1])

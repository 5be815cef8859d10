"""What the store knows of runs, for everybody; and how much it looks at to say so."""

import asyncio
import sqlite3

import pytest

from flowrun.clock import ManualClock
from flowrun.engines import reading
from flowrun.engines.journal import JournalEngine
from flowrun.engines.reading import (
    PlanUnreadable,
    find_run,
    read_events,
    read_heads,
    read_inputs,
    read_journal,
    read_plan,
    read_plan_text,
    read_setting,
)
from flowrun.errors import RunNotFound
from flowrun.plan.codec import plan_to_json
from flowrun.plan.plan import PLAN_ABI
from flowrun.ports.engine import RunFilter, RunSetting
from flowrun.storage.database import StoreReader, open_database
from tests.support.engines import PLAN, doing, done

SETTING = RunSetting(environment={"CITY": "Köln"}, origin={"path": "a.flow.yaml"}, only="b")


async def work(scope, plan, inputs, setting):
    await scope.fact("items", lambda: [1, 2])
    await scope.effect("charge", doing("x"), "at_most_once")
    if inputs.get("ask"):
        await scope.signal("ask")
    return done()


@pytest.fixture
def store(tmp_path):
    async def go():
        database = open_database(tmp_path / "store.db", holder="test")
        engine = JournalEngine(database, ManualClock(1_000.0), work)
        for run_id, inputs in (("done", {"n": 1}), ("parked", {"ask": True})):
            await engine.start(run_id, PLAN, inputs, SETTING)
            await engine.wait(run_id)
        database.close()

    asyncio.run(go())
    reader = StoreReader(tmp_path / "store.db")
    yield reader
    reader.close()


def test_a_head_says_how_a_run_stands(store):
    parked, finished = read_heads(store, frozenset())
    assert (finished.run_id, finished.status, finished.finished_at) == ("done", "completed", 1000.0)
    assert (parked.run_id, parked.status, parked.questions) == ("parked", "parked", ("ask",))
    assert read_heads(store, None, "done") == [finished]
    assert read_heads(store, None, "nobody") == []
    assert read_heads(store, None, wanted=RunFilter(limit=1)) == [parked]


def test_who_is_alive_is_known_by_who_is_asked(store, tmp_path):
    with sqlite3.connect(tmp_path / "store.db") as other:
        other.execute("UPDATE flow_run SET status = 'running'")
    other.close()
    for alive, expected in ((None, [True, True]), (frozenset({"done"}), [False, True])):
        assert [one.alive for one in read_heads(store, alive)] == expected


def test_what_is_needed_to_enter_a_run_is_found(store):
    found = find_run(store, "parked")
    assert (found.status, found.over, found.questions) == ("parked", False, ("ask",))
    assert (found.entries, found.deaths, found.setting) == (1, 0, SETTING)
    assert find_run(store, "done").over
    assert find_run(store, "nobody") is None


def test_a_run_s_plan_inputs_and_setting_are_what_it_was_started_with(store):
    digest, setting = read_setting(store, "done")
    assert (setting, read_inputs(store, "done")) == (SETTING, {"n": 1})
    assert read_plan(store, digest) == PLAN
    assert read_plan_text(store, digest) == (PLAN_ABI, plan_to_json(PLAN))


def test_a_journal_is_read_in_order_with_every_kind_of_row(store):
    rows = read_journal(store, "done")
    assert [(one.seq, one.key, one.kind) for one in rows] == [
        (1, "run/started", "event"),
        (2, "items", "fact"),
        (3, "charge", "intent"),
        (4, "charge", "event"),
        (5, "run/finished", "event"),
    ]
    assert [one.seq for one in read_events(store, "done")] == [1, 4, 5]
    assert [one.seq for one in read_events(store, "done", after=4)] == [5]


@pytest.mark.parametrize("read", [read_events, read_journal, read_setting, read_inputs])
def test_of_a_run_that_there_is_not_nothing_is_read(store, read):
    with pytest.raises(RunNotFound):
        read(store, "nobody")


def test_a_plan_of_the_interpreter_before_is_read_and_of_any_other_not(store, tmp_path):
    digest, _ = read_setting(store, "done")
    for abi, readable in ((PLAN_ABI - 1, True), (PLAN_ABI - 2, False), (PLAN_ABI + 1, False)):
        with sqlite3.connect(tmp_path / "store.db") as other:
            other.execute("UPDATE plan SET abi = ?", (abi,))
        other.close()
        if readable:
            assert read_plan(store, digest) == PLAN
        else:
            with pytest.raises(PlanUnreadable, match=f"ABI {abi}"):
                read_plan(store, digest)


@pytest.mark.parametrize(
    "wanted",
    [
        RunFilter(limit=50),
        RunFilter(limit=50, statuses=frozenset({"parked"})),
        RunFilter(limit=50, flow="test"),
        RunFilter(limit=50, since=5.0),
    ],
)
def test_a_list_is_read_along_an_index_and_not_sorted(store, wanted):
    sql, parameters = reading._query(wanted)
    ways = [str(way) for *_, way in store.read(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    assert ways
    assert all("flow_run_by_start" in way for way in ways), ways


def test_the_timers_that_are_due_are_found_along_an_index(store):
    from flowrun.engines.journal import _OVERDUE

    ways = [str(way) for *_, way in store.read(f"EXPLAIN QUERY PLAN {_OVERDUE}", (1.0,))]
    assert any("flow_run_by_wake" in way for way in ways), ways

"""The head row of a run, through its states."""

import asyncio

from flowrun.engines.heads import enter_head, finish_head, insert_head, insert_plan, park_head
from flowrun.engines.reading import find_run, read_heads
from flowrun.ports.engine import RunSetting
from flowrun.storage.database import open_database

SETTING = RunSetting(environment={"CITY": "Köln"}, origin={"path": "a"}, only="b")


def with_head(folder, *changes):
    """Make a head, change it, and return what is stored."""

    async def go():
        database = open_database(folder / "store.db", holder="test", durability="process")
        insert_plan(database, "d", 2, "{}")
        insert_plan(database, "d", 2, "{}")
        insert_head(database, (7, "run-1"), ("flow", "d"), "{}", SETTING, 5.0)
        for change in changes:
            change(database)
        await database.commit()
        (head,) = read_heads(database, frozenset())
        found = find_run(database, "run-1")
        database.close()
        return head, found

    return asyncio.run(go())


def park(database):
    park_head(database, 7, ("a/ask", "b/ask"), 9.0)


def test_a_new_head_is_running_in_its_first_entry(tmp_path):
    head, found = with_head(tmp_path)
    assert (head.status, head.started_at, head.flow) == ("running", 5.0, "flow")
    assert (found.number, found.entries, found.deaths, found.setting) == (7, 1, 0, SETTING)


def test_a_parked_head_knows_what_for_and_until_when(tmp_path):
    head, _ = with_head(tmp_path, park)
    assert (head.status, head.questions, head.wake_at) == ("parked", ("a/ask", "b/ask"), 9.0)


def test_a_head_that_is_entered_again_waits_for_nothing(tmp_path):
    head, found = with_head(tmp_path, park, lambda database: enter_head(database, 7, 2, 1))
    assert (head.status, head.questions, head.wake_at) == ("running", (), None)
    assert (found.entries, found.deaths) == (2, 1)


def test_a_head_that_is_over_says_how_and_since_when(tmp_path):
    head, found = with_head(
        tmp_path, park, lambda database: finish_head(database, 7, "failed", 8.0, "no \ud83d")
    )
    assert (head.status, head.finished_at, head.error) == ("failed", 8.0, "no ?")
    assert (head.questions, head.wake_at, found.deaths, found.over) == ((), None, 0, True)


def test_a_head_that_is_stuck_remembers_its_deaths(tmp_path):
    _, found = with_head(tmp_path, lambda database: park_head(database, 7, (), None, 3))
    assert (found.status, found.deaths) == ("parked", 3)

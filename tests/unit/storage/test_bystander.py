"""A row that somebody writes who does not own the store."""

import asyncio
import sqlite3

import pytest

from flowrun.errors import StorageError, StoreTooNew
from flowrun.storage.bystander import write_row
from flowrun.storage.database import StoreReader, open_database, open_store

INSERT = "INSERT INTO plan (digest, abi, body) VALUES (?, 1, '')"


def digests(path):
    store = StoreReader(path)
    rows = [row[0] for row in store.read("SELECT digest FROM plan ORDER BY digest")]
    store.close()
    return rows


def test_a_row_is_there_while_somebody_owns_the_store_and_while_nobody_does(tmp_path):
    path = tmp_path / "store.db"
    database = open_database(path, holder="owner")
    write_row(path, INSERT, ("while owned",))
    assert database.read("SELECT digest FROM plan") == [("while owned",)]
    database.close()
    write_row(path, INSERT, ("after",))
    assert digests(path) == ["after", "while owned"]


def test_the_owner_and_a_bystander_take_turns(tmp_path):
    path = tmp_path / "store.db"

    async def go():
        database = open_database(path, holder="owner")

        async def own():
            for number in range(50):
                database.submit(INSERT, [(f"own-{number}",)])
                await database.commit()

        def others():
            for number in range(50):
                write_row(path, INSERT, (f"other-{number}",))

        await asyncio.gather(own(), asyncio.to_thread(others))
        database.close()

    asyncio.run(go())
    assert len(digests(path)) == 100


def test_the_owner_waits_for_one_who_was_suspended_far_longer_than_they_wait_for_it(tmp_path):
    """`SIGSTOP` in the middle of a row: five seconds later no run may have failed for that."""
    database = open_database(tmp_path / "store.db", holder="owner")
    [(owner_ms,)] = database._connection.execute("PRAGMA busy_timeout").fetchall()
    bystander = open_store(tmp_path / "store.db", "rw")
    [(bystander_ms,)] = bystander.execute("PRAGMA busy_timeout").fetchall()
    bystander.close()
    database.close()
    assert (owner_ms, bystander_ms) == (60_000, 5_000)


def test_a_store_of_a_newer_flowrun_is_left_alone(tmp_path):
    path = tmp_path / "store.db"
    open_database(path, holder="owner").close()
    with sqlite3.connect(path) as other:
        other.execute("INSERT INTO migration VALUES ('0999_future', '9.9.9')")
    other.close()
    with pytest.raises(StoreTooNew, match=r"9\.9\.9"):
        write_row(path, INSERT, ("x",))


def test_where_there_is_no_store_none_is_made(tmp_path):
    with pytest.raises(StorageError, match="there is none yet"):
        write_row(tmp_path / "store.db", INSERT, ("x",))
    assert list(tmp_path.iterdir()) == []


def test_a_statement_that_fails_writes_nothing(tmp_path):
    path = tmp_path / "store.db"
    open_database(path, holder="owner").close()
    with pytest.raises(StorageError, match="cannot be written"):
        write_row(path, "INSERT INTO plan (digest, abi, body) VALUES (?, NULL, '')", ("x",))
    assert digests(path) == []

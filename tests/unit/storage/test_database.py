"""The store: ordered, grouped, owned by one, closed after a failure."""

import asyncio
import sqlite3

import pytest

from flowrun.errors import OwnershipLost, StorageError, StoreLocked, StoreTooNew
from flowrun.storage.database import StoreReader, open_database
from flowrun.storage.lock import lock_holder

INSERT = "INSERT INTO plan (digest, abi, body) VALUES (?, 1, '')"


def digests(store):
    return [row[0] for row in store.read("SELECT digest FROM plan ORDER BY rowid")]


def test_what_was_committed_is_there_for_everybody(tmp_path):
    async def write():
        database = open_database(tmp_path / "store.db", holder="test")
        database.submit(INSERT, [("a",)])
        database.submit(INSERT, [("b",)])
        await database.commit()
        assert digests(database) == ["a", "b"]
        assert digests(StoreReader(tmp_path / "store.db")) == ["a", "b"]
        database.close()

    asyncio.run(write())


def test_callers_of_one_tick_share_one_commit_and_keep_their_order(tmp_path):
    async def write():
        database = open_database(tmp_path / "store.db", holder="test")

        async def one(number):
            database.submit(INSERT, [(f"{number:03}",)])
            await database.commit()

        await asyncio.gather(*[one(number) for number in range(300)])
        assert digests(database) == [f"{number:03}" for number in range(300)]
        written = (tmp_path / "store.db-wal").stat().st_size
        assert written < 300 * 4096, "300 callers must not cost 300 commits' worth of pages"
        database.close()

    asyncio.run(write())


def test_what_was_only_submitted_is_written_at_close(tmp_path):
    database = open_database(tmp_path / "store.db", holder="test")
    database.submit(INSERT, [("late",)])
    database.close()
    assert digests(StoreReader(tmp_path / "store.db")) == ["late"]


def test_a_second_owner_is_refused_and_told_who_holds_it(tmp_path):
    database = open_database(tmp_path / "store.db", holder="`flowrun execute` (process 7)")
    with pytest.raises(StoreLocked, match=r"process 7") as refusal:
        open_database(tmp_path / "store.db", holder="second")
    assert refusal.value.exit_code == 6
    assert lock_holder(tmp_path / "store.db") == "`flowrun execute` (process 7)"
    database.close()
    assert lock_holder(tmp_path / "store.db") is None
    open_database(tmp_path / "store.db", holder="second").close()


def test_an_owner_that_was_fenced_writes_nothing_more(tmp_path):
    async def write():
        database = open_database(tmp_path / "store.db", holder="first")
        with sqlite3.connect(tmp_path / "store.db") as other:
            other.execute("UPDATE owner SET epoch = epoch + 1")
        database.submit(INSERT, [("stale",)])
        with pytest.raises(OwnershipLost):
            await database.commit()
        assert digests(database) == []
        database.close()

    asyncio.run(write())


def test_after_a_failed_commit_everything_is_refused(tmp_path):
    async def write():
        database = open_database(tmp_path / "store.db", holder="test")
        database.submit("INSERT INTO plan (digest, abi, body) VALUES (?, NULL, '')", [("bad",)])
        with pytest.raises(StorageError, match="cannot write"):
            await database.commit()
        with pytest.raises(StorageError):
            database.submit(INSERT, [("next",)])
        with pytest.raises(StorageError):
            await database.commit()
        database.close()

    asyncio.run(write())


def test_a_store_of_a_newer_flowrun_is_refused_naming_both_versions(tmp_path):
    open_database(tmp_path / "store.db", holder="test").close()
    with sqlite3.connect(tmp_path / "store.db") as other:
        other.execute("INSERT INTO migration VALUES ('0999_future', '9.9.9')")
    with pytest.raises(StoreTooNew, match=r"9\.9\.9.*0\.1\.0") as refusal:
        open_database(tmp_path / "store.db", holder="test")
    assert refusal.value.exit_code == 7
    assert lock_holder(tmp_path / "store.db") is None


def test_a_file_that_is_no_store_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "store.db").write_text("this is not a database, but it is long enough to be read")
    with pytest.raises(StorageError, match="not a database"):
        open_database(tmp_path / "store.db", holder="test")


def test_a_folder_that_cannot_be_made_is_an_error_of_the_store(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        open_database(tmp_path / "file" / "store.db", holder="test")

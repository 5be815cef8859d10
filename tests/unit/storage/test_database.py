"""The store: ordered, grouped, owned by one, closed after a failure."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flowrun.errors import OwnershipLost, StorageError, StoreLocked, StoreTooNew
from flowrun.storage.database import SEEN_WITHIN_S, StoreReader, open_database
from flowrun.storage.lock import OwnerLock, lock_holder
from flowrun.storage.migrations import MIGRATIONS, _apply

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


def test_what_nobody_waits_for_is_written_soon_even_if_the_writer_is_busy_then(tmp_path):
    async def write():
        database = open_database(tmp_path / "store.db", holder="test")
        with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            database.submit(INSERT, [("waited for",)])
            waiting = asyncio.create_task(database.commit())
            await asyncio.sleep(0)
            await asyncio.sleep(0)  # it is the writer's now
            database.submit(INSERT, [("not waited for",)])
            database.write_soon()
            await asyncio.sleep(2 * SEEN_WITHIN_S)
            assert not waiting.done()
            other.execute("ROLLBACK")
        for _ in range(100):
            if len(digests(database)) == 2:
                break
            await asyncio.sleep(SEEN_WITHIN_S / 5)
        assert digests(database) == ["waited for", "not waited for"]
        database.close()

    asyncio.run(write())


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


def move(path):
    path.rename(path.with_name("elsewhere.db"))


def replace(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE owner (epoch)")


def remove_the_folder(path):
    shutil.rmtree(path.parent)


@pytest.mark.parametrize("harm", [Path.unlink, move, replace, remove_the_folder])
def test_an_owner_whose_store_was_taken_away_acknowledges_nothing_more(tmp_path, harm):
    path = tmp_path / "folder" / "store.db"

    async def write():
        database = open_database(path, holder="test")
        database.submit(INSERT, [("before",)])
        await database.commit()
        harm(path)
        database.submit(INSERT, [("after",)])
        with pytest.raises(StorageError, match="was moved, replaced or deleted while") as failure:
            await database.commit()
        assert "put it back" in failure.value.hint
        database.close()

    asyncio.run(write())


def test_after_a_failed_commit_everything_is_refused(tmp_path):
    async def write():
        database = open_database(tmp_path / "store.db", holder="test")
        database.submit("INSERT INTO plan (digest, abi, body) VALUES (?, NULL, '')", [("bad",)])
        with pytest.raises(StorageError, match="cannot be written"):
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


@pytest.mark.parametrize("owned", [True, False])
def test_a_reader_refuses_a_store_of_a_newer_flowrun_too(tmp_path, owned):
    database = open_store(tmp_path)
    if not owned:
        database.close()
    with sqlite3.connect(tmp_path / "store.db") as other:
        other.execute("INSERT INTO migration VALUES ('0999_future', '9.9.9')")
    other.close()
    with pytest.raises(StoreTooNew, match=r"9\.9\.9.*0\.1\.0"):
        StoreReader(tmp_path / "store.db")
    database.close()


def made_by_the_first_release(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE migration (name TEXT PRIMARY KEY, flowrun TEXT NOT NULL)")
        _apply(connection, *MIGRATIONS[0])


def test_a_reader_has_a_store_of_an_older_flowrun_brought_up_to_date(tmp_path):
    made_by_the_first_release(tmp_path / "store.db")
    reader = StoreReader(tmp_path / "store.db")
    assert reader.read("SELECT count(*) FROM inbox") == [(0,)]
    assert lock_holder(tmp_path / "store.db") is None
    reader.close()


def test_a_reader_of_a_store_that_an_older_flowrun_works_on_says_so(tmp_path):
    made_by_the_first_release(tmp_path / "store.db")
    lock = OwnerLock.acquire(tmp_path / "store.db", "flowrun 0.0.9 (process 7)")
    with pytest.raises(StorageError, match=r"an older flowrun works on it: .* \(process 7\)"):
        StoreReader(tmp_path / "store.db")
    lock.release()


@pytest.mark.parametrize("content", [b"", None])
def test_what_is_no_store_yet_is_not_made_one_by_reading_it(tmp_path, content):
    """K17: killed while it was made."""
    if content is not None:
        (tmp_path / "store.db").write_bytes(content)
    with pytest.raises(StorageError, match="there is none yet"):
        StoreReader(tmp_path / "store.db")
    assert lock_holder(tmp_path / "store.db") is None


def test_a_file_that_is_no_store_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "store.db").write_text("this is not a database, but it is long enough to be read")
    with pytest.raises(StorageError, match="no store of flowrun"):
        open_database(tmp_path / "store.db", holder="test")


def test_a_folder_that_cannot_be_made_is_an_error_of_the_store(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        open_database(tmp_path / "file" / "store.db", holder="test")


def open_store(tmp_path):
    return open_database(tmp_path / "store.db", holder="test")


async def soon(awaitable):
    """Fail, where a caller was forgotten, instead of waiting for ever."""
    return await asyncio.wait_for(awaitable, 10)


def test_a_store_whose_owner_row_is_gone_refuses_instead_of_keeping_callers_waiting(tmp_path):
    async def write():
        database = open_store(tmp_path)
        with sqlite3.connect(tmp_path / "store.db") as other:
            other.execute("DELETE FROM owner")
        database.submit(INSERT, [("lost",)])
        with pytest.raises(OwnershipLost):
            await soon(database.commit())
        database.close()

    asyncio.run(write())


def test_whatever_goes_wrong_in_the_writer_callers_are_told(tmp_path):
    async def write():
        database = open_store(tmp_path)
        database.submit(INSERT, [5])  # no row at all: a mistake of ours
        with pytest.raises(StorageError, match="cannot be written"):
            await soon(database.commit())
        database.close()

    asyncio.run(write())


def test_a_caller_that_waits_while_the_store_is_closed_is_told_how_it_went(tmp_path):
    async def write():
        database = open_store(tmp_path)
        database.submit(INSERT, [("first",)])
        first = asyncio.create_task(database.commit())
        await asyncio.sleep(0)
        database.submit(INSERT, [("second",)])
        second = asyncio.create_task(database.commit())
        await asyncio.sleep(0)
        database.close()
        await soon(asyncio.gather(first, second))
        assert digests(StoreReader(tmp_path / "store.db")) == ["first", "second"]

    asyncio.run(write())


def test_a_caller_without_rows_of_its_own_is_told_when_the_store_is_closed(tmp_path):
    async def write():
        database = open_store(tmp_path)
        database.submit(INSERT, [("first",)])
        callers = [asyncio.create_task(database.commit())]
        await asyncio.sleep(0)
        callers += [asyncio.create_task(database.commit())]
        await asyncio.sleep(0)
        database.close()
        await soon(asyncio.gather(*callers))

    asyncio.run(write())


def test_a_closed_store_refuses_and_closing_twice_does_nothing(tmp_path):
    async def write():
        database = open_store(tmp_path)
        database.close()
        database.close()
        with pytest.raises(StorageError, match="closed"):
            database.submit(INSERT, [("late",)])
        with pytest.raises(StorageError, match="closed"):
            await soon(database.commit())
        with pytest.raises(StorageError):
            database.read("SELECT 1")

    asyncio.run(write())


def test_what_comes_after_a_failed_batch_is_not_written_at_close_either(tmp_path):
    async def write():
        database = open_store(tmp_path)
        database.submit("INSERT INTO plan (digest, abi, body) VALUES (?, NULL, '')", [("bad",)])
        caller = asyncio.create_task(database.commit())
        await asyncio.sleep(0)
        database.submit(INSERT, [("after",)])
        database.close()  # the writer has failed, and the loop has not heard of it yet
        with pytest.raises(StorageError):
            await soon(caller)

    asyncio.run(write())
    assert digests(StoreReader(tmp_path / "store.db")) == []


def test_a_loop_that_closes_while_the_writer_works_leaves_the_store_to_the_next(tmp_path):
    database = open_store(tmp_path)

    async def leave():
        for number in range(200):
            database.submit(INSERT, [(f"{number:03}",)])
        database._dispatch(asyncio.get_running_loop())

    async def go_on():
        database.submit(INSERT, [("next",)])
        await soon(database.commit())

    asyncio.run(leave())
    asyncio.run(go_on())
    assert len(digests(database)) == 201
    database.close()


def test_a_loop_that_ends_with_callers_waiting_does_not_stop_the_next(tmp_path):
    database = open_store(tmp_path)

    async def leave():
        database.submit(INSERT, [("left",)])
        waiting = asyncio.create_task(database.commit())
        await asyncio.sleep(0)
        database.submit(INSERT, [("behind",)])
        gathering = asyncio.create_task(database.commit())
        await asyncio.sleep(0)
        return waiting, gathering  # both are cancelled by `asyncio.run`

    async def go_on():
        await soon(database.commit())

    asyncio.run(leave())
    asyncio.run(go_on())
    assert digests(database) == ["left", "behind"]
    database.close()


def test_two_loops_at_once_are_refused(tmp_path):
    async def write():
        database = open_store(tmp_path)
        await database.commit()
        with pytest.raises(RuntimeError, match="one event loop at a time"):
            await asyncio.to_thread(lambda: asyncio.run(database.commit()))
        database.close()

    asyncio.run(write())


def test_a_cancelled_caller_takes_nobody_with_it(tmp_path):
    async def write():
        database = open_store(tmp_path)

        async def one(number):
            database.submit(INSERT, [(f"{number}",)])
            await database.commit()

        callers = [asyncio.create_task(one(number)) for number in range(6)]
        await asyncio.sleep(0)
        callers[0].cancel()
        callers[3].cancel()
        ends = await soon(asyncio.gather(*callers, return_exceptions=True))
        assert [isinstance(end, asyncio.CancelledError) for end in ends] == [
            True, False, False, True, False, False,
        ]  # fmt: skip
        assert len(digests(database)) == 6
        database.close()

    asyncio.run(write())


def test_all_who_wait_are_told_of_a_failure_and_so_is_everybody_after(tmp_path):
    async def write():
        database = open_store(tmp_path)
        database.submit("INSERT INTO nowhere VALUES (?)", [("x",)])
        callers = [asyncio.create_task(database.commit()) for _ in range(3)]
        await asyncio.sleep(0)
        database.submit(INSERT, [("later",)])
        callers.append(asyncio.create_task(database.commit()))
        ends = await soon(asyncio.gather(*callers, return_exceptions=True))
        assert all(isinstance(end, StorageError) for end in ends)
        with pytest.raises(StorageError):
            database.require_open()
        database.close()

    asyncio.run(write())
    assert digests(StoreReader(tmp_path / "store.db")) == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="nowhere to see what is open")
def test_a_refused_store_leaves_no_open_file_behind(tmp_path):
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "store.db") as other:
        other.execute("INSERT INTO migration VALUES ('0999_future', '9.9.9')")
    other.close()
    with pytest.raises(StoreTooNew):
        open_store(tmp_path)
    held = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    assert not [name for name in held if str(tmp_path) in name]


def test_there_is_nothing_to_read_before_there_is_a_store(tmp_path):
    with pytest.raises(StorageError, match="there is none yet"):
        StoreReader(tmp_path / "store.db")

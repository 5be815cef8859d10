"""What went wrong with a store: one sentence without a library's words, and something to do."""

import errno
import sqlite3

import pytest

from flowrun.storage.failures import store_failure, system_failure


def sqlite_failure(code, said="database or disk is full"):
    failure = sqlite3.OperationalError(said)
    failure.sqlite_errorcode = code
    return failure


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_FULL, "the disk is full"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "it is read-only"),
        (sqlite3.SQLITE_PERM, "permission denied"),
        (sqlite3.SQLITE_IOERR_FSYNC, "the disk reports an error"),
        (sqlite3.SQLITE_CORRUPT_VTAB, "it is damaged"),
        (sqlite3.SQLITE_NOTADB, "it is no store of flowrun's"),
        (sqlite3.SQLITE_BUSY, "another process keeps it busy"),
    ],
)
def test_what_the_library_says_is_said_in_our_words(tmp_path, code, expected):
    failure = store_failure(tmp_path / "store.db", sqlite_failure(code), "written")
    assert str(failure) == f"store `{tmp_path / 'store.db'}`: it cannot be written: {expected}"
    assert failure.hint
    assert "sqlite" not in f"{failure} {failure.hint}".lower()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EROFS, "it is read-only"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "the disk reports an error"),
        (errno.ENOTDIR, "Not a directory"),
    ],
)
def test_what_the_system_says_is_said_in_our_words(tmp_path, number, expected):
    failure = system_failure(tmp_path / "store.db", OSError(number, "Not a directory"))
    assert str(failure).endswith(f"it cannot be written: {expected}")
    assert failure.hint


def test_what_nobody_foresaw_is_said_as_it_is(tmp_path):
    failure = store_failure(tmp_path / "store.db", TypeError("a value"), "read")
    assert str(failure).endswith("it cannot be read: a value")


def test_a_failure_without_a_cause_is_looked_into(tmp_path):
    """A folder that is gone is not blamed on the disk."""
    code = sqlite3.SQLITE_CANTOPEN
    failure = store_failure(tmp_path / "store.db", sqlite_failure(code, "cannot open"), "read")
    assert str(failure).endswith("it cannot be read: cannot open")

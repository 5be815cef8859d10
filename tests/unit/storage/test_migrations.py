"""The store's tables: made once, brought up to date, whole or not at all."""

import sqlite3
from contextlib import closing

import pytest

from flowrun.errors import StoreTooNew
from flowrun.storage.migrations import MIGRATIONS, _apply, migrate, missing_migrations


@pytest.fixture
def connection(tmp_path):
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as opened:
        yield opened


def tables(connection):
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def applied(connection):
    return [name for (name,) in connection.execute("SELECT name FROM migration ORDER BY name")]


def test_an_empty_file_becomes_a_store(connection):
    migrate(connection, "store.db")
    assert {"flow_run", "plan", "journal", "owner", "migration"} <= tables(connection)
    assert applied(connection) == [name for name, _ in MIGRATIONS]
    assert connection.execute("SELECT epoch FROM owner").fetchall() == [(0,)]


def test_names_are_in_the_order_in_which_they_are_applied():
    names = [name for name, _ in MIGRATIONS]
    assert names == sorted(set(names))


def test_a_store_that_is_up_to_date_is_left_alone(connection):
    migrate(connection, "store.db")
    connection.execute("UPDATE owner SET epoch = 7")
    before = connection.execute("SELECT sql FROM sqlite_master").fetchall()
    migrate(connection, "store.db")
    assert connection.execute("SELECT sql FROM sqlite_master").fetchall() == before
    assert connection.execute("SELECT epoch FROM owner").fetchall() == [(7,)]


@pytest.mark.parametrize("known", range(1, len(MIGRATIONS)))
def test_a_store_of_an_earlier_flowrun_is_given_what_it_lacks(connection, known):
    whole = sqlite3.connect(":memory:", isolation_level=None)
    migrate(whole, "whole")
    connection.execute("CREATE TABLE migration (name TEXT PRIMARY KEY, flowrun TEXT NOT NULL)")
    for name, script in MIGRATIONS[:known]:
        _apply(connection, name, script)
    names = [name for name, _ in MIGRATIONS]
    assert missing_migrations(connection, "store.db") == names[known:]
    migrate(connection, "store.db")
    assert missing_migrations(connection, "store.db") == []
    assert schema(connection) == schema(whole)
    assert applied(connection) == names
    whole.close()


def schema(connection):
    made = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    return [one for one in made if one[0] != "migration"]


def test_what_never_became_a_store_lacks_nothing_that_could_be_named(connection):
    assert missing_migrations(connection, "store.db") is None
    connection.execute("CREATE TABLE migration (name TEXT PRIMARY KEY, flowrun TEXT NOT NULL)")
    assert missing_migrations(connection, "store.db") is None


def test_a_migration_that_fails_leaves_nothing_of_itself(connection):
    connection.execute("CREATE TABLE journal (somebody_elses)")  # met half-way through the first
    with pytest.raises(sqlite3.Error, match="journal"):
        migrate(connection, "store.db")
    assert not connection.in_transaction
    assert tables(connection) & {"owner", "flow_run", "plan"} == set()
    assert applied(connection) == []


def test_a_store_of_a_newer_flowrun_is_refused_untouched(connection):
    migrate(connection, "store.db")
    connection.execute("INSERT INTO migration VALUES ('0998_later', '8.0.0')")
    connection.execute("INSERT INTO migration VALUES ('0999_latest', '9.9.9')")
    for look in (migrate, missing_migrations):
        with pytest.raises(StoreTooNew, match=r"written by flowrun 9\.9\.9"):
            look(connection, "store.db")


def test_a_key_has_one_row_of_each_kind(connection):
    migrate(connection, "store.db")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(
        "INSERT INTO flow_run (number, run_id, flow, status, plan_digest, inputs, environment,"
        " origin, started_at, entries) VALUES (1, 'r', 'f', 'running', 'd', '{}', '{}', '{}', 0, 1)"
    )
    put = "INSERT INTO journal VALUES (?, ?, ?, ?, '{}', 0)"
    connection.execute(put, (1, 1, "charge", "intent"))
    connection.execute(put, (1, 2, "charge", "event"))
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(put, (1, 3, "charge", "event"))
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(put, (2, 1, "of no run", "event"))

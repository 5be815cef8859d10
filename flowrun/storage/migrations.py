"""The store's tables, as an ordered list of named migrations; names of those applied are kept."""

import sqlite3
from collections.abc import Sequence

from flowrun.errors import StoreTooNew
from flowrun.ids import VERSION
from flowrun.storage.migrations_assistants import ASSISTANTS
from flowrun.storage.migrations_people import PEOPLE

_JOURNAL = """
CREATE TABLE owner (epoch INTEGER NOT NULL, holder TEXT NOT NULL);
INSERT INTO owner VALUES (0, '');

CREATE TABLE flow_run (
    number INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    flow TEXT NOT NULL,
    status TEXT NOT NULL,
    plan_digest TEXT NOT NULL,
    inputs TEXT NOT NULL,
    environment TEXT NOT NULL,
    origin TEXT NOT NULL,
    started_at REAL NOT NULL,
    finished_at REAL,
    entries INTEGER NOT NULL,
    error TEXT
);
CREATE INDEX flow_run_by_start ON flow_run (started_at);

CREATE TABLE plan (digest TEXT PRIMARY KEY, abi INTEGER NOT NULL, body TEXT NOT NULL);

-- kind: event (what happened), intent (what must not happen twice), fact (recorded choices).
CREATE TABLE journal (
    run INTEGER NOT NULL REFERENCES flow_run (number) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (run, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX journal_by_key ON journal (run, key, kind);
"""

MIGRATIONS: tuple[tuple[str, str], ...] = (("0001_journal", _JOURNAL), ASSISTANTS, PEOPLE)
"""In order; never edited once released, only added to."""


def missing_migrations(connection: sqlite3.Connection, path: str) -> Sequence[str] | None:
    """Return the names of those that a store lacks; None when it never became a store.

    Raises:
        StoreTooNew: it holds a migration this flowrun does not know.
    """
    tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'migration'"
    if connection.execute(tables).fetchone() == (0,):
        return None
    applied = dict(connection.execute("SELECT name, flowrun FROM migration").fetchall())
    unknown = [name for name in applied if name not in dict(MIGRATIONS)]
    if unknown:
        raise StoreTooNew(path, f"flowrun {applied[max(unknown)]}", f"flowrun {VERSION}")
    return [name for name, _ in MIGRATIONS if name not in applied] if applied else None


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the store up to date, each migration in a transaction of its own.

    Raises:
        StoreTooNew: it holds a migration this flowrun does not know.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, flowrun TEXT NOT NULL)"
    )
    missing = missing_migrations(connection, path)
    for name, script in MIGRATIONS:
        if missing is None or name in missing:
            _apply(connection, name, script)


def _apply(connection: sqlite3.Connection, name: str, script: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("INSERT INTO migration VALUES (?, ?)", (name, VERSION))
    except sqlite3.Error:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")

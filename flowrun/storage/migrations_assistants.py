"""The tables of the embedded Assistants runtime.

`place` is one sequence a thread shares among its messages and run steps, so that the order of a
conversation is a key and never a guess from timestamps. Rows that only ever grow (messages) are
written once; what changes (a run's status, a step's outputs) is kept in small columns, apart from
the large texts beside it.
"""

_ASSISTANTS = """
CREATE TABLE assistant (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX assistant_by_label ON assistant (label) WHERE label <> '';

CREATE TABLE thread (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX thread_by_label ON thread (label) WHERE label <> '';

CREATE TABLE message (
    thread INTEGER NOT NULL REFERENCES thread (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    run_id TEXT,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (thread, place)
) WITHOUT ROWID;

-- What a run copied from its assistant; runs of the same definition share one row.
CREATE TABLE run_snapshot (
    digest TEXT PRIMARY KEY,
    body TEXT NOT NULL
) WITHOUT ROWID;

-- A thread is locked while its latest run is not over: the status is the lock.
CREATE TABLE assistant_run (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    thread INTEGER NOT NULL REFERENCES thread (number) ON DELETE CASCADE,
    first_place INTEGER NOT NULL,
    assistant_id TEXT NOT NULL,
    snapshot TEXT NOT NULL REFERENCES run_snapshot (digest),
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    status TEXT NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    tokens TEXT NOT NULL,
    ending TEXT
);
CREATE UNIQUE INDEX assistant_run_by_label ON assistant_run (label) WHERE label <> '';
CREATE INDEX assistant_run_by_thread ON assistant_run (thread, number);

CREATE TABLE run_step (
    thread INTEGER NOT NULL REFERENCES thread (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    run_id TEXT NOT NULL,
    message_id TEXT,
    calls TEXT,
    outputs TEXT,
    tokens TEXT,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    ending TEXT,
    PRIMARY KEY (thread, place)
) WITHOUT ROWID;
"""

ASSISTANTS: tuple[str, str] = ("0002_assistants", _ASSISTANTS)
"""Name and script; see `storage.migrations`."""

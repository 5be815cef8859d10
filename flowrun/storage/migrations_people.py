"""What a run needs to wait for people and instants, and to be started by a schedule.

Two more kinds of journal rows come with it: `signal` (what somebody said, taken in) and `fired` (a
timer that is over).
"""

_PEOPLE = """
-- The one step that a run repeats of another run; empty for a whole flow.
ALTER TABLE flow_run ADD COLUMN only_step TEXT NOT NULL DEFAULT '';
-- Of a parked run: paths of questions as a JSON list, and the instant at which a timer is over.
ALTER TABLE flow_run ADD COLUMN questions TEXT NOT NULL DEFAULT '[]';
ALTER TABLE flow_run ADD COLUMN wake_at REAL;
-- Entries in a row that ended with the death of their process and gained nothing.
ALTER TABLE flow_run ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
CREATE INDEX flow_run_by_wake ON flow_run (wake_at) WHERE wake_at IS NOT NULL;

-- The only table that others than the owner write. The first row of a run and name counts.
CREATE TABLE inbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES flow_run (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL,
    sender TEXT NOT NULL,
    at REAL NOT NULL,
    UNIQUE (run, name)
);

CREATE TABLE schedule (
    name TEXT PRIMARY KEY,
    plan_digest TEXT NOT NULL,
    inputs TEXT NOT NULL,
    setting TEXT NOT NULL,
    every_s REAL NOT NULL,
    anchor REAL NOT NULL,
    catch_up TEXT NOT NULL,
    last_fired REAL NOT NULL
) WITHOUT ROWID;
"""

PEOPLE: tuple[str, str] = ("0003_people", _PEOPLE)
"""Name and script; see `storage.migrations`."""

"""The head row of a run, as its owner writes it, beside the rows of the journal."""

from collections.abc import Sequence

from flowrun.engines.row_text import storable
from flowrun.ids import canonical_json
from flowrun.ports.engine import RunSetting
from flowrun.storage.database import Database

_INSERT_PLAN = "INSERT OR IGNORE INTO plan (digest, abi, body) VALUES (?, ?, ?)"
_INSERT = """
INSERT INTO flow_run (number, run_id, flow, status, plan_digest, inputs, environment, origin,
                      only_step, started_at, entries)
VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, 1)
"""
_ENTER = """
UPDATE flow_run SET status = 'running', entries = ?, deaths = ?, questions = '[]', wake_at = NULL
WHERE number = ?
"""
_FINISH = """
UPDATE flow_run SET status = ?, finished_at = ?, error = ?, deaths = 0, questions = '[]',
                    wake_at = NULL
WHERE number = ?
"""
_PARK = """
UPDATE flow_run SET status = 'parked', deaths = ?, questions = ?, wake_at = ? WHERE number = ?
"""


def insert_plan(database: Database, digest: str, abi: int, body: str) -> None:
    """Queue a plan's row, if there is none yet."""
    database.submit(_INSERT_PLAN, ((digest, abi, body),))


def insert_head(
    database: Database,
    run: tuple[int, str],
    plan: tuple[str, str],
    inputs: str,
    setting: RunSetting,
    at: float,
) -> None:
    """Queue the head of a run in its first entry.

    Args:
        database: Of the owner.
        run: Its number and id.
        plan: The name of the flow and the plan's digest.
        inputs: As JSON, keys in their own order.
        setting: What it is started with.
        at: In seconds since the epoch.
    """
    environment = canonical_json(dict(setting.environment))
    origin = canonical_json(dict(setting.origin))
    row = (*run, *plan, inputs, environment, origin, setting.only, at)
    database.submit(_INSERT, (row,))


def enter_head(database: Database, number: int, entry: int, deaths: int) -> None:
    """Queue that a run is entered again."""
    database.submit(_ENTER, ((entry, deaths, number),))


def finish_head(database: Database, number: int, status: str, at: float, error: str | None) -> None:
    """Queue that a run is over."""
    said = None if error is None else storable(error)
    database.submit(_FINISH, ((status, at, said, number),))


def park_head(
    database: Database,
    number: int,
    questions: Sequence[str],
    wake_at: float | None,
    deaths: int = 0,
) -> None:
    """Queue that a run waits."""
    asked = canonical_json(questions)
    database.submit(_PARK, ((deaths, asked, wake_at, number),))

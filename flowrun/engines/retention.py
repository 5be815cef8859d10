"""Forgetting runs: their journals, what was said to them, and plans that nobody needs any more."""

from collections.abc import Collection, Sequence

from flowrun.engines.reading import Store
from flowrun.errors import RunConflict
from flowrun.storage.database import Database

ROWS_AT_ONCE = 2000
"""Rows of journals that one commit deletes; of one run all, so that none is ever half there."""

_WEIGH = """
SELECT number, plan_digest, (SELECT count(*) FROM journal WHERE run = number)
FROM flow_run WHERE run_id = ?
"""
_WEIGHT = """
SELECT coalesce(sum(length(key) + length(body)), 0)
FROM journal JOIN flow_run ON flow_run.number = journal.run WHERE run_id = ?
"""
_DELETE_RUN = "DELETE FROM flow_run WHERE number = ?"
_DELETE_PLAN = """
DELETE FROM plan WHERE digest = ?1
AND NOT EXISTS (SELECT 1 FROM flow_run WHERE plan_digest = ?1)
AND NOT EXISTS (SELECT 1 FROM schedule WHERE plan_digest = ?1)
"""


async def delete_runs(
    database: Database, run_ids: Sequence[str], at_work: Collection[str] = ()
) -> int:
    """Delete runs with their journals and messages, and plans no run or schedule has; count them.

    Ids that no run has are passed over. A crash in between leaves every run whole or gone.

    Args:
        database: Of the owner.
        run_ids: The runs; whoever calls has made sure that nobody needs them.
        at_work: Runs that are executed now.

    Raises:
        RunConflict: one of them is at work; nothing was deleted.
        StorageError: those deleted so far stay deleted.
    """
    for run_id in run_ids:
        if run_id in at_work:
            raise RunConflict(run_id, "is at work", f"flowrun runs cancel {run_id}")
    deleted, waiting, digests = 0, 0, set[str]()
    for run_id in dict.fromkeys(run_ids):
        for number, digest, rows in database.read(_WEIGH, (run_id,)):
            database.submit(_DELETE_RUN, ((number,),))
            deleted, waiting = deleted + 1, waiting + int(str(rows)) + 1
            digests.add(str(digest))
        if waiting >= ROWS_AT_ONCE:
            await database.commit()
            waiting = 0
    database.submit(_DELETE_PLAN, [(digest,) for digest in sorted(digests)])
    await database.commit()
    return deleted


def weigh_runs(store: Store, run_ids: Sequence[str]) -> int:
    """Return how many bytes the journals of these runs hold, nearly."""
    return sum(int(str(store.read(_WEIGHT, (run_id,))[0][0])) for run_id in run_ids)

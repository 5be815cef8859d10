"""Forgetting threads: their messages, runs and run steps go with them."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from flowrun.storage.database import Database

AT_ONCE = 100
"""Threads that one commit deletes; of one thread all, so that none is ever half there."""

_DELETE = "DELETE FROM thread WHERE id = ?"
_DELETE_UNUSED = """
DELETE FROM run_snapshot WHERE digest NOT IN (SELECT snapshot FROM assistant_run)
"""


async def delete_threads(database: Database, thread_ids: Collection[str]) -> None:
    """Delete threads and all that is on them; ids that no thread has are passed over.

    Args:
        database: Of the owner.
        thread_ids: Whoever calls has made sure that nobody needs them.

    Raises:
        StorageError: those deleted so far stay deleted.
    """
    for some in _batches(sorted(thread_ids)):
        database.submit(_DELETE, [(one,) for one in some])
        await database.commit()
    if thread_ids:
        database.submit(_DELETE_UNUSED, [()])
        await database.commit()


def _batches(thread_ids: Sequence[str]) -> Iterator[list[str]]:
    left = iter(thread_ids)
    while some := list(islice(left, AT_ONCE)):
        yield some

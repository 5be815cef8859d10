"""What somebody who does not own a store may write: one row, in a short transaction of its own.

The owner's writer and this one take turns; each waits for the other for a few milliseconds.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from flowrun.storage.database import SqlValue, open_store, prepare_to_write
from flowrun.storage.failures import store_failure


def write_row(path: Path, sql: str, row: Sequence[SqlValue]) -> None:
    """Execute one statement and return when it is durable.

    Raises:
        StoreTooNew: a newer flowrun wrote the store; nothing was written.
        StorageError: there is no store, or it cannot be written.
    """
    with closing(open_store(path, "rw")) as connection:
        try:
            prepare_to_write(connection)
            connection.execute("PRAGMA wal_autocheckpoint=0")  # that is for the owner to do
            connection.execute(sql, row)  # a transaction of its own
        except sqlite3.Error as failure:
            raise store_failure(path, failure, "written") from failure

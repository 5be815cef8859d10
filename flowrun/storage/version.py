"""Which SQLite this process uses, for `doctor`."""

import sqlite3


def sqlite_version() -> str:
    """Return the version of the library that is linked in, such as `3.45.1`."""
    return sqlite3.sqlite_version

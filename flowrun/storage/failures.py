"""What went wrong with a store, in a sentence, and what to do about it."""

import errno
import os
import sqlite3
from pathlib import Path

from flowrun.errors import StorageError

FULL = "the disk is full"
READ_ONLY = "it is read-only"
DENIED = "permission denied"

_KEPT = "then `flowrun runs resume`; what was acknowledged is kept"
_HINTS = {
    FULL: f"free some space, {_KEPT}",
    READ_ONLY: f"make its folder writable, or set `store.path` in `flowrun.yaml`, {_KEPT}",
    DENIED: "let this user read and write the store's folder, or set `store.path`",
}
_NEARLY_NOTHING = 64 * 1024
"""Bytes free on a disk that is called full."""

_DISK = "the disk reports an error"
_DISK_HINT = f"check the disk, {_KEPT}"

_BY_ERRNO = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: DENIED,
    errno.EPERM: DENIED,
    errno.EIO: _DISK,
}
_BY_CODE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: DENIED,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is no store of flowrun's",
    sqlite3.SQLITE_BUSY: "another process keeps it busy",
}
_CODE_HINTS = {
    _DISK: _DISK_HINT,
    "it is damaged": "restore it from a backup, or move it away and begin with a new one",
    "it is no store of flowrun's": "set `store.path` in `flowrun.yaml` to another file",
    "another process keeps it busy": "try again in a moment",
}


def system_failure(path: Path, failure: OSError, verb: str = "written") -> StorageError:
    """Return the failure of a call to the operating system about a store."""
    problem = _BY_ERRNO.get(failure.errno or 0, failure.strerror or str(failure))
    return _composed(path, problem, verb)


def store_failure(path: Path, failure: Exception, verb: str) -> StorageError:
    """Return the failure of reading or writing a store.

    Args:
        path: Of the store.
        failure: As the library raised it.
        verb: What could not be done: `read`, `written`, `opened`.
    """
    code = getattr(failure, "sqlite_errorcode", None)
    problem = None if code is None else _BY_CODE.get(code & 0xFF)
    if code is not None and code & 0xFF in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        problem = _why_by_looking(path) or problem
    return _composed(path, problem or str(failure), verb)


def store_taken_away(path: Path) -> StorageError:
    """Return the failure of a store that does not lie any more where it was opened."""
    return StorageError(
        str(path),
        "it was moved, replaced or deleted while flowrun was at work",
        "put it back, then `flowrun runs resume`",
    )


def _composed(path: Path, problem: str, verb: str) -> StorageError:
    hint = _HINTS.get(problem) or _CODE_HINTS.get(problem) or _DISK_HINT
    return StorageError(str(path), f"it cannot be {verb}: {problem}", hint)


def _why_by_looking(path: Path) -> str | None:
    """Return what the folder says of a failure that the library has no word for."""
    try:
        disk = os.statvfs(path.parent)
    except OSError as failure:
        return _BY_ERRNO.get(failure.errno or 0)
    if disk.f_flag & os.ST_RDONLY:
        return READ_ONLY
    if disk.f_bavail * disk.f_frsize < _NEARLY_NOTHING:
        return FULL
    if not os.access(path.parent, os.R_OK | os.W_OK | os.X_OK):
        return DENIED
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return DENIED
    return None

"""One owner to a store: a lock that the operating system frees when its holder dies."""

import fcntl
import os
from pathlib import Path
from time import sleep
from typing import Self

from flowrun.errors import StorageError, StoreLocked


class OwnerLock:
    """An exclusive lock on a file beside the store; the file says who holds it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, store: Path, holder: str) -> Self:
        """Take the lock.

        Raises:
            StoreLocked: somebody else has it; names them.
            StorageError: the lock file cannot be made.
        """
        path = store.with_name(store.name + ".lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as failure:
            raise StorageError(str(store), failure.strerror or str(failure)) from failure
        if not _try_lock(descriptor):
            found = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise StoreLocked(str(store), found or "another process")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder.encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Give it up; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _try_lock(descriptor: int) -> bool:
    """Try for as long as a bystander's look at the lock may take."""
    for wait_s in (0.0, 0.01, 0.02, 0.05):
        sleep(wait_s)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        return True
    return False


def lock_holder(store: Path) -> str | None:
    """Return who owns the store now, or None when nobody does."""
    path = store.with_name(store.name + ".lock")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "another process"
    finally:
        os.close(descriptor)
    return None

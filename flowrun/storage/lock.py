"""One owner to a store: a lock that the operating system frees when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Self
from weakref import WeakSet

from flowrun.errors import StoreLocked
from flowrun.storage.failures import system_failure


class OwnerLock:
    """An exclusive lock on a file beside the store; the file says who holds it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        _HELD.add(self)

    @classmethod
    def acquire(cls, store: Path, holder: str) -> Self:
        """Take the lock.

        Raises:
            StoreLocked: somebody else has it; names them.
            StorageError: the lock file cannot be made.
        """
        path = store.with_name(store.name + ".lock")
        with _failing_as(store):
            lock = cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644))
            try:
                lock._take(store, holder)
            except BaseException:
                lock.release()
                raise
        return lock

    def release(self) -> None:
        """Give it up; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _take(self, store: Path, holder: str) -> None:
        if not _try_lock(self._descriptor):
            raise StoreLocked(str(store), _read_holder(self._descriptor))
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, holder.encode(errors="replace"), 0)


_HELD: WeakSet[OwnerLock] = WeakSet()


def _let_go_after_fork() -> None:
    """Close a forked child's share of the locks, or it would hold them when its parent is dead."""
    for lock in tuple(_HELD):
        lock.release()


os.register_at_fork(after_in_child=_let_go_after_fork)


def _try_lock(descriptor: int) -> bool:
    """Try for as long as a bystander's look at the lock may take."""
    for wait_s in (0.0, 0.01, 0.02, 0.05):
        sleep(wait_s)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
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
        return _read_holder(descriptor)
    finally:
        os.close(descriptor)
    return None


def _read_holder(descriptor: int) -> str:
    """Return what the file says; its holder may be about to write it."""
    return os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "another process"


@contextmanager
def _failing_as(store: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise system_failure(store, failure) from failure

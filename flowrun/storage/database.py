"""One SQLite file, one owner, one writer thread.

Rows are submitted from the event loop without waiting and become durable in the order they were
submitted; every commit takes all that is waiting, so durability costs one fsync however many
callers want it. After a failed commit nothing more is accepted: the store fails closed.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Literal, TypeAlias

from flowrun.errors import OwnershipLost, StorageError, StoreLocked
from flowrun.ids import VERSION
from flowrun.storage.failures import store_failure, store_taken_away, system_failure
from flowrun.storage.filesystem import is_at_rest, is_out_of_reach, read_mounts, refuse_remote
from flowrun.storage.lock import OwnerLock, lock_holder
from flowrun.storage.migrations import migrate, missing_migrations

if TYPE_CHECKING:
    import asyncio

SqlValue: TypeAlias = str | int | float | bytes | None
Row: TypeAlias = tuple[SqlValue, ...]
Durability: TypeAlias = Literal["full", "process"]
Statement: TypeAlias = tuple[str, list[Sequence[SqlValue]]]

OWNER_PATIENCE_MS = 60_000
"""How long the owner waits for who holds the store: a command that was suspended while it left an
answer, or somebody at work on it by hand. Whoever waits for the owner has less."""

_BUSY_MS = 5_000

SEEN_WITHIN_S = 0.1
"""How long rows that nobody waits for may be hidden from those who look into the store."""


class Database:
    """The store as its owner sees it. Made by `open_database`, ended by `close`."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: OwnerLock, epoch: int
    ) -> None:
        from asyncio import get_running_loop  # slow to load, and a bystander has no loop

        self.path = path
        self._running_loop = get_running_loop
        self._connection = connection
        self._lock = lock
        self._epoch = epoch
        self._place = path.absolute()
        self._file = _file_at(self._place)
        self._reader = connect(path, "ro")
        self._waiting: list[Statement] = []
        self._callers: list[asyncio.Future[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._busy = False
        self._later: asyncio.TimerHandle | None = None
        self._failure: StorageError | None = None
        self._work: SimpleQueue[_Batch | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write_batches, name="flowrun-writer")
        self._thread.daemon = True
        self._thread.start()

    def require_open(self) -> None:
        """Refuse when nothing can be made durable any more.

        Raises:
            StorageError: an earlier commit failed, or the store was closed.
        """
        if self._failure is not None:
            raise self._failure

    def submit(self, sql: str, rows: Sequence[Sequence[SqlValue]]) -> None:
        """Queue rows for one statement; durable no later than anything queued after them.

        Raises:
            StorageError: as `require_open`.
        """
        if self._failure is not None:
            raise self._failure
        waiting = self._waiting
        if waiting and waiting[-1][0] is sql:
            waiting[-1][1].extend(rows)
        else:
            waiting.append((sql, list(rows)))

    async def commit(self) -> None:
        """Return when everything submitted so far is durable.

        One event loop at a time; another may follow when the first has stopped running.

        Raises:
            StorageError: it is not, and nothing more will be.
        """
        if self._failure is not None:
            raise self._failure
        loop = self._serve_the_running_loop()
        caller = loop.create_future()
        self._callers.append(caller)
        if not self._busy:
            self._busy = True
            loop.call_soon(self._dispatch, loop)  # whoever else commits in this tick joins
        await caller

    def write_soon(self) -> None:
        """Have what was submitted written before long, should nothing else cause it."""
        if self._later is None:
            loop = self._serve_the_running_loop()
            self._later = loop.call_later(SEEN_WITHIN_S, self._write_waiting)

    def read(self, sql: str, parameters: Sequence[SqlValue] = ()) -> list[Row]:
        """Run a query over what is committed."""
        try:
            return self._reader.execute(sql, parameters).fetchall()
        except sqlite3.Error as failure:
            raise self._explain(failure, "read") from failure

    def close(self) -> None:
        """Write what waits, stop the writer and let the store go; a second time does nothing.

        Whoever waits for a commit is still told how it went.
        """
        if self._thread.is_alive():
            if (self._waiting or self._callers) and self._failure is None:
                self._dispatch(self._loop)
            self._work.put(None)
            self._thread.join()
        self._failure = self._failure or StorageError(str(self.path), "closed already")
        self._reader.close()
        self._connection.close()
        self._lock.release()

    def _serve_the_running_loop(self) -> "asyncio.AbstractEventLoop":
        """Turn to it if it is another one; whoever waited on the one before waits no more."""
        loop = self._running_loop()
        if loop is self._loop:
            return loop
        if self._loop is not None and self._loop.is_running():
            message = "a store serves one event loop at a time"
            raise RuntimeError(message)
        self._loop = loop
        self._callers = []
        self._busy = False
        self._later = None
        return loop

    def _write_waiting(self) -> None:
        self._later = None
        if self._busy:
            self.write_soon()
        elif self._waiting and self._failure is None:
            self._dispatch(self._loop)

    def _dispatch(self, loop: "asyncio.AbstractEventLoop | None") -> None:
        """Hand the writer all that waits; while it writes, the next batch gathers."""
        callers, self._callers = self._callers, []
        statements, self._waiting = self._waiting, []
        self._busy = True

        def finish(failure: StorageError | None) -> None:
            if loop is not None:
                with contextlib.suppress(RuntimeError):  # the loop is gone; nobody waits any more
                    loop.call_soon_threadsafe(self._acknowledge, loop, callers, failure)

        self._work.put(_Batch(statements, finish))

    def _acknowledge(
        self,
        loop: "asyncio.AbstractEventLoop",
        callers: "list[asyncio.Future[None]]",
        failure: StorageError | None,
    ) -> None:
        if loop is self._loop:
            self._busy = False
            if failure is not None:
                self._failure = failure
                callers += self._callers
                self._callers = []
        for caller in callers:
            if caller.done():
                continue
            if failure is None:
                caller.set_result(None)
            else:
                caller.set_exception(failure)
        if self._callers and not self._busy:
            self._dispatch(loop)

    def _write_batches(self) -> None:
        """Write until told to stop; after a failure nothing more, for it would be out of order."""
        failure: StorageError | None = None
        while (batch := self._work.get()) is not None:
            failure = failure or self._write(batch.statements)
            batch.finish(failure)

    def _write(self, statements: list[Statement]) -> StorageError | None:
        if not statements:
            return None
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            if execute("SELECT epoch FROM owner").fetchone() != (self._epoch,):
                execute("ROLLBACK")
                return OwnershipLost(str(self.path))
            if self._is_taken_away():  # what is written goes where nobody will look
                execute("ROLLBACK")
                return store_taken_away(self.path)
            for sql, rows in statements:
                self._connection.executemany(sql, rows)
            execute("COMMIT")
        except Exception as failure:  # noqa: BLE001  # SQLite's, a value it cannot hold, no memory: callers wait for an answer
            with contextlib.suppress(sqlite3.Error):
                execute("ROLLBACK")
            return self._explain(failure, "written")
        return None

    def _explain(self, failure: Exception, verb: str) -> StorageError:
        if self._is_taken_away():
            return store_taken_away(self.path)
        return store_failure(self.path, failure, verb)

    def _is_taken_away(self) -> bool:
        try:
            return _file_at(self._place) != self._file
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:  # it may not be looked at any more, and may be written all the same
            return False


class _Batch:
    """What one transaction writes, and whom to tell, from the writer's thread."""

    __slots__ = ("finish", "statements")

    def __init__(
        self, statements: list[Statement], finish: Callable[[StorageError | None], None]
    ) -> None:
        self.statements = statements
        self.finish = finish


def open_database(path: Path, *, holder: str, durability: Durability = "full") -> Database:
    """Open the store as its one owner, making or migrating it as needed.

    Args:
        path: The SQLite file.
        holder: Who we are, for those who find the store locked.
        durability: `full` survives power loss; `process` survives `kill -9` and is quicker.

    Raises:
        StoreLocked: another process owns it.
        StoreTooNew: a newer flowrun wrote it.
        StorageError: it cannot be opened, or would lie on a network file system.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise system_failure(path, failure) from failure
    refuse_remote(path, read_mounts())
    with contextlib.ExitStack() as undone:
        lock = OwnerLock.acquire(path, holder)
        undone.callback(lock.release)
        connection = undone.enter_context(contextlib.closing(connect(path, "rwc")))
        with _failing_as(path, "written"):
            connection.execute("PRAGMA journal_mode=WAL")
            prepare_to_write(connection, durability)
            migrate(connection, str(path))
            epoch = _take_over(connection, holder)
            connection.execute(f"PRAGMA busy_timeout={OWNER_PATIENCE_MS}")
        database = Database(path, connection, lock, epoch)
        undone.pop_all()
    return database


class StoreReader:
    """The store as a bystander sees it: committed rows, no lock taken, nothing written."""

    def __init__(self, path: Path) -> None:
        """Open it; one that an older flowrun left is brought up to date first.

        Raises:
            StoreTooNew: a newer flowrun wrote it.
            StorageError: there is none, or it cannot be read.
        """
        self.path = path
        self._reader = open_store(path, "ro")

    def read(self, sql: str, parameters: Sequence[SqlValue] = ()) -> list[Row]:
        """Run a query over what is committed."""
        with _failing_as(self.path, "read"):
            return self._reader.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Let the file go."""
        self._reader.close()


def open_store(path: Path, mode: Literal["ro", "rw"]) -> sqlite3.Connection:
    """Return a connection to a store that somebody else may own, in the form of this release.

    Raises:
        StoreTooNew: a newer flowrun wrote it.
        StorageError: there is none, or it cannot be opened.
    """
    none_yet = StorageError(str(path), "there is none yet", "`flowrun execute FLOW` makes it")
    if not path.exists():
        raise none_yet
    with contextlib.ExitStack() as undone:
        connection = undone.enter_context(contextlib.closing(connect(path, mode)))
        with _failing_as(path, "read" if mode == "ro" else "written"):
            missing = missing_migrations(connection, str(path))
        if missing is None:
            raise none_yet
        if missing:
            _bring_up_to_date(path)
        undone.pop_all()
    return connection


def _bring_up_to_date(path: Path) -> None:
    try:
        open_database(path, holder=f"flowrun {VERSION}, which brings it up to date").close()
    except StoreLocked as locked:
        raise StorageError(
            str(path), f"an older flowrun works on it: {locked.holder}", "wait for it to finish"
        ) from locked


def connect(path: Path, mode: Literal["ro", "rw", "rwc"]) -> sqlite3.Connection:
    """Return a connection to a file, whatever is in it."""
    # Readers share memory with the writer through a file; where nothing can be written, there is
    # no writer either.
    at_rest = is_at_rest(path) or (is_out_of_reach(path) and lock_holder(path) is None)
    still = "&immutable=1" if mode == "ro" and at_rest else ""
    with _failing_as(path, "read" if mode == "ro" else "written"):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}{still}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    return connection


def prepare_to_write(connection: sqlite3.Connection, durability: Durability = "full") -> None:
    """Have a connection keep what it commits, and the references between its rows."""
    connection.execute(f"PRAGMA synchronous={'FULL' if durability == 'full' else 'NORMAL'}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA fullfsync=ON")
    connection.execute("PRAGMA checkpoint_fullfsync=ON")


def _file_at(path: Path) -> tuple[int, int]:
    """Return which file a path leads to."""
    found = path.stat()
    return found.st_dev, found.st_ino


def _take_over(connection: sqlite3.Connection, holder: str) -> int:
    connection.execute("UPDATE owner SET epoch = epoch + 1, holder = ?", (holder,))
    return int(connection.execute("SELECT epoch FROM owner").fetchone()[0])


@contextlib.contextmanager
def _failing_as(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as failure:
        raise store_failure(path, failure, verb) from failure

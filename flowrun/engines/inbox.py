"""What people and systems say to runs: rows that anybody may leave; the first one a name counts."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from flowrun.engines.reading import Store, find_run
from flowrun.engines.row_text import storable
from flowrun.engines.wording import answer_text
from flowrun.errors import AlreadyAnswered, RunConflict, RunNotFound, StorageError
from flowrun.ids import JsonObject, JsonValue, canonical_json
from flowrun.storage.bystander import write_row
from flowrun.storage.database import Database, Row, SqlValue, StoreReader

CANCEL = "run/cancel"
"""Name of a request to cancel the run; what else there is are plan paths of signals."""

POLL_S = 0.2
"""How long what a bystander said may be unheard."""

LEAVE = """
INSERT OR IGNORE INTO inbox (run, name, message_id, value, sender, at)
SELECT number, ?, ?, ?, ?, ? FROM flow_run
WHERE run_id = ? AND status IN ('running', 'parked')
"""
_MESSAGES = """
SELECT inbox.number, run_id, name, value, message_id, sender, at
FROM inbox JOIN flow_run ON flow_run.number = inbox.run
"""
_SINCE = f"{_MESSAGES}WHERE inbox.number > ? ORDER BY inbox.number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One row of the inbox."""

    run_id: str
    name: str
    """Plan path of the signal, or `CANCEL`."""
    value: JsonObject
    message_id: str
    """The sender's, unique."""
    sender: str
    at: float
    """In seconds since the epoch."""

    def as_row(self) -> tuple[SqlValue, ...]:
        """Return the parameters of `LEAVE`."""
        value = canonical_json(self.value)
        texts = [storable(one) for one in (self.name, self.message_id, value, self.sender)]
        return (*texts, self.at, storable(self.run_id))

    def as_heard(self) -> dict[str, JsonValue]:
        """Return what the journal keeps when the signal is taken in."""
        return {
            "value": self.value,
            "sender": self.sender,
            "at": self.at,
            "message_id": self.message_id,
        }


def read_message(store: Store, run_id: str, name: str) -> Message | None:
    """Return the message that counts under a name."""
    rows = store.read(
        f"{_MESSAGES}WHERE run_id = ? AND name = ?", (storable(run_id), storable(name))
    )
    return _message(rows[0]) if rows else None


def read_inbox(store: Store, run_id: str) -> Sequence[Message]:
    """Return all that was said to a run."""
    return [_message(row) for row in store.read(f"{_MESSAGES}WHERE run_id = ?", (run_id,))]


async def leave_message(database: Database, message: Message) -> None:
    """Leave a message as the owner of the store, and return when it is durable.

    Raises:
        RunNotFound: no such run.
        RunConflict: it is over, or the message's id belongs to another message.
        AlreadyAnswered: another message under this name came first.
    """
    await database.commit()
    refuse_message(database, message)
    database.submit(LEAVE, (message.as_row(),))
    await database.commit()
    confirm_message(database, message)


def leave_from_outside(path: Path, message: Message) -> None:
    """Leave a message in a store that another process may own; return when it is durable.

    The owner hears it soon. When there is none, it is heard when the run is entered again.

    Raises:
        RunNotFound: no such run.
        RunConflict: it is over, or the message's id belongs to another message.
        AlreadyAnswered: another message under this name came first.
        StorageError: the store cannot be read or written.
    """
    with closing(StoreReader(path)) as store:
        refuse_message(store, message)
        write_row(path, LEAVE, message.as_row())
        confirm_message(store, message)


def cancel_from_outside(path: Path, run_id: str, *, by: str, reason: str, at: float) -> None:
    """Have a run cancelled whose store another process owns; return when that is durable.

    Raises:
        RunNotFound: no such run.
        RunConflict: it is over.
        StorageError: the store cannot be read or written.
    """
    request = Message(
        run_id=run_id,
        name=CANCEL,
        value={"reason": reason},
        message_id=f"{run_id}/{CANCEL}",  # cancelling twice is cancelling once
        sender=by,
        at=at,
    )
    leave_from_outside(path, request)


def refuse_message(store: Store, message: Message) -> None:
    """Return when a run can be told something, or was told just this.

    Raises:
        RunNotFound: no such run.
        RunConflict: it is over.
        AlreadyAnswered: another message under this name came first.
    """
    found = find_run(store, message.run_id)
    if found is None:
        raise RunNotFound(message.run_id)
    first = read_message(store, message.run_id, message.name)
    if first is not None:
        _refuse_loser(message, first)
    elif found.over:
        hint = f"flowrun runs show {message.run_id}"
        raise RunConflict(message.run_id, f"is {found.status} already", hint)


def confirm_message(store: Store, message: Message) -> None:
    """Return when a message that was left counts.

    Raises:
        RunNotFound: the run was deleted before.
        RunConflict: it was over before, or the message's id belongs to another message.
        AlreadyAnswered: another message under this name came first.
    """
    refuse_message(store, message)
    if read_message(store, message.run_id, message.name) is None:
        raise RunConflict(
            message.run_id, f"was told nothing: message `{message.message_id}` is another one"
        )


def _refuse_loser(message: Message, first: Message) -> None:
    if first.message_id != storable(message.message_id):
        said = answer_text(first.value, first.sender, first.at)
        raise AlreadyAnswered(message.run_id, message.name, said)


class InboxWatch:
    """Looks what bystanders have left, as long as there is somebody it could be for."""

    def __init__(self, store: Store, deliver: Callable[[Message], None]) -> None:
        self._store = store
        self._deliver = deliver
        rows = store.read("SELECT coalesce(max(number), 0) FROM inbox")
        self._last = int(str(rows[0][0]))
        self._needed: Callable[[], bool] = bool
        self._timer: tuple[asyncio.AbstractEventLoop, asyncio.TimerHandle] | None = None

    def keep_looking(self, needed: Callable[[], bool]) -> None:
        """Look again and again while it is needed; what is older than this watch is not told."""
        self._needed = needed
        loop = asyncio.get_running_loop()
        if self._timer is None or self._timer[0] is not loop:
            self._timer = (loop, loop.call_later(POLL_S, self._look))

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer[1].cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if not self._needed():
            return
        self.keep_looking(self._needed)
        # A store that cannot be read may be read the next time, or fails the next commit.
        with contextlib.suppress(StorageError):
            for row in self._store.read(_SINCE, (self._last,)):
                self._last = int(str(row[0]))
                self._deliver(_message(row))


def _message(row: Row) -> Message:
    _, run_id, name, value, message_id, sender, at = row
    return Message(
        run_id=str(run_id),
        name=str(name),
        value=json.loads(str(value)),
        message_id=str(message_id),
        sender=str(sender),
        at=float(str(at)),
    )

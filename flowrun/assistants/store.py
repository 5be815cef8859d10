"""The assistants tables: the SQL, what is queued for writing, what is read back.

Writes are queued without waiting and become durable together, in order; `settle` waits for that.
A mark is a position in the queue: what was written up to a mark at or below `durable_mark` is on
disk, and only such things may be forgotten and read again.
"""

from collections.abc import Sequence
from typing import Literal

from flowrun.assistants.records import Assistant, AssistantRun, Message, RunStep, Thread
from flowrun.assistants.rows import (
    assistant_body,
    calls_json,
    ending_json,
    error_json,
    integer,
    message_body,
    outputs_json,
    read_assistant,
    read_message,
    read_run,
    read_step,
    read_thread,
    run_body,
    snapshot_json,
    sqlable,
    thread_body,
    tokens_json,
    usage_json,
)
from flowrun.storage.database import Database, SqlValue

_SNAPSHOTS_REMEMBERED = 4096
"""Digests known to be stored; forgetting one costs a write that changes nothing."""

_ADD_ASSISTANT = "INSERT INTO assistant VALUES (?, ?, ?, ?, ?)"
_ADD_THREAD = "INSERT INTO thread VALUES (?, ?, ?, ?, ?)"
_ADD_MESSAGE = "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADD_SNAPSHOT = "INSERT OR IGNORE INTO run_snapshot VALUES (?, ?)"
_ADD_RUN = "INSERT INTO assistant_run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SET_RUN = (
    "UPDATE assistant_run SET status = ?, started_at = ?, ended_at = ?, tokens = ?, ending = ? "
    "WHERE number = ?"
)
_ADD_STEP = "INSERT INTO run_step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_END_STEP = (
    "UPDATE run_step SET outputs = ?, status = ?, ended_at = ?, ending = ? "
    "WHERE thread = ? AND place = ?"
)
_DELETE_THREAD = "DELETE FROM thread WHERE number = ?"
"""Its messages, runs and steps go with it, by their foreign keys."""

_ASSISTANT = "SELECT id, label, created_at, body FROM assistant "
_THREAD = "SELECT number, id, label, created_at, body FROM thread "
_MESSAGE = (
    "SELECT id, place, run_id, role, status, created_at, ended_at, body FROM message "
    "WHERE thread = ? "
)
_BY_LABEL = "label = ? AND label <> ''"
"""The second half lets SQLite use the index, which leaves out those without a label."""
_RUN_BY_LABEL = "run.label = ? AND run.label <> ''"
_RUN = (
    "SELECT run.number, run.id, run.label, thread.id, first_place, assistant_id, "
    "run_snapshot.body, run.body, run.created_at, deadline, status, started_at, ended_at, tokens, "
    "ending FROM assistant_run AS run "
    "JOIN thread ON thread.number = run.thread JOIN run_snapshot ON digest = snapshot "
)
_STEP = (
    "SELECT place, id, run_id, message_id, calls, outputs, tokens, status, created_at, ended_at, "
    "ending, (SELECT assistant_id FROM assistant_run WHERE assistant_run.id = run_step.run_id) "
    "FROM run_step WHERE thread = ? "
)


class AssistantStore:
    """The tables, through one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._snapshots: set[str] = set()
        self.mark = 0
        self.durable_mark = 0

    async def settle(self, mark: int) -> None:
        """Return when everything up to the mark is durable.

        Raises:
            StorageError: it cannot be made so.
        """
        if mark <= self.durable_mark:
            return
        reached = self.mark
        await self._database.commit()
        self.durable_mark = max(self.durable_mark, reached)

    def next_number(self, table: Literal["assistant", "thread", "assistant_run"]) -> int:
        """Return the first unused number of a table."""
        ((highest,),) = self._database.read(f"SELECT coalesce(max(number), 0) FROM {table}")
        return integer(highest) + 1

    def add_assistant(self, number: int, assistant: Assistant) -> None:
        """Write a new assistant."""
        label, body = sqlable(assistant.label), assistant_body(assistant)
        self._write(_ADD_ASSISTANT, (number, assistant.id, label, assistant.created_at, body))

    def add_thread(self, thread: Thread) -> None:
        """Write a new thread."""
        label, body = sqlable(thread.label), thread_body(thread)
        self._write(_ADD_THREAD, (thread.number, thread.id, label, thread.created_at, body))

    def delete_thread(self, thread: Thread) -> None:
        """Delete a thread with all that is on it."""
        self._write(_DELETE_THREAD, (thread.number,))

    def add_message(self, thread_number: int, message: Message) -> None:
        """Write a message in its final form."""
        self._write(
            _ADD_MESSAGE,
            (
                thread_number,
                message.place,
                message.id,
                message.run_id,
                message.role,
                message.status,
                message.created_at,
                message.ended_at,
                message_body(message),
            ),
        )

    def add_run(self, thread_number: int, run: AssistantRun, snapshot_digest: str) -> None:
        """Write a new run, and its snapshot unless a run before it had the same one."""
        if snapshot_digest not in self._snapshots:
            if len(self._snapshots) >= _SNAPSHOTS_REMEMBERED:
                self._snapshots.clear()
            self._snapshots.add(snapshot_digest)
            self._write(_ADD_SNAPSHOT, (snapshot_digest, snapshot_json(run.snapshot)))
        state = run.state
        self._write(
            _ADD_RUN,
            (
                run.number,
                run.id,
                sqlable(run.label),
                thread_number,
                run.first_place,
                run.assistant_id,
                snapshot_digest,
                run_body(run),
                run.created_at,
                run.deadline,
                state.status,
                state.started_at,
                state.ended_at,
                tokens_json(state),
                ending_json(state),
            ),
        )

    def set_run_state(self, run: AssistantRun) -> None:
        """Write the part of a run that changes."""
        state = run.state
        self._write(
            _SET_RUN,
            (
                state.status,
                state.started_at,
                state.ended_at,
                tokens_json(state),
                ending_json(state),
                run.number,
            ),
        )

    def add_step(self, thread_number: int, step: RunStep) -> None:
        """Write a new step."""
        self._write(
            _ADD_STEP,
            (
                thread_number,
                step.place,
                step.id,
                step.run_id,
                step.message_id,
                calls_json(step),
                outputs_json(step),
                usage_json(step),
                step.status,
                step.created_at,
                step.ended_at,
                error_json(step.last_error),
            ),
        )

    def end_step(self, thread_number: int, step: RunStep) -> None:
        """Write how a step of tool calls ended."""
        outputs, ending = outputs_json(step), error_json(step.last_error)
        self._write(
            _END_STEP, (outputs, step.status, step.ended_at, ending, thread_number, step.place)
        )

    def assistant(self, *, identifier: str = "", label: str = "") -> Assistant | None:
        """Return an assistant by id or by label."""
        where, value = ("id = ?", identifier) if identifier else (_BY_LABEL, sqlable(label))
        rows = self._database.read(_ASSISTANT + "WHERE " + where, (value,))
        return read_assistant(rows[0]) if rows else None

    def thread(self, *, identifier: str = "", label: str = "") -> Thread | None:
        """Return a thread by id or by label."""
        where, value = ("id = ?", identifier) if identifier else (_BY_LABEL, sqlable(label))
        rows = self._database.read(_THREAD + "WHERE " + where, (value,))
        return read_thread(rows[0]) if rows else None

    def messages(self, thread: Thread, first_place: int = 0) -> list[Message]:
        """Return a thread's messages from a place on, the oldest first."""
        rows = self._database.read(
            _MESSAGE + "AND place >= ? ORDER BY place", (thread.number, first_place)
        )
        return [read_message(row, thread.id) for row in rows]

    def steps(self, thread: Thread, first_place: int = 0) -> list[RunStep]:
        """Return a thread's steps from a place on, the oldest first."""
        rows = self._database.read(
            _STEP + "AND place >= ? ORDER BY place", (thread.number, first_place)
        )
        return [read_step(row, thread.id) for row in rows]

    def run(self, *, identifier: str = "", label: str = "") -> AssistantRun | None:
        """Return a run by id or by label."""
        where, value = ("run.id = ?", identifier) if identifier else (_RUN_BY_LABEL, sqlable(label))
        rows = self._database.read(_RUN + "WHERE " + where, (value,))
        return read_run(rows[0]) if rows else None

    def latest_run(self, thread: Thread) -> AssistantRun | None:
        """Return a thread's latest run: the only one that can be active."""
        rows = self._database.read(
            _RUN + "WHERE run.thread = ? ORDER BY run.number DESC LIMIT 1", (thread.number,)
        )
        return read_run(rows[0]) if rows else None

    def _write(self, sql: str, row: Sequence[SqlValue]) -> None:
        self._database.submit(sql, (row,))
        self.mark += 1

"""What the store knows of runs, for their owner and for bystanders alike."""

import json
from collections.abc import Container, Sequence
from dataclasses import dataclass

from flowrun.errors import FlowrunError, RunNotFound
from flowrun.events.codec import decode_event
from flowrun.events.stamped import StampedEvent
from flowrun.ids import JsonObject
from flowrun.plan.codec import plan_from_json
from flowrun.plan.plan import PLAN_ABI, ExecutionPlan
from flowrun.ports.engine import FlowRunHead, FlowRunStatus, RunFilter, RunSetting
from flowrun.storage.database import Database, Row, SqlValue, StoreReader

Store = Database | StoreReader
"""The owner's view or a bystander's."""

_HEADS = """
SELECT run_id, flow, status, plan_digest, started_at, finished_at, error, questions, wake_at
FROM flow_run
"""
_LATEST_FIRST = " ORDER BY started_at DESC, number DESC"
_FIND = """
SELECT number, status, plan_digest, inputs, environment, origin, only_step, entries, deaths,
       questions
FROM flow_run WHERE run_id = ?
"""


class PlanUnreadable(FlowrunError):
    """A stored plan needs an interpreter that this release does not have."""

    exit_code = 7

    def __init__(self, plan: str, abi: int) -> None:
        super().__init__(f"plan {plan[:12]} has ABI {abi}; this flowrun executes {PLAN_ABI}")
        self.hint = "resume it with the flowrun that started it"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHead:
    """What is needed of a run to enter it, or to refuse that."""

    number: int
    run_id: str
    status: FlowRunStatus
    plan_digest: str
    inputs: str
    """As JSON."""
    setting: RunSetting
    entries: int
    deaths: int
    """Entries in a row that ended with the death of their process and gained nothing."""
    questions: tuple[str, ...]

    @property
    def over(self) -> bool:
        """Whether it has its last event."""
        return self.status not in ("running", "parked")


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """One row of a run's journal."""

    seq: int
    key: str
    kind: str
    """`event`, `intent`, `fact`, `signal` or `fired`."""
    body: str
    """JSON."""
    at: float
    """In seconds since the epoch."""


def find_run(store: Store, run_id: str) -> StoredHead | None:
    """Return what is needed of a run to enter it."""
    rows = store.read(_FIND, (run_id,))
    if not rows:
        return None
    number, status, digest, inputs, environment, origin, only, entries, deaths, questions = rows[0]
    return StoredHead(
        number=_whole(number),
        run_id=run_id,
        status=str(status),  # type: ignore[arg-type]  # written from the same literals
        plan_digest=str(digest),
        inputs=str(inputs),
        setting=RunSetting(
            environment=json.loads(str(environment)),
            origin=json.loads(str(origin)),
            only=str(only),
        ),
        entries=_whole(entries),
        deaths=_whole(deaths),
        questions=tuple(json.loads(str(questions))),
    )


def read_heads(
    store: Store,
    alive: Container[str] | None,
    run_id: str | None = None,
    wanted: RunFilter | None = None,
) -> Sequence[FlowRunHead]:
    """Return runs of a store, the latest first: all of them, one by its id, or those wanted.

    Args:
        store: The owner's view or a bystander's.
        alive: Runs being executed now; None means all that are marked running.
        run_id: Only this run.
        wanted: Only these.
    """
    if run_id is not None:
        rows = store.read(f"{_HEADS}WHERE run_id = ?", (run_id,))
    else:
        rows = store.read(*_query(wanted or RunFilter()))
    return [_head(row, alive) for row in rows]


def count_heads(store: Store, wanted: RunFilter) -> int:
    """Return how many runs a filter finds, whatever its limit."""
    where, parameters = _where(wanted)
    [(number,)] = store.read(f"SELECT count(*) FROM flow_run {where}", parameters)
    return _whole(number)


def read_head(store: Store, alive: Container[str] | None, run_id: str) -> FlowRunHead:
    """Return one run; see `read_heads`.

    Raises:
        RunNotFound: no such run.
    """
    heads = read_heads(store, alive, run_id)
    if not heads:
        raise RunNotFound(run_id)
    return heads[0]


def read_events(store: Store, run_id: str, after: int = 0) -> Sequence[StampedEvent]:
    """Return the kept events of a run past a sequence number.

    Raises:
        RunNotFound: no such run.
    """
    rows = store.read(
        "SELECT body, seq, at FROM journal WHERE run = ? AND seq > ? AND kind = 'event' "
        "ORDER BY seq",
        (_number(store, run_id), after),
    )
    return [
        StampedEvent(decode_event(str(body)), int(str(seq)), float(str(at)))
        for body, seq, at in rows
    ]


def read_journal(store: Store, run_id: str) -> Sequence[JournalRow]:
    """Return every row of a run, in order: events, intents, facts, signals and timers.

    Raises:
        RunNotFound: no such run.
    """
    rows = store.read(
        "SELECT seq, key, kind, body, at FROM journal WHERE run = ? ORDER BY seq",
        (_number(store, run_id),),
    )
    return [
        JournalRow(
            seq=int(str(seq)), key=str(key), kind=str(kind), body=str(body), at=float(str(at))
        )
        for seq, key, kind, body, at in rows
    ]


def read_plan_text(store: Store, digest: str) -> tuple[int, str]:
    """Return the ABI number and the JSON of a stored plan."""
    (abi, body), *_ = store.read("SELECT abi, body FROM plan WHERE digest = ?", (digest,))
    return _whole(abi), str(body)


def read_plan(store: Store, digest: str) -> ExecutionPlan:
    """Return a stored plan.

    Raises:
        PlanUnreadable: it needs an interpreter this release does not have.
    """
    abi, body = read_plan_text(store, digest)
    if abi not in (PLAN_ABI, PLAN_ABI - 1):
        raise PlanUnreadable(digest, abi)
    return plan_from_json(body)


def read_inputs(store: Store, run_id: str) -> JsonObject:
    """Return what a run was given.

    Raises:
        RunNotFound: no such run.
    """
    found: JsonObject = json.loads(_required(store, run_id).inputs)
    return found


def read_setting(store: Store, run_id: str) -> tuple[str, RunSetting]:
    """Return a run's plan digest and what it was started with.

    Raises:
        RunNotFound: no such run.
    """
    found = _required(store, run_id)
    return found.plan_digest, found.setting


def _required(store: Store, run_id: str) -> StoredHead:
    found = find_run(store, run_id)
    if found is None:
        raise RunNotFound(run_id)
    return found


def _number(store: Store, run_id: str) -> int:
    rows = store.read("SELECT number FROM flow_run WHERE run_id = ?", (run_id,))
    if not rows:
        raise RunNotFound(run_id)
    return _whole(rows[0][0])


def _query(wanted: RunFilter) -> tuple[str, list[SqlValue]]:
    """Return the query of a list, and its parameters; in the order of an index, so it may stop."""
    where, parameters = _where(wanted)
    limit = "" if wanted.limit is None else f" LIMIT {wanted.limit:d}"
    return f"{_HEADS}{where}{_LATEST_FIRST}{limit}", parameters


def _where(wanted: RunFilter) -> tuple[str, list[SqlValue]]:
    terms: list[str] = []
    parameters: list[SqlValue] = []
    if wanted.statuses:
        statuses = sorted(wanted.statuses)
        terms.append(f"status IN ({', '.join('?' * len(statuses))})")
        parameters += statuses
    if wanted.flow is not None:
        terms.append("flow = ?")
        parameters.append(wanted.flow)
    if wanted.since is not None:
        terms.append("started_at >= ?")
        parameters.append(wanted.since)
    return f"WHERE {' AND '.join(terms)}" if terms else "", parameters


def _head(row: Row, alive: Container[str] | None) -> FlowRunHead:
    run_id, flow, status, digest, started, finished, error, questions, wake_at = row
    return FlowRunHead(
        run_id=str(run_id),
        flow=str(flow),
        status=str(status),  # type: ignore[arg-type]  # written from the same literals
        plan_digest=str(digest),
        started_at=float(str(started)),
        finished_at=None if finished is None else float(str(finished)),
        alive=status == "running" and (alive is None or run_id in alive),
        error=None if error is None else str(error),
        questions=() if questions == "[]" else tuple(json.loads(str(questions))),
        wake_at=None if wake_at is None else float(str(wake_at)),
    )


def _whole(value: SqlValue) -> int:
    return int(str(value))

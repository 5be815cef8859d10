"""Delete old runs: their journals, and the threads that were theirs alone."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from flowrun.app.bare_session import open_bare_session
from flowrun.app.project import Project
from flowrun.assistants.retention import delete_threads
from flowrun.engines.reading import PlanUnreadable, Store, read_events, read_heads, read_plan
from flowrun.engines.retention import delete_runs, weigh_runs
from flowrun.events.labels import base_label
from flowrun.events.records import AssistantRunStarted
from flowrun.plan.plan import AssistantAction, ExecutionPlan, FlowAction
from flowrun.ports.engine import FlowRunHead, FlowRunStatus, RunFilter
from flowrun.storage.database import StoreReader

TERMINAL: frozenset[FlowRunStatus] = frozenset(("completed", "failed", "cancelled"))
"""Runs that are over; no other is ever deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Which runs are no longer wanted."""

    before: float
    """Those that ended before this instant, in seconds since the epoch."""
    statuses: frozenset[FlowRunStatus] = TERMINAL
    keep: int = 0
    """So many of the latest are kept, however old they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was deleted, or would be."""

    run_ids: tuple[str, ...]
    weight: int
    """Bytes of their journals."""
    threads: int


async def prune_runs(project: Project, retention: Retention, *, dry_run: bool) -> Pruned:
    """Delete the runs that are no longer wanted, and say which; or only say it.

    Threads with a `key` are shared by many runs and stay.

    Raises:
        StoreLocked: another process owns the store.
        StorageError: the store cannot be read or written.
    """
    if not project.store_path.exists():
        return Pruned(run_ids=(), weight=0, threads=0)
    with closing(StoreReader(project.store_path)) as store:
        heads = _unwanted(store, retention)
        ids = tuple(head.run_id for head in heads)
        threads = _own_threads(store, heads)
        pruned = Pruned(run_ids=ids, weight=weigh_runs(store, ids), threads=len(threads))
    if not dry_run and ids:
        async with open_bare_session(project, "flowrun runs prune") as session:
            await delete_threads(session.database, threads)
            await delete_runs(session.database, ids)
    return pruned


def _unwanted(store: Store, retention: Retention) -> list[FlowRunHead]:
    wanted = RunFilter(statuses=retention.statuses & TERMINAL)
    heads = sorted(
        read_heads(store, frozenset(), wanted=wanted),
        key=lambda head: head.finished_at or head.started_at,
        reverse=True,
    )
    return [
        head
        for head in heads[retention.keep :]
        if head.status in TERMINAL and (head.finished_at or head.started_at) < retention.before
    ]


def _own_threads(store: Store, heads: Sequence[FlowRunHead]) -> set[str]:
    """Return the threads that belong to these runs and to no others."""
    shared: dict[str, frozenset[str] | None] = {}
    found: set[str] = set()
    for head in heads:
        if head.plan_digest not in shared:
            shared[head.plan_digest] = _steps_on_shared_threads(store, head.plan_digest)
        steps = shared[head.plan_digest]
        if steps is None:
            continue
        found |= {
            one.event.thread_id
            for one in read_events(store, head.run_id)
            if isinstance(one.event, AssistantRunStarted)
            and base_label(one.event.step) not in steps
        }
    return found


def _steps_on_shared_threads(store: Store, digest: str) -> frozenset[str] | None:
    """Return labels of the steps whose thread has a key; None where the plan cannot be read."""
    try:
        plan = read_plan(store, digest)
    except PlanUnreadable:
        return None
    return frozenset(_on_keyed_threads(plan))


def _on_keyed_threads(plan: ExecutionPlan, prefix: str = "") -> Iterator[str]:
    keyed: Mapping[str, str] = {thread.name: thread.key for thread in plan.threads if thread.key}
    for step in plan.steps:
        label = f"{prefix}{step.name}"
        match step.action:
            case AssistantAction(thread=str() as thread) if thread in keyed:
                yield label
            case FlowAction(plan=inner):
                yield from _on_keyed_threads(inner, f"{label}/")
            case _:
                pass

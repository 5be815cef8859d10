"""Runs as a bystander sees them: nothing is locked, nothing is written."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from flowrun.app.project import Project
from flowrun.engines.reading import (
    count_heads,
    read_events,
    read_heads,
    read_plan,
    read_plan_text,
    read_setting,
)
from flowrun.errors import RunConflict, RunNotFound
from flowrun.events.stamped import StampedEvent
from flowrun.ids import RUN_ID, JsonObject
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.engine import FlowRunHead, FlowRunStatus, RunFilter, RunSetting
from flowrun.storage.database import StoreReader
from flowrun.storage.lock import lock_holder

ListedStatus: TypeAlias = FlowRunStatus | Literal["interrupted"]
"""A status as people know it: `interrupted` is one that says `running` and that nobody executes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """All that the store knows of a run."""

    head: FlowRunHead
    plan: ExecutionPlan
    events: tuple[StampedEvent, ...]
    setting: RunSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRun:
    """A run as it is written out; its plan is not read, so it may be of any version."""

    head: FlowRunHead
    plan: JsonObject
    events: tuple[StampedEvent, ...]
    setting: RunSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class RunList:
    """Some runs, the latest first."""

    heads: Sequence[FlowRunHead]
    more: int
    """How many there are besides."""


def list_runs(
    project: Project,
    wanted: RunFilter | None = None,
    statuses: frozenset[ListedStatus] = frozenset(),
) -> RunList:
    """Return runs of the project, the latest first; none when there is no store yet.

    Args:
        project: Holds the store.
        wanted: Which ones, but for their statuses.
        statuses: Any of these; empty for all.
    """
    wanted = wanted or RunFilter()
    if not project.store_path.exists():
        return RunList(heads=[], more=0)
    alive = _alive(project)
    asked = _stored_statuses(statuses, is_owned=alive is None)
    if statuses and not asked:
        return RunList(heads=[], more=0)
    wanted = replace(wanted, statuses=asked)
    with closing(StoreReader(project.store_path)) as store:
        heads = read_heads(store, alive, wanted=wanted)
        more = 0
        if wanted.limit is not None and len(heads) == wanted.limit:
            more = count_heads(store, wanted) - len(heads)
    return RunList(heads=heads, more=more)


def show_run(project: Project, run_id: str) -> StoredRun:
    """Return one run.

    Raises:
        RunNotFound: no such run; suggests a near one.
    """
    with _reading(project, run_id) as (store, head):
        digest, setting = read_setting(store, run_id)
        return StoredRun(
            head=head,
            plan=read_plan(store, digest),
            events=tuple(read_events(store, run_id)),
            setting=setting,
        )


def export_run(project: Project, run_id: str) -> ExportedRun:
    """Return one run as it is to be written out.

    Raises:
        RunNotFound: no such run; suggests a near one.
    """
    with _reading(project, run_id) as (store, head):
        digest, setting = read_setting(store, run_id)
        _, plan = read_plan_text(store, digest)
        return ExportedRun(
            head=head,
            plan=json.loads(plan),
            events=tuple(read_events(store, run_id)),
            setting=setting,
        )


def find_head(project: Project, run_id: str) -> FlowRunHead:
    """Return how a run stands.

    Raises:
        RunNotFound: no such run; suggests a near one.
    """
    with _reading(project, run_id) as (_, head):
        return head


def refuse_finished(head: FlowRunHead) -> None:
    """Return when the run can be gone on with.

    Raises:
        RunConflict: it is over.
    """
    if is_over(head):
        hint = f"`flowrun runs show {head.run_id}` shows it"
        raise RunConflict(head.run_id, f"is over: {head.status}", hint)


def is_over(head: FlowRunHead) -> bool:
    """Tell whether a run has ended for good."""
    return head.status not in ("running", "parked")


@contextmanager
def _reading(project: Project, run_id: str) -> Iterator[tuple[StoreReader, FlowRunHead]]:
    if not project.store_path.exists():
        raise RunNotFound(run_id, "nothing has been run in this project yet")
    with closing(StoreReader(project.store_path)) as store:
        heads = read_heads(store, _alive(project), run_id) if RUN_ID.match(run_id) else []
        if not heads:
            from flowrun.source.diagnostic import suggest  # only a mistyped id needs it

            known = [head.run_id for head in read_heads(store, None)]
            raise RunNotFound(run_id, suggest(run_id, known))
        yield store, heads[0]


def store_holder(project: Project) -> str | None:
    """Return who owns the store now, in words, or None when nobody does."""
    return lock_holder(project.store_path)


def _alive(project: Project) -> frozenset[str] | None:
    """Runs marked running are alive exactly when somebody owns the store."""
    return None if store_holder(project) else frozenset()


def _stored_statuses(
    statuses: frozenset[ListedStatus], *, is_owned: bool
) -> frozenset[FlowRunStatus]:
    """Return what the store calls them: the same mark means two things, as somebody owns it."""
    marked: ListedStatus = "running" if is_owned else "interrupted"
    other: ListedStatus = "interrupted" if is_owned else "running"
    found: set[FlowRunStatus] = set()
    for one in statuses:
        if one == marked:
            found.add("running")
        elif one != other and one != "interrupted":
            found.add(one)
    return frozenset(found)

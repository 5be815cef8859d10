"""Runs as a bystander sees them: nothing is locked, nothing is written."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from flowrun.app.project import Project
from flowrun.engines.journal import read_events, read_heads, read_plan, read_setting
from flowrun.errors import RunConflict, RunNotFound
from flowrun.events.stamped import StampedEvent
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.engine import FlowRunHead
from flowrun.source.diagnostic import suggest
from flowrun.storage.database import StoreReader
from flowrun.storage.lock import lock_holder


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """All that the store knows of a run."""

    head: FlowRunHead
    plan: ExecutionPlan
    events: tuple[StampedEvent, ...]
    origin: Mapping[str, str]
    """See `ports.engine.RunSetting`."""


def list_runs(project: Project) -> Sequence[FlowRunHead]:
    """Return every run of the project, the latest first; none when there is no store yet."""
    if not project.store_path.exists():
        return []
    with closing(StoreReader(project.store_path)) as store:
        return read_heads(store, _alive(project))


def show_run(project: Project, run_id: str) -> StoredRun:
    """Return one run.

    Raises:
        RunNotFound: no such run; suggests a near one.
    """
    if not project.store_path.exists():
        raise RunNotFound(run_id, "nothing has been run in this project yet")
    with closing(StoreReader(project.store_path)) as store:
        heads = read_heads(store, _alive(project), run_id)
        if not heads:
            known = [head.run_id for head in read_heads(store, None)]
            raise RunNotFound(run_id, suggest(run_id, known))
        digest, setting = read_setting(store, run_id)
        return StoredRun(
            head=heads[0],
            plan=read_plan(store, digest),
            events=tuple(read_events(store, run_id)),
            origin=setting.origin,
        )


def refuse_finished(head: FlowRunHead) -> None:
    """Return when the run can be gone on with.

    Raises:
        RunConflict: it is over.
    """
    if head.status not in ("running", "parked"):
        hint = f"`flowrun runs show {head.run_id}` shows it"
        raise RunConflict(head.run_id, f"is over: {head.status}", hint)


def _alive(project: Project) -> frozenset[str] | None:
    """Runs marked running are alive exactly when somebody owns the store."""
    return None if lock_holder(project.store_path) else frozenset()

"""Runs of the past: the list of them, and one of them in full, as text and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from flowrun.events.labels import label_of_path
from flowrun.ids import JsonObject
from flowrun.views.commands import resume_command, show_command
from flowrun.views.text import clip, count, elapsed, instant, size, table

RUNS_VERSION = 1
WAITS_SHOWN = 3

RunState: TypeAlias = Literal["running", "parked", "completed", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run as the store's index tells it."""

    run_id: str
    flow: str
    status: RunState
    plan_digest: str
    started_at: float
    finished_at: float | None
    alive: bool
    """Whether a process works on it; one that is `running` and not alive has crashed."""
    error: str | None = None
    questions: tuple[str, ...] = ()
    """Plan paths of what people are waited for with."""
    wake_at: float | None = None
    project: str = ""
    """Where it is to be found, unless that is here."""

    @property
    def said(self) -> Literal["interrupted"] | RunState:
        """The state in people's words: nobody runs a run that crashed."""
        return "interrupted" if self.status == "running" and not self.alive else self.status

    @property
    def can_resume(self) -> bool:
        """Whether there is work left that nobody does, and nobody is waited for."""
        return self.said == "interrupted" or (self.status == "parked" and not self.waits_for)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Labels of the steps that wait for a person."""
        return tuple(dict.fromkeys(map(label_of_path, self.questions)))


def runs_text(rows: Sequence[RunRow], *, now: float, more: int = 0) -> str:
    """Return the table of runs, in the order given, or a sentence when there are none.

    Args:
        rows: The runs.
        now: For how long it has been.
        more: Runs that match as well and are not among them.
    """
    if not rows:
        return "no runs\n"
    cells = [
        (row.run_id, row.said, instant(row.started_at), _took(row, now), _remark(row))
        for row in rows
    ]
    lines = list(table(("run", "state", "started", "took", "remark"), cells))
    if more:
        lines.append(f"… {count(more, 'run')} more, shown with --limit {len(rows) + more}")
    waiting = next((row for row in rows if row.waits_for), None)
    left = next((row for row in rows if row.can_resume), None)
    if waiting is not None or left is not None:
        lines.append("")
    if waiting is not None:
        lines.append(f"see what one asks: {show_command(waiting.run_id, waiting.project)}")
    if left is not None:
        lines.append(f"continue one with: {resume_command(left.run_id, left.project)}")
    return "\n".join(lines) + "\n"


def runs_object(rows: Sequence[RunRow], *, more: int = 0) -> JsonObject:
    """Return the list as `runs list --format json` promises it; times in seconds of the epoch."""
    return {
        "format_version": RUNS_VERSION,
        "runs": [row_object(row) for row in rows],
        "more": more,
    }


def row_object(row: RunRow) -> JsonObject:
    """Return one run of the list."""
    return {
        "run_id": row.run_id,
        "flow": row.flow,
        "status": row.status,
        "alive": row.alive,
        "plan_digest": row.plan_digest,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "error": row.error,
        "waiting_for": list(row.waits_for),
        "wake_at": row.wake_at,
    }


def pruned_text(run_ids: Sequence[str], weight: int, threads: int, *, dry_run: bool) -> str:
    """Return what was deleted, or would be, in one line."""
    if not run_ids:
        return "no runs to delete\n"
    did = "would delete" if dry_run else "deleted"
    return f"{did} {count(len(run_ids), 'run')} and {count(threads, 'thread')}, {size(weight)}\n"


def pruned_object(
    run_ids: Sequence[str], weight: int, threads: int, *, dry_run: bool
) -> JsonObject:
    """Return the same as `runs prune --format json` promises it."""
    return {
        "format_version": RUNS_VERSION,
        "deleted": not dry_run,
        "runs": list(run_ids),
        "threads": threads,
        "bytes": weight,
    }


def _remark(row: RunRow) -> str:
    waits = row.waits_for
    if waits:
        rest = f" and {len(waits) - WAITS_SHOWN} more" if len(waits) > WAITS_SHOWN else ""
        return "waits for " + ", ".join(waits[:WAITS_SHOWN]) + rest
    if row.wake_at is not None and row.status == "parked":
        return f"until {instant(row.wake_at)}"
    return clip(row.error or "", 80)


def _took(row: RunRow, now: float) -> str:
    if row.finished_at is not None:
        return elapsed(row.finished_at - row.started_at)
    return elapsed(now - row.started_at) if row.alive else ""

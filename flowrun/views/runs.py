"""Runs of the past: the list of them, and one of them in full, as text and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from flowrun.ids import JsonObject
from flowrun.views.run_result import (
    CallSummary,
    RunState,
    RunSummary,
    StepSummary,
    add_usage,
    result_object,
    resume_command,
)
from flowrun.views.text import clip, count, elapsed, indented, instant, one_line, say, table

RUNS_VERSION = 1
CLIP_COLUMNS = 200
OUTPUT_LINES = 12


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
    project: str = ""
    """Where it is to be found, unless that is here."""

    @property
    def said(self) -> Literal["interrupted"] | RunState:
        """The state in people's words: nobody runs a run that crashed."""
        return "interrupted" if self.status == "running" and not self.alive else self.status

    @property
    def can_resume(self) -> bool:
        """Whether there is work left that nobody does."""
        return self.said in ("interrupted", "parked")


def runs_text(rows: Sequence[RunRow], *, now: float) -> str:
    """Return the table of runs, in the order given, or a sentence when there are none."""
    if not rows:
        return "no runs in this store\n"
    cells = [
        (row.run_id, row.said, instant(row.started_at), _took(row, now), clip(row.error or "", 80))
        for row in rows
    ]
    lines = list(table(("run", "state", "started", "took", "error"), cells))
    waiting = next((row for row in rows if row.can_resume), None)
    if waiting is not None:
        lines += ["", f"continue one with: {resume_command(waiting.run_id, waiting.project)}"]
    return "\n".join(lines) + "\n"


def runs_object(rows: Sequence[RunRow]) -> JsonObject:
    """Return the list as `runs list --format json` promises it; times in seconds of the epoch."""
    return {"format_version": RUNS_VERSION, "runs": [_row_object(row) for row in rows]}


def run_text(row: RunRow, summary: RunSummary, *, full: bool = False) -> str:
    """Return one run: its steps, their calls, what came out; long texts cut unless `full`."""
    return "\n".join(_run_lines(row, summary, full=full)) + "\n"


def run_object(row: RunRow, summary: RunSummary) -> JsonObject:
    """Return one run as `runs show --format json` promises it: the result, and how it came about.

    Nothing is cut. Every key of the result object is there, with the same meaning.
    """
    result = dict(result_object(summary))
    steps = {step.name: _step_object(step) for step in summary.steps}
    known = result["steps"]
    assert isinstance(known, dict)
    return {
        **result,
        **_row_object(row),
        "error": result["error"],
        "inputs": summary.inputs,
        "entries": summary.entries,
        "steps": {name: {**one, **steps[name]} for name, one in known.items()},
    }


def _row_object(row: RunRow) -> JsonObject:
    return {
        "run_id": row.run_id,
        "flow": row.flow,
        "status": row.status,
        "alive": row.alive,
        "plan_digest": row.plan_digest,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "error": row.error,
    }


def _step_object(step: StepSummary) -> JsonObject:
    return {
        "started_at": step.started_at,
        "assistant": step.assistant,
        "tool_calls": [
            {
                "id": call.id,
                "tool": call.tool,
                "arguments": call.arguments,
                "status": call.status,
                "output": call.output,
                "error": call.error,
                "duration_s": call.duration_s,
            }
            for call in step.calls
        ],
    }


def _took(row: RunRow, now: float) -> str:
    if row.finished_at is not None:
        return elapsed(row.finished_at - row.started_at)
    return elapsed(now - row.started_at) if row.alive else ""


def _run_lines(row: RunRow, summary: RunSummary, *, full: bool) -> Iterator[str]:
    yield from _head(row, summary)
    yield ""
    yield from table(
        ("step", "state", "took", "tokens", "calls"), [_step_cells(step) for step in summary.steps]
    )
    for step in summary.steps:
        if step.calls or step.error is not None or step.output is not None:
            yield ""
            yield from _step_lines(step, full=full)
    for name, value in summary.outputs.items():
        yield ""
        yield f"output {name}"
        yield _shown(say(value), full=full)
    if row.can_resume:
        yield ""
        yield f"continue with: {resume_command(row.run_id, row.project)}"


def _head(row: RunRow, summary: RunSummary) -> Iterator[str]:
    entered = "" if summary.entries == 1 else f", entered {summary.entries} times"
    yield f"run {row.run_id}: {row.said}{entered}"
    yield f"flow {row.flow}, plan {row.plan_digest[:12]}"
    ended = "" if row.finished_at is None else f", ended {instant(row.finished_at)}"
    yield f"started {instant(row.started_at)}{ended}"
    tokens = summary.usage["total_tokens"]
    if tokens:
        yield f"{count(tokens, 'token')}"
    for name, value in summary.inputs.items():
        yield f"input {name}: {clip(say(value), CLIP_COLUMNS)}"
    if summary.error is not None:
        yield f"error: {one_line(summary.error)}"
    if summary.hint is not None and not row.can_resume:
        yield f"help: {one_line(summary.hint)}"


def _step_cells(step: StepSummary) -> tuple[str, ...]:
    tokens = add_usage([step.usage])["total_tokens"]
    took = step.status in ("completed", "failed") and step.duration_s is not None
    return (
        step.name,
        step.status,
        elapsed(step.duration_s or 0.0) if took else "",
        f"{tokens:,}" if tokens else "",
        str(len(step.calls)) if step.calls else "",
    )


def _step_lines(step: StepSummary, *, full: bool) -> Iterator[str]:
    yield f"step {step.name}" + (f" ({step.assistant})" if step.assistant else "")
    for call in step.calls:
        yield from _call_lines(call, full=full)
    if step.error is not None:
        yield f"  error: {one_line(step.error)}"
    if step.output is not None:
        yield _shown(say(step.output), full=full)


def _call_lines(call: CallSummary, *, full: bool) -> Iterator[str]:
    arguments = call.arguments or ""
    said = one_line(arguments) if full else clip(arguments, CLIP_COLUMNS)
    took = "" if call.duration_s is None else f" in {elapsed(call.duration_s)}"
    why = "" if call.error is None else f" ({call.error})"
    yield f"  {one_line(call.tool)} {said}".rstrip()
    told = call.output or ""
    shown = one_line(told) if full else clip(told, CLIP_COLUMNS)
    yield f"    {call.status}{took}{why}" + (f": {shown}" if shown else "")


def _shown(text: str, *, full: bool) -> str:
    """Return a text as a block, its first lines only unless all of it is wanted."""
    lines = text.rstrip().split("\n")
    if full or len(lines) <= OUTPUT_LINES:
        return indented("\n".join(lines))
    rest = count(len(lines) - OUTPUT_LINES, "line")
    return indented("\n".join([*lines[:OUTPUT_LINES], f"… {rest} more, all with --full"]))

"""One run in full, as text and as JSON: steps, calls, results, tokens, cost, what it waits for."""

from collections.abc import Iterator, Sequence

from flowrun.events.labels import level_of
from flowrun.ids import JsonObject
from flowrun.views.commands import resume_command
from flowrun.views.questions import question_lines
from flowrun.views.run_progress import cost_said
from flowrun.views.run_result import result_object, seconds, step_object
from flowrun.views.run_summary import RunSummary
from flowrun.views.runs import RunRow, row_object
from flowrun.views.step_summary import CallSummary, StepSummary, add_usage
from flowrun.views.text import clip, count, elapsed, indented, instant, one_line, say, table

CLIP_COLUMNS = 200
OUTPUT_LINES = 12
FAILED_ITEMS = 10
"""Items of a step that are told one by one; all of them only when all is wanted."""


def run_text(row: RunRow, summary: RunSummary, *, full: bool = False) -> str:
    """Return one run: its steps, their calls, what came out; long texts cut unless `full`."""
    return "\n".join(_run_lines(row, summary, full=full)) + "\n"


def step_text(step: StepSummary, *, full: bool = False) -> str:
    """Return one step of a run, or one part of one."""
    lines = [*_table([step]), "", *_step_lines(step, full=full, is_alone=True)]
    return "\n".join(lines) + "\n"


def find_step(summary: RunSummary, label: str) -> StepSummary | None:
    """Return a step of a run, or one item, iteration or try."""
    for step in summary.steps:
        for one in (step, *step.parts):
            if one.name == label:
                return one
    return None


def run_object(row: RunRow, summary: RunSummary) -> JsonObject:
    """Return one run as `runs show --format json` promises it: the result, and how it came about.

    Nothing is cut. Every key of the result object is there, with the same meaning.
    """
    result = result_object(summary, row.project)
    return {
        **result,
        **row_object(row),
        "error": result["error"],
        "inputs": summary.inputs,
        "entries": summary.entries,
        "steps": {step.name: full_step_object(step) for step in summary.steps},
    }


def full_step_object(step: StepSummary) -> JsonObject:
    """Return one step with its calls and its parts."""
    shown: dict[str, object] = {
        **step_object(step),
        "started_at": step.started_at,
        "assistant": step.assistant,
        "tool_calls": [_call_object(call) for call in step.calls],
        "parts": {part.name: full_step_object(part) for part in step.parts},
    }
    return shown  # type: ignore[return-value]  # JSON all the way down


def _call_object(call: CallSummary) -> JsonObject:
    return {
        "id": call.id,
        "tool": call.tool,
        "arguments": call.arguments,
        "status": call.status,
        "output": call.output,
        "error": call.error,
        "duration_s": seconds(call.duration_s),
    }


def _run_lines(row: RunRow, summary: RunSummary, *, full: bool) -> Iterator[str]:
    yield from _head(row, summary)
    yield ""
    yield from _table(summary.steps)
    for step in summary.steps:
        lines = list(_step_lines(step, full=full))
        if len(lines) > 1:
            yield ""
            yield from lines
    for name, value in summary.outputs.items():
        yield ""
        yield f"output {name}"
        yield _shown(say(value), full=full)
    if summary.questions and row.finished_at is None:
        yield ""
        yield from question_lines(row.run_id, summary.questions, project=row.project, full=True)
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
    used = [*([count(tokens, "token")] if tokens else []), *cost_said(summary.cost_usd)]
    if used:
        yield ", ".join(used)
    for name, value in summary.inputs.items():
        yield f"input {name}: {clip(say(value), CLIP_COLUMNS)}"
    if summary.error is not None:
        said = "" if summary.status == "parked" else "error: "
        yield f"{said}{one_line(summary.error)}"
    if summary.hint is not None and summary.status != "parked":
        yield f"help: {one_line(summary.hint)}"


_COLUMNS = ("step", "state", "took", "tokens", "calls", "items", "cost")
_ALWAYS = 5
"""Columns that are there even when they are empty."""


def _table(steps: Sequence[StepSummary]) -> Iterator[str]:
    rows = [_step_cells(step) for step in steps]
    wanted = [at for at in range(len(_COLUMNS)) if at < _ALWAYS or any(row[at] for row in rows)]
    yield from table([_COLUMNS[at] for at in wanted], [[row[at] for at in wanted] for row in rows])


def _step_cells(step: StepSummary) -> tuple[str, ...]:
    tokens = add_usage([step.usage])["total_tokens"]
    took = step.status in ("completed", "failed") and step.duration_s is not None
    calls = sum(len(one.calls) for one in (step, *step.parts))
    return (
        "  " * step.depth + step.name.rpartition("/")[2],
        step.status,
        elapsed(step.duration_s or 0.0) if took else "",
        f"{tokens:,}" if tokens else "",
        str(calls) if calls else "",
        _counted(step),
        "".join(cost_said(step.cost_usd)),
    )


def _counted(step: StepSummary) -> str:
    if not step.is_many:
        return ""
    states = [one.status for one in step.instances]
    over = sum(state in ("completed", "failed", "skipped") for state in states)
    of = "" if step.items is None else f"/{step.items}"
    failed = states.count("failed")
    return f"{over}{of}" + (f", {failed} failed" if failed else "")


def _step_lines(step: StepSummary, *, full: bool, is_alone: bool = False) -> Iterator[str]:
    yield f"step {step.name}" + (f" ({step.assistant})" if step.assistant else "")
    for call in step.calls:
        yield from _call_lines(call, full=full)
    for part in _parts(step, everything=full or is_alone):
        took = "" if part.duration_s is None else f" in {elapsed(part.duration_s)}"
        why = "" if part.error is None else f": {one_line(part.error)}"
        yield f"  {part.name} {part.status}{took}{why}"
        for call in part.calls:
            yield from (f"  {line}" for line in _call_lines(call, full=full))
        if full and part.output is not None:
            yield indented(_shown(say(part.output), full=full))
    hidden = len(step.parts) - len(_parts(step, everything=full or is_alone))
    if hidden and step.is_many:
        yield f"  … {count(hidden, 'part')} more, all with --full"
    if step.error is not None:
        yield "  " + ("" if step.status == "skipped" else "error: ") + one_line(step.error)
    if step.output is not None:
        yield _shown(say(step.output), full=full)


def _parts(step: StepSummary, *, everything: bool) -> list[StepSummary]:
    """Return the parts to tell: of many items those that failed, of a single step its tries."""
    if everything:
        return list(step.parts)
    if not step.is_many:
        return [part for part in step.parts if part.calls or part.error is not None]
    failed = [one for one in step.parts if one.status == "failed" and level_of(one.name) == "item"]
    return failed[:FAILED_ITEMS]


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

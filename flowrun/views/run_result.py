"""What came of a run: the result object and the outputs as text.

The object is what `--format json` prints and what scripts rely on; its keys are a promise.
"""

from flowrun.ids import JsonObject
from flowrun.views.questions import question_object
from flowrun.views.run_summary import RunSummary
from flowrun.views.step_summary import StepSummary
from flowrun.views.text import Stream, neutralise, say

RESULT_VERSION = 1


def result_object(summary: RunSummary, project: str = "") -> JsonObject:
    """Return the result as `--format json` promises it.

    Args:
        summary: Of the run.
        project: Where the run is to be found, unless that is here.
    """
    asked = summary.questions
    return {
        "format_version": RESULT_VERSION,
        "run_id": summary.run_id,
        "flow": summary.flow,
        "status": summary.status,
        "plan_digest": summary.plan_digest,
        "outputs": summary.outputs,
        "steps": {step.name: step_object(step) for step in summary.steps},
        "usage": summary.usage,
        "cost_usd": summary.cost_usd,
        "duration_s": seconds(summary.duration_s),
        "error": _error_object(summary),
        "questions": [
            question_object(summary.run_id, one, among=asked, project=project) for one in asked
        ],
        "wake_at": summary.wake_at,
    }


def step_object(step: StepSummary) -> JsonObject:
    """Return one step as the result object has it."""
    error: JsonObject | None = None
    if step.error is not None:
        error = {"code": step.error_code, "message": step.error, "hint": step.hint}
    return {
        "status": step.status,
        "output": step.output,
        "error": error,
        "usage": step.usage,
        "cost_usd": step.cost_usd,
        "items": _items_object(step),
        "errors": list(step.errors),
        "thread_id": step.thread_id,
        "run_id": step.run_id,
        "duration_s": seconds(step.duration_s),
    }


def seconds(duration: float | None) -> float | None:
    """Return a duration to the millisecond."""
    return None if duration is None else round(duration, 3)


def write_outputs(summary: RunSummary, stream: Stream) -> None:
    """Write the outputs as text: a single one as it is, several under their names.

    A file or a pipe is given the very text; a terminal is spared its control characters.
    """
    if not summary.outputs:
        return
    text = _outputs_text(summary.outputs)
    shown = neutralise(text) if stream.isatty() else text
    stream.write(shown if shown.endswith("\n") else shown + "\n")


def _items_object(step: StepSummary) -> JsonObject | None:
    if not step.is_many:
        return None
    states = [one.status for one in step.instances]
    return {
        "total": step.items,
        "completed": states.count("completed"),
        "failed": states.count("failed"),
    }


def _outputs_text(outputs: JsonObject) -> str:
    if len(outputs) == 1:
        return "".join(say(value) for value in outputs.values())
    return "\n\n".join(f"{name}:\n{say(value).rstrip()}" for name, value in outputs.items())


def _error_object(summary: RunSummary) -> JsonObject | None:
    if summary.error is None:
        return None
    return {"code": summary.error_code, "message": summary.error, "hint": summary.hint}

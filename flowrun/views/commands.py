"""Commands that people are told to type: to go on with a run, to answer its questions."""

import shlex
from collections.abc import Sequence

from flowrun.events.records import QuestionAsked
from flowrun.ids import JsonObject

_OPTIONS = {
    "approve": (("--approve",), ("--reject",)),
    "approval": (("--approve",), ("--reject",)),
    "unknown": (("--done",), ("--run",), ("--fail",)),
}


def resume_command(run_id: str, project: str = "") -> str:
    """Return what a person types to go on with a run.

    Args:
        run_id: Of the run.
        project: The project's folder, where the command would look for another one by itself.
    """
    return f"flowrun runs resume {run_id}{_elsewhere(project)}"


def show_command(run_id: str, project: str = "") -> str:
    """Return what a person types to see a run; see `resume_command`."""
    return f"flowrun runs show {run_id}{_elsewhere(project)}"


def answer_commands(
    run_id: str,
    asked: QuestionAsked,
    *,
    among: Sequence[QuestionAsked] = (),
    project: str = "",
) -> tuple[str, ...]:
    """Return what a person types to answer a question, a command for each decision there is.

    Args:
        run_id: Of the run.
        asked: The question.
        among: All open questions of the run: where several are of one step, the call is named.
        project: See `resume_command`.
    """
    words = ["flowrun", "runs", "answer", run_id, asked.step]
    if asked.call_id and sum(one.step == asked.step for one in among) > 1:
        words += ["--call", asked.call_id]
    decisions = _OPTIONS.get(asked.kind) or ((*_values(asked.schema or {}),), ("--reject",))
    return tuple(
        " ".join(map(shlex.quote, [*words, *options])) + _elsewhere(project)
        for options in decisions
    )


def _values(schema: JsonObject) -> list[str]:
    """Return the options of the fields that must be filled in, or else of all there are."""
    fields = schema.get("properties")
    required = schema.get("required")
    names = list(required) if isinstance(required, Sequence) and required else list(fields or ())  # type: ignore[arg-type]  # a JSON Schema, checked with the flow
    return [word for name in names for word in ("--value", f"{name}=...")]


def _elsewhere(project: str) -> str:
    return f" --project {shlex.quote(project)}" if project else ""

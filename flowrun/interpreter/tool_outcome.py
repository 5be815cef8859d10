"""What a tool call came to, in words: for a model, for a person, and read back from a record."""

import re
from collections.abc import Sequence
from typing import Literal, cast

from flowrun.events.records import QuestionAnswered, ToolCallFinished
from flowrun.ids import JsonValue
from flowrun.interpreter.json_text import read_json
from flowrun.interpreter.state import as_text
from flowrun.plan.plan import PlannedRetry
from flowrun.ports.runtime import AnsweredRound
from flowrun.ports.tools import ToolFailed, ToolFailureKind, ToolOutcome, ToolSucceeded

_ERROR = "Error: "
_TOLD = (
    "You called these tools already, and these are their outputs. Go on from there and do not make "
    "the same calls again."
)
_TRY = re.compile(r"(?<=/)try\[\d+\]/")
_MAY_PASS: dict[ToolFailureKind, str] = {
    "exception": "tool",
    "timeout": "timeout",
    "exit_code": "tool",
    "cannot_start": "tool",
}
"""Failures that another try may mend, and their codes as `retry.on` names them."""


def told_to_model(outcome: ToolOutcome) -> str:
    """Return what the model is given as the call's output."""
    return outcome.text if isinstance(outcome, ToolSucceeded) else _ERROR + outcome.message


def said_of(ended: ToolCallFinished) -> str:
    """Return why a call failed, as a person is told."""
    return ended.output.removeprefix(_ERROR)


def outcome_of(ended: ToolCallFinished) -> ToolOutcome:
    """Return the outcome that a call's end was written from."""
    if ended.error is None:
        return ToolSucceeded(value=ended.value, text=ended.output)
    kind = cast("ToolFailureKind", ended.error)  # the outcome's own
    return ToolFailed(kind=kind, message=said_of(ended), value=ended.value)


def unknown_outcome(tool: str) -> ToolFailed:
    """Return the outcome of a call that a crash interrupted."""
    return ToolFailed(
        kind="outcome_unknown",
        message=f"`{tool}` was started before an interruption and whether it finished cannot be "
        "known; it was not run again",
    )


def refused_outcome(answered: QuestionAnswered) -> ToolFailed:
    """Return the outcome of a call that a person did not approve, as the model is told."""
    why = f": {answered.comment}" if answered.comment else ""
    return ToolFailed(kind="rejected", message=f"a person refused this call{why}")


def adopted(value: JsonValue) -> ToolSucceeded:
    """Return the outcome of a call that somebody knows to have happened, and what it came to."""
    return ToolSucceeded(value=value, text=as_text(value))


def read_probe(outcome: ToolOutcome) -> ToolSucceeded | Literal[False] | None:
    """Return what a probe found: what the call came to, False when it did not happen.

    None when the probe failed, or says neither. A probe returns `{done: bool, output: ...}`, or a
    program prints that.
    """
    if isinstance(outcome, ToolFailed):
        return None
    found = outcome.value
    if not (isinstance(found, dict) and "done" in found):
        try:
            found = read_json(outcome.text)
        except ValueError:
            return None
    done = found.get("done") if isinstance(found, dict) else None
    if done is True and isinstance(found, dict):
        return adopted(found.get("output"))
    return False if done is False else None


def tell_rounds(rounds: Sequence[AnsweredRound]) -> str:
    """Return what a thread is told of answered calls where a run cannot begin with them."""
    calls = [
        f"`{call.name}` with {call.arguments.strip() or '{}'}:\n{output}"
        for one in rounds
        for call, output in zip(one.calls, one.outputs, strict=True)
    ]
    return "\n\n".join([_TOLD, *calls])


def may_pass(outcome: ToolOutcome, retry: PlannedRetry) -> bool:
    """Tell whether the call failed in a way that another try may mend."""
    if not isinstance(outcome, ToolFailed):
        return False
    code = _MAY_PASS.get(outcome.kind)
    return code is not None and (not retry.on or code in retry.on)


def pause_after(retry: PlannedRetry, failed: int) -> float:
    """Return the seconds between a failed try, counted from 1, and the next."""
    return min(retry.delay_s * retry.backoff ** (failed - 1), retry.max_delay_s)


def path_without_tries(path: str, key: str) -> str:
    """Return the plan path of a call as every try of it has it.

    Args:
        path: Of this try's call.
        key: The end of the path that the call itself is named by; a model may have named it.
    """
    return _TRY.sub("", path.removesuffix(key)) + key

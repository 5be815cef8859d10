"""The life of a run: one table, and nothing else decides where a run may go.

Pairs that are not in the table are refused. Three choices are ours where the hosted service was
never observed: a run that is being cancelled neither completes nor expires any more (the cancel
wins), and a run that waits for tool outputs does not fail (nothing of it is at work).
"""

from collections.abc import Mapping
from enum import StrEnum

from flowrun.assistants.records import MessageCut, StepStatus
from flowrun.errors import IllegalTransition
from flowrun.ports.runtime import RunStatus


class RunTrigger(StrEnum):
    """What can happen to a run."""

    START = "start"
    """A worker takes it up."""
    REQUIRE_ACTION = "require_action"
    """The model asked for function calls."""
    SUBMIT = "submit"
    """The complete set of outputs came."""
    COMPLETE = "complete"
    """The model's last message is done."""
    CUT_SHORT = "cut_short"
    """A token budget or the content filter stopped it."""
    FAIL = "fail"
    """The endpoint failed."""
    CANCEL = "cancel"
    """Somebody wants it to stop."""
    CONFIRM_CANCEL = "confirm_cancel"
    """It has stopped."""
    EXPIRE = "expire"
    """Its deadline passed."""


_T = RunTrigger

RUN_TABLE: Mapping[tuple[RunStatus, RunTrigger], RunStatus] = {
    ("queued", _T.START): "in_progress",
    ("queued", _T.FAIL): "failed",
    ("queued", _T.CANCEL): "cancelling",
    ("queued", _T.EXPIRE): "expired",
    ("in_progress", _T.REQUIRE_ACTION): "requires_action",
    ("in_progress", _T.COMPLETE): "completed",
    ("in_progress", _T.CUT_SHORT): "incomplete",
    ("in_progress", _T.FAIL): "failed",
    ("in_progress", _T.CANCEL): "cancelling",
    ("in_progress", _T.EXPIRE): "expired",
    ("requires_action", _T.SUBMIT): "queued",
    ("requires_action", _T.CANCEL): "cancelling",
    ("requires_action", _T.EXPIRE): "expired",
    ("cancelling", _T.CONFIRM_CANCEL): "cancelled",
}

_STEP_ENDINGS: Mapping[RunStatus, StepStatus] = {
    "completed": "completed",
    "incomplete": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "expired": "expired",
}

_MESSAGE_CUTS: Mapping[RunStatus, MessageCut] = {
    "failed": "run_failed",
    "cancelled": "run_cancelled",
    "expired": "run_expired",
}


def next_status(status: RunStatus, trigger: RunTrigger) -> RunStatus:
    """Return where a run goes.

    Raises:
        IllegalTransition: the table does not have the pair.
    """
    found = RUN_TABLE.get((status, trigger))
    if found is None:
        raise IllegalTransition("run", status, trigger.value)
    return found


def step_ending(status: RunStatus) -> StepStatus:
    """Return how a step that is still open ends when its run ends so."""
    return _STEP_ENDINGS[status]


def message_cut(status: RunStatus) -> MessageCut:
    """Return why a half-written message stays so when its run ends so."""
    return _MESSAGE_CUTS[status]

"""The run's table, over the whole product of states and triggers."""

from itertools import product
from typing import get_args

import pytest

from flowrun.assistants.states import (
    RUN_TABLE,
    RunTrigger,
    message_cut,
    next_status,
    step_ending,
)
from flowrun.errors import IllegalTransition
from flowrun.ports.runtime import TERMINAL, RunStatus

STATUSES = get_args(RunStatus)


@pytest.mark.parametrize(("status", "trigger"), list(product(STATUSES, RunTrigger)))
def test_a_pair_is_in_the_table_or_refused(status, trigger):
    if (status, trigger) in RUN_TABLE:
        assert next_status(status, trigger) == RUN_TABLE[status, trigger]
        return
    with pytest.raises(IllegalTransition) as refusal:
        next_status(status, trigger)
    assert (refusal.value.state, refusal.value.event) == (status, trigger.value)


def test_nothing_leaves_a_terminal_status():
    assert not [pair for pair in RUN_TABLE if pair[0] in TERMINAL]


def test_every_status_but_the_first_can_be_reached_and_every_active_one_left():
    assert set(RUN_TABLE.values()) | {"queued"} == set(STATUSES)
    assert {status for status, _ in RUN_TABLE} == set(STATUSES) - TERMINAL


def test_cancelling_and_expiry_reach_every_active_status():
    active = {"queued", "in_progress", "requires_action"}
    assert {state for state, trigger in RUN_TABLE if trigger is RunTrigger.CANCEL} == active
    assert {state for state, trigger in RUN_TABLE if trigger is RunTrigger.EXPIRE} == active


def test_open_steps_end_as_their_run_does():
    endings = {status: step_ending(status) for status in TERMINAL}
    assert endings == {
        "completed": "completed",
        "incomplete": "completed",
        "failed": "failed",
        "cancelled": "cancelled",
        "expired": "expired",
    }


def test_a_half_written_message_says_which_end_of_the_run_cut_it():
    assert message_cut("cancelled") == "run_cancelled"
    assert message_cut("expired") == "run_expired"
    assert message_cut("failed") == "run_failed"

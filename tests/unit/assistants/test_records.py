"""What records derive from a status instead of keeping it twice."""

from dataclasses import replace

import pytest

from flowrun.assistants.records import Message, RefusalPart, RunState, RunStep, TextPart
from flowrun.ports.models import TokenUsage
from flowrun.ports.runtime import TERMINAL
from tests.unit.assistants.test_turnplan import run


@pytest.mark.parametrize("status", ["queued", "in_progress", "requires_action", "cancelling"])
def test_an_active_run_expires_and_tells_no_usage(status):
    one = run(RunState(status=status, tokens=TokenUsage(1, 1, 2)))
    assert (one.is_over, one.expires_at, one.usage) == (False, 600, None)


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_a_run_that_is_over_tells_usage_and_expires_no_more(status):
    one = run(RunState(status=status, ended_at=7, tokens=TokenUsage(1, 1, 2)))
    assert (one.is_over, one.expires_at, one.usage) == (True, None, TokenUsage(1, 1, 2))
    ends = {
        "completed": one.completed_at,
        "failed": one.failed_at,
        "cancelled": one.cancelled_at,
    }
    assert ends == {end: 7 if end == status else None for end in ends}


def test_a_step_fills_the_time_of_its_ending_and_no_other():
    step = RunStep(
        id="step_1",
        run_id="run_1",
        thread_id="thread_1",
        assistant_id="asst_1",
        place=1,
        created_at=0,
        status="in_progress",
        tokens=TokenUsage(1, 1, 2),
    )
    assert (step.type, step.usage) == ("tool_calls", None)
    for status in ("completed", "failed", "cancelled", "expired"):
        ended = replace(step, status=status, ended_at=7)
        assert ended.usage == TokenUsage(1, 1, 2)
        for name in ("completed", "failed", "cancelled", "expired"):
            assert getattr(ended, f"{name}_at") == (7 if name == status else None)
    assert replace(step, message_id="msg_1").type == "message_creation"


def test_a_message_fills_the_time_of_its_ending_and_no_other():
    message = Message(
        id="msg_1",
        thread_id="thread_1",
        place=1,
        created_at=0,
        role="assistant",
        content=(TextPart("well"), RefusalPart("no")),
        ended_at=7,
    )
    assert (message.completed_at, message.incomplete_at) == (7, None)
    assert message.text == "well\nno"
    cut = replace(message, status="incomplete", cut="max_tokens")
    assert (cut.completed_at, cut.incomplete_at) == (None, 7)

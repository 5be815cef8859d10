"""Drafts: what is told of a message or calls while they stream, and what they become."""

from flowrun.assistants.drafts import CallsDraft, MessageDraft
from flowrun.assistants.progress import MessageChanged, StepChanged
from flowrun.assistants.records import TextPart
from flowrun.ports.models import TokenUsage, ToolCall
from tests.unit.assistants.test_turnplan import run


def test_a_message_opens_with_its_step_and_without_content():
    draft = MessageDraft(run(), 5)
    created, step, message, told = draft.opening()
    assert (created.change, step.change, message.change, told.change) == (
        "created",
        "in_progress",
        "created",
        "in_progress",
    )
    assert isinstance(created, StepChanged)
    assert isinstance(message, MessageChanged)
    assert created.step.message_id == message.message.id == draft.id
    assert (message.message.content, message.message.status) == ((), "in_progress")


def test_a_message_is_kept_under_the_ids_it_was_told_with():
    draft = MessageDraft(run(), 5)
    whole = draft.message(3, (TextPart("hi"),), None, 9)
    step = draft.step(4, "completed", 9, tokens=TokenUsage(1, 1, 2), error=None)
    assert (whole.id, whole.place, whole.created_at, whole.completed_at) == (draft.id, 3, 5, 9)
    assert (step.id, step.place, step.message_id) == (draft.step_id, 4, draft.id)
    assert (whole.run_id, whole.assistant_id) == ("run_1", "asst_1")
    cut = draft.message(3, (TextPart("hi"),), "run_failed", 9)
    assert (cut.status, cut.cut) == ("incomplete", "run_failed")


def test_calls_open_with_an_empty_step_and_are_kept_waiting():
    draft = CallsDraft(run(), 5)
    created, _ = draft.opening()
    assert (created.step.id, created.step.calls) == (draft.step_id, ())
    call = ToolCall("c", "look", "{}")
    step = draft.step(2, (call,), TokenUsage(1, 1, 2))
    assert (step.id, step.status, step.calls, step.usage) == (
        draft.step_id,
        "in_progress",
        (call,),
        None,
    )

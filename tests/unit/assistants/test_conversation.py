"""Conversations, read back from records."""

from dataclasses import replace

from flowrun.assistants.conversation import Held, answered, rebuild, spoken
from flowrun.assistants.records import Message, RefusalPart, RunStep, TextPart
from flowrun.ports.models import AssistantItem, ToolCall, ToolCallsItem, ToolOutputItem, UserItem

CALL = ToolCall("call_1", "look", "{}")


def message(place, text, role="assistant", run_id="run_1") -> Message:
    return Message(
        id=f"msg_{place}",
        thread_id="thread_1",
        place=place,
        created_at=0,
        role=role,
        content=(TextPart(text),),
        run_id=None if role == "user" else run_id,
    )


def round_of_calls(place, status="completed", outputs=("seen",), run_id="run_1") -> RunStep:
    return RunStep(
        id=f"step_{place}",
        run_id=run_id,
        thread_id="thread_1",
        assistant_id="asst_1",
        place=place,
        created_at=0,
        status=status,
        calls=(CALL,),
        outputs=outputs,
    )


def writing(place, message_place) -> RunStep:
    return RunStep(
        id=f"step_{place}",
        run_id="run_1",
        thread_id="thread_1",
        assistant_id="asst_1",
        place=place,
        created_at=0,
        status="completed",
        message_id=f"msg_{message_place}",
    )


def test_messages_are_shown_as_they_were_said():
    assert spoken(message(1, "hi", "user")) == UserItem("hi")
    assert spoken(message(1, "hello")) == AssistantItem("hello")


def test_an_empty_answer_is_not_shown_but_an_empty_question_is():
    assert spoken(message(1, "")) is None
    assert spoken(message(1, "", "user")) == UserItem("")


def test_a_refusal_is_shown_as_text():
    refused = Message(
        id="msg_1",
        thread_id="t",
        place=1,
        created_at=0,
        role="assistant",
        content=(TextPart("Well"), RefusalPart("no")),
    )
    assert spoken(refused) == AssistantItem("Well\nno")


def test_places_decide_the_order_and_not_the_order_of_rows():
    rebuilt = rebuild([message(3, "two"), message(1, "one", "user")], [writing(4, 3)], None)
    assert rebuilt.items == [UserItem("one"), AssistantItem("two")]


def test_what_was_said_before_calls_is_one_item_with_them():
    messages = [message(1, "q", "user"), message(2, "Let me see"), message(5, "done")]
    rebuilt = rebuild(messages, [writing(3, 2), round_of_calls(4), writing(6, 5)], 2)
    assert rebuilt.items == [
        UserItem("q"),
        ToolCallsItem((CALL,), "Let me see"),
        ToolOutputItem("call_1", "seen"),
        AssistantItem("done"),
    ]
    assert rebuilt.first_item == 1


def test_calls_in_a_row_are_rounds_of_their_own():
    other = replace(round_of_calls(3), calls=(ToolCall("call_2", "look", "{}"),))
    rebuilt = rebuild([message(1, "q", "user")], [round_of_calls(2), other], 2)
    assert rebuilt.items[1:] == [*answered(round_of_calls(2), ""), *answered(other, "")]


def test_the_answer_of_an_earlier_run_is_not_taken_for_words_before_calls():
    rebuilt = rebuild([message(1, "bye", run_id="run_0")], [round_of_calls(3)], 3)
    assert rebuilt.items[:2] == [AssistantItem("bye"), ToolCallsItem((CALL,))]


def test_calls_that_wait_are_left_out_together_with_the_words_before_them():
    pending = round_of_calls(4, "in_progress", None)
    rebuilt = rebuild([message(1, "q", "user"), message(2, "Let me see")], [pending], 2)
    assert (rebuilt.items, rebuilt.before_calls) == ([UserItem("q")], "Let me see")


def test_calls_that_were_never_answered_leave_only_the_words_before_them():
    cancelled = round_of_calls(4, "cancelled", None)
    messages = [message(1, "q", "user"), message(2, "Let me see"), message(5, "and?", "user")]
    rebuilt = rebuild(messages, [cancelled], None)
    assert rebuilt.items == [UserItem("q"), AssistantItem("Let me see"), UserItem("and?")]
    assert (rebuilt.before_calls, rebuilt.first_item) == ("", 3)


def test_words_before_calls_without_an_answer_are_held_until_something_comes_after_them():
    cancelled = round_of_calls(4, "cancelled", None)
    rebuilt = rebuild([message(1, "q", "user"), message(2, "Let me see")], [cancelled], None)
    assert rebuilt.items == [UserItem("q")]
    assert rebuilt.conversation.held == Held(("call_1",), "Let me see")
    rebuilt.conversation.let_out()
    assert rebuilt.items == [UserItem("q"), AssistantItem("Let me see")]


def test_a_run_without_entries_comes_after_the_words_that_were_held():
    cancelled = round_of_calls(4, "cancelled", None)
    rebuilt = rebuild([message(1, "q", "user"), message(2, "Let me see")], [cancelled], 5)
    assert (rebuilt.items[-1], rebuilt.first_item) == (AssistantItem("Let me see"), 2)


def test_a_round_that_a_later_run_begins_with_is_said_again_with_the_words_before_it():
    messages = [message(1, "q", "user"), message(2, "Let me see")]
    steps = [round_of_calls(4, "cancelled", None), round_of_calls(5, run_id="run_2")]
    rebuilt = rebuild(messages, steps, 5)
    assert rebuilt.items == [UserItem("q"), *answered(round_of_calls(5), "Let me see")]
    assert rebuilt.first_item == 1


def test_a_round_that_is_shown_already_is_not_shown_twice():
    steps = [round_of_calls(2), round_of_calls(3, run_id="run_2")]
    rebuilt = rebuild([message(1, "q", "user"), message(4, "done", run_id="run_2")], steps, 3)
    assert rebuilt.items == [
        UserItem("q"),
        *answered(round_of_calls(2), ""),
        AssistantItem("done"),
    ]
    assert rebuilt.first_item == 1

import pytest

from flowrun.models.script import Script, Unmatched, quoted, read_asked
from flowrun.ports.models import (
    AssistantItem,
    ModelRequest,
    ToolCall,
    ToolCallsItem,
    ToolOutputItem,
    Transcript,
    UserItem,
)
from flowrun.spec.replies import Replies


def script(*replies):
    return Script(Replies.model_validate({"version": 1, "replies": list(replies)}))


def asked(*items, assistant="guide", model="m"):
    return read_asked(
        ModelRequest(model=model, transcript=Transcript(list(items)), assistant=assistant)
    )


def called(*names):
    calls = tuple(ToolCall(f"id_{name}", name, "{}") for name in names)
    outputs = [ToolOutputItem(f"id_{name}", f"{name} says {name.upper()}") for name in names]
    return [ToolCallsItem(calls), *outputs]


QUESTION = asked(UserItem("How is the Weather?"))
AFTER_ONE = asked(UserItem("Hm?"), *called("weather"))
AFTER_TWO = asked(UserItem("Hm?"), *called("weather", "disk"))
SECOND_ROUND = asked(UserItem("Hm?"), *called("weather"), *called("disk"))


@pytest.mark.parametrize(
    ("when", "request_", "fits"),
    [
        ({}, QUESTION, True),
        ({"assistant": "guide"}, QUESTION, True),
        ({"assistant": "editor"}, QUESTION, False),
        ({"model": "m"}, QUESTION, True),
        ({"model": "M"}, QUESTION, False),
        ({"user": "the WEATHER"}, QUESTION, True),
        ({"user": "rain"}, QUESTION, False),
        ({}, AFTER_ONE, False),
        ({"turn": 0}, QUESTION, True),
        ({"turn": 1}, AFTER_ONE, True),
        ({"turn": 1}, SECOND_ROUND, False),
        ({"turn": 2}, SECOND_ROUND, True),
        ({"after": "weather"}, QUESTION, False),
        ({"after": "weather"}, AFTER_ONE, True),
        ({"after": "weather"}, AFTER_TWO, True),
        ({"after": "weather"}, SECOND_ROUND, False),
        ({"after": "disk"}, SECOND_ROUND, True),
        ({"after": ["weather", "disk"]}, AFTER_TWO, True),
        ({"after": ["weather", "disk"]}, AFTER_ONE, False),
        ({"after": True}, AFTER_ONE, True),
        ({"after": True}, QUESTION, False),
        ({"after": "disk", "turn": 1}, SECOND_ROUND, False),
        ({"after": True, "output": "DISK"}, AFTER_TWO, True),
        ({"after": "weather", "output": "DISK"}, AFTER_TWO, False),
        ({"output": "WEATHER"}, AFTER_ONE, True),
        ({"output": "weather SAYS"}, AFTER_ONE, False),
        ({"output": "How"}, QUESTION, False),
        ({"assistant": "guide", "user": "hm", "after": "weather"}, AFTER_ONE, True),
        ({"assistant": "editor", "user": "hm", "after": "weather"}, AFTER_ONE, False),
    ],
)
def test_all_conditions_given_must_hold(when, request_, fits):
    found = script({"when": when, "say": "x"}).choose(request_)
    assert isinstance(found, Unmatched) is not fits


def test_the_first_that_fits_is_given():
    one = script({"say": "a", "when": {"user": "rain"}}, {"say": "b"}, {"say": "c"})
    assert one.choose(QUESTION).say == "b"


def test_times_bounds_how_often_a_reply_is_given():
    one = script({"say": "a", "times": 2}, {"say": "b"})
    assert [one.choose(QUESTION).say for _ in range(3)] == ["a", "a", "b"]


def test_turns_are_counted_from_the_last_user_message():
    history = [UserItem("a"), *called("weather"), AssistantItem("x")]
    assert asked(*history).turn == 2
    assert asked(*history, UserItem("b")).turn == 0
    assert asked(*history, UserItem("b")).outputs == ()


def test_without_any_user_message_there_is_still_a_request():
    request = asked()
    assert (request.user, request.turn, request.outputs) == ("", 0, ())


def test_an_unknown_assistant_fits_every_condition_on_it():
    request = asked(UserItem("hi"), assistant="")
    assert script({"when": {"assistant": "editor"}, "say": "x"}).choose(request).say == "x"


def test_no_reply_shows_what_was_asked_and_the_nearest():
    one = script(
        {"when": {"assistant": "editor", "user": "rain"}, "say": "a"},
        {"when": {"assistant": "guide", "user": "rain"}, "say": "b"},
    )
    assert one.choose(QUESTION).problem == (
        'no reply fits: assistant `guide` was asked "How is the Weather?" (turn 0); '
        'the nearest is reply 2: expected "rain" in the user message'
    )


def test_no_reply_shows_the_outputs_the_turn_follows():
    found = script({"when": {"after": "disk"}, "say": "a"}).choose(AFTER_ONE)
    assert found.problem == (
        'no reply fits: assistant `guide` was asked "Hm?", and `weather` said '
        '"weather says WEATHER" (turn 1); the nearest is reply 1: expected outputs of `disk`, '
        "found `weather`"
    )


@pytest.mark.parametrize(
    ("reply", "request_", "why"),
    [
        ({"say": "a"}, AFTER_ONE, "it has neither `after` nor `turn`"),
        ({"when": {"turn": 3}, "say": "a"}, QUESTION, "expected turn 3, found 0"),
        ({"when": {"after": True}, "say": "a"}, QUESTION, "expected outputs, found none"),
        ({"when": {"output": "x"}, "say": "a"}, AFTER_ONE, 'expected "x" in the outputs'),
        ({"when": {"model": "x"}, "say": "a"}, QUESTION, "expected model `x`, found `m`"),
        ({"when": {"assistant": "x"}, "say": "a"}, QUESTION, "expected assistant `x`, found `gui"),
    ],
)
def test_the_nearest_reply_says_which_condition_failed(reply, request_, why):
    assert why in script(reply).choose(request_).problem


def test_a_used_up_reply_says_so():
    one = script({"say": "a", "times": 1})
    one.choose(QUESTION)
    assert "it was given 1 time already" in one.choose(QUESTION).problem


def test_long_texts_are_clipped_to_one_line():
    assert quoted("a\n b") == '"a b"'
    assert len(quoted("x" * 500)) == 203

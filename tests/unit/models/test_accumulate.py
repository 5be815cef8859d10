"""Envelope quirks of Chat Completions servers; those of tool calls are in `test_tool_calls`."""

import json

import pytest

from flowrun.models.accumulate import ChatReading
from flowrun.models.sse import ServerSentEvent
from flowrun.ports.models import ModelTurn, TextDelta, TokenUsage, ToolCallDelta

DONE = ServerSentEvent(b"", b"[DONE]")
STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
CALL = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def event(value):
    return value if isinstance(value, ServerSentEvent) else ServerSentEvent(b"", encoded(value))


def encoded(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def delta(content=None, finish=None, **fields):
    given = fields if content is None else {"content": content, **fields}
    return {"choices": [{"index": 0, "delta": given, "finish_reason": finish}]}


def read(*chunks, whole=None):
    """Read chunks one network write each; return the reading and all deltas."""
    reading = ChatReading()
    out = [one for chunk in chunks for one in reading.take([event(chunk)])]
    return reading, out


def turn_of(*chunks):
    reading, _ = read(*chunks)
    assert reading.error is None, reading.error
    return reading.turn()


def test_adjacent_text_of_one_network_chunk_is_one_delta():
    reading = ChatReading()
    out = reading.take([event(delta("It ")), event(delta("is ")), event(delta("sunny"))])
    assert out == [TextDelta("It is sunny")]


def test_text_and_calls_keep_their_order():
    reading = ChatReading()
    chunks = [delta("a"), delta(tool_calls=[CALL]), delta("b")]
    out = reading.take([event(one) for one in chunks])
    assert out == [TextDelta("a"), ToolCallDelta(0, "a", "f", "{}"), TextDelta("b")]


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "repetition", "abort", "odd"])
def test_any_finish_reason_with_calls_means_tool_calls(reason):
    turn = turn_of(delta(tool_calls=[CALL]), delta(finish=reason))
    assert (turn.finish, len(turn.calls)) == ("tool_calls", 1)


def test_a_null_finish_reason_with_calls_is_complete_once_done_came():
    assert turn_of(delta(tool_calls=[CALL]), DONE).finish == "tool_calls"


def test_finish_reason_in_the_same_chunk_as_the_last_delta():
    assert turn_of(delta("all of it", finish="stop")).text == "all of it"


def test_no_finish_reason_and_no_done_is_no_turn():
    assert turn_of(delta("half of")) is None


def test_done_without_a_finish_reason_is_a_turn_if_there_is_something_to_show():
    assert turn_of(delta("all of it"), DONE) == ModelTurn("all of it", (), "stop", None)


def test_done_alone_is_no_turn():
    assert turn_of(DONE) is None
    assert turn_of(delta(role="assistant", content=""), DONE) is None


@pytest.mark.parametrize("reason", ["length", "max_tokens", "repetition"])
def test_an_answer_cut_short_says_length(reason):
    assert turn_of(delta("It is", finish=reason)).finish == "length"


def test_a_filtered_answer_says_so():
    assert turn_of(delta("It", finish="content_filter")).finish == "content_filter"


@pytest.mark.parametrize("reason", ["abort", "error"])
def test_giving_up_without_calls_is_an_error(reason):
    reading, _ = read(delta("It is"), delta(finish=reason))
    assert reading.error is not None
    assert reason in reading.error.message


def test_giving_up_in_the_middle_of_a_call_is_an_error():
    half = {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"ci'}}
    reading, _ = read(delta(tool_calls=[half]), delta(finish="abort"))
    assert reading.error is not None


def test_an_error_within_a_choice_gives_its_reason():
    choice = {"delta": {}, "finish_reason": "error", "error": {"code": 502, "message": "upstream"}}
    reading, _ = read({"choices": [choice]})
    assert (reading.error.message, reading.error.status) == ("upstream", 502)


def test_usage_is_optional():
    assert turn_of(delta("a"), STOP).usage is None


def test_usage_comes_in_a_chunk_of_its_own_with_empty_choices():
    usage = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
    assert turn_of(delta("a"), STOP, usage, DONE).usage == TokenUsage(5, 2, 7)


def test_usage_on_every_chunk_counts_once_the_last():
    def with_usage(chunk, completion):
        return {**chunk, "usage": {"prompt_tokens": 5, "completion_tokens": completion}}

    turn = turn_of(with_usage(delta("a"), 1), with_usage(delta("b"), 2), with_usage(STOP, 3))
    assert turn.usage == TokenUsage(5, 3, 8)


def test_usage_null_on_later_chunks_does_not_erase_it():
    first = {**delta("a"), "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
    assert turn_of(first, {**STOP, "usage": None}).usage == TokenUsage(5, 2, 7)


def test_usage_on_the_finish_chunk_within_the_choice():
    choice = {"delta": {}, "finish_reason": "stop", "usage": {"prompt_tokens": 5}}
    assert turn_of(delta("a"), {"choices": [choice]}).usage == TokenUsage(5, 0, 5)


def test_usage_under_a_vendor_name():
    chunk = {**STOP, "x_groq": {"usage": {"prompt_tokens": 5, "completion_tokens": 1}}}
    assert turn_of(delta("a"), chunk).usage == TokenUsage(5, 1, 6)


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_is_not_text(name):
    _, out = read(delta(**{name: "hmm"}), delta("sunny"))
    assert out == [TextDelta("sunny")]


def test_thinking_parts_of_a_listed_content_are_not_text():
    content = [{"type": "thinking", "text": "hmm"}, {"type": "text", "text": "sunny"}]
    assert turn_of(delta(content), STOP).text == "sunny"


def test_delta_null():
    assert turn_of(delta("a"), {"choices": [{"delta": None, "finish_reason": "stop"}]}).text == "a"


def test_choices_empty():
    assert turn_of({"choices": []}, delta("a"), STOP).text == "a"


def test_choices_null():
    assert turn_of(delta("a"), {"choices": None, "usage": {"prompt_tokens": 1}}, STOP).text == "a"


@pytest.mark.parametrize("where", [0, 1, 2])
def test_role_anywhere_or_nowhere(where):
    chunks = [delta("a"), delta("b")]
    chunks.insert(where, delta(role="assistant"))
    assert turn_of(*chunks, STOP).text == "ab"


@pytest.mark.parametrize("content", ["", None])
def test_content_empty_or_null_is_no_delta(content):
    _, out = read({"choices": [{"delta": {"role": "assistant", "content": content}}]})
    assert out == []


def test_created_and_id_that_differ_are_nothing_to_us():
    first = {**delta("a"), "id": "x", "created": 1}
    assert turn_of(first, {**delta("b", finish="stop"), "id": "y", "created": 2}).text == "ab"


def test_other_choices_are_left_alone():
    other = {"choices": [{"index": 1, "delta": {"content": "no"}, "finish_reason": "stop"}]}
    assert turn_of(other, delta("yes"), STOP).text == "yes"


def test_a_refusal_is_kept_apart_from_text():
    turn = turn_of(delta(refusal="I "), delta(refusal="cannot"), STOP)
    assert (turn.text, turn.refusal) == ("", "I cannot")


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"error": {"message": "boom", "type": "server_error", "code": None}}, "boom"),
        ({"object": "error", "message": "boom", "type": "BadRequest", "code": 400}, "boom"),
        ({"error": "boom"}, "boom"),
        ({"detail": "boom"}, "boom"),
        ({"detail": [{"loc": ["body"], "msg": "boom"}]}, "boom"),
        ({"code": 500, "message": "boom"}, "boom"),
        ({"error": {"message": "boom", "code": 500}, "choices": []}, "boom"),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "boom"}}, "boom"),
    ],
)
def test_an_error_frame_in_any_shape_then_done(frame, message):
    reading, out = read(delta("It"), frame, DONE)
    assert reading.error.message == message
    assert out == [TextDelta("It")]


def test_an_event_named_error_is_one():
    reading, _ = read(ServerSentEvent(b"error", b'{"message": "boom"}'))
    assert reading.error.message == "boom"


def test_an_integer_code_is_a_status():
    reading, _ = read({"error": {"message": "boom", "code": 429}})
    assert reading.error.status == 429


def test_error_null_beside_an_answer_is_none():
    assert turn_of({**delta("a"), "error": None}, STOP).text == "a"


def test_a_broken_event_in_the_middle_is_an_error_for_a_piece_is_lost():
    reading, _ = read(delta("It"), b'{"choices": [{"del', delta("sunny"), STOP)
    assert reading.error is not None


@pytest.mark.parametrize("ping", [b"", b"ping", b": keep-alive", b"[]", b'"hello"', b"null"])
def test_events_that_are_no_chunks_are_passed_over(ping):
    assert turn_of(delta("a"), ping, STOP).text == "a"


def test_nothing_is_read_after_done():
    assert turn_of(delta("a"), STOP, DONE, {"error": "late"}).text == "a"


def test_a_surrogate_pair_in_halves_is_one_character():
    halves = [rb'{"choices":[{"delta":{"content":"a\ud83d"}}]}',
              rb'{"choices":[{"delta":{"content":"\ude00b"}}]}']  # fmt: skip
    reading, out = read(*halves, STOP)
    assert out == [TextDelta("a"), TextDelta("😀b")]
    assert reading.turn().text == "a😀b"


def test_half_a_pair_that_stays_alone_is_replaced():
    chunk = rb'{"choices":[{"delta":{"content":"a\ude00b"}}]}'
    assert turn_of(chunk, STOP).text == "a\ufffdb"


def test_a_whole_answer_needs_no_finish_reason():
    reading = ChatReading()
    message = {"role": "assistant", "content": "sunny"}
    assert reading.take_whole({"choices": [{"message": message}]}) == [TextDelta("sunny")]
    assert reading.turn().finish == "stop"


def test_calls_of_a_whole_answer_without_index_and_id_are_calls_of_their_own():
    reading = ChatReading()
    calls = [{"function": {"name": "f", "arguments": {}}}] * 2
    reading.take_whole({"choices": [{"message": {"content": None, "tool_calls": calls}}]})
    turn = reading.turn()
    assert [one.arguments for one in turn.calls] == ["{}", "{}"]
    assert turn.calls[0].id != turn.calls[1].id

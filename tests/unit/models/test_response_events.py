import json

import pytest

from flowrun.models.response_events import ResponsesReading
from flowrun.models.sse import ServerSentEvent
from flowrun.ports.models import ModelTurn, TextDelta, TokenUsage, ToolCall, ToolCallDelta


def event(kind, **fields):
    return ServerSentEvent(b"", json.dumps({"type": kind, **fields}).encode())


def text(delta, index=0, item="msg"):
    return event("response.output_text.delta", output_index=index, item_id=item, delta=delta)


def message(content, item="msg"):
    part = {"type": "output_text", "text": content}
    return {"type": "message", "id": item, "role": "assistant", "content": [part]}


def function_call(call_id="c1", name="weather", arguments='{"city": "Paris"}', item="fc", **fields):
    return {
        "type": "function_call",
        "id": item,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
        **fields,
    }


def item_done(item, index=0):
    return event("response.output_item.done", output_index=index, item=item)


def item_added(item, index=0):
    return event("response.output_item.added", output_index=index, item={**item, "arguments": ""})


def arguments_delta(delta, index=0, item="fc"):
    kind = "response.function_call_arguments.delta"
    return event(kind, output_index=index, item_id=item, delta=delta)


def completed(status="completed", output=(), **fields):
    response = {"status": status, "output": list(output), **fields}
    return event("response.completed", response=response)


def read(*events):
    reading = ResponsesReading()
    return reading, [one for each in events for one in reading.take([each])]


def turn_of(*events):
    reading, _ = read(*events)
    assert reading.error is None, reading.error
    return reading.turn()


def test_text_streams_and_usage_comes_with_the_end():
    usage = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
    reading, out = read(
        text("It "), text("is"), item_done(message("It is")), completed(usage=usage)
    )
    assert out == [TextDelta("It "), TextDelta("is")]
    assert reading.turn() == ModelTurn("It is", (), "stop", TokenUsage(5, 2, 7))


def test_adjacent_text_of_one_network_chunk_is_one_delta():
    assert ResponsesReading().take([text("It "), text("is")]) == [TextDelta("It is")]


def test_a_call_streams_and_ends_with_its_item():
    reading, out = read(
        item_added(function_call()),
        arguments_delta('{"city": '),
        arguments_delta('"Paris"}'),
        item_done(function_call()),
        completed(),
    )
    assert out == [
        ToolCallDelta(0, "c1", "weather", ""),
        ToolCallDelta(0, None, None, '{"city": '),
        ToolCallDelta(0, None, None, '"Paris"}'),
    ]
    turn = reading.turn()
    assert (turn.finish, turn.calls) == (
        "tool_calls",
        (ToolCall("c1", "weather", '{"city": "Paris"}'),),
    )


def test_created_and_item_added_missing():
    assert turn_of(text("hi"), completed()).text == "hi"
    assert len(turn_of(item_done(function_call()), completed()).calls) == 1


def test_arguments_before_any_name_are_shown_once_the_name_came():
    reading, out = read(
        arguments_delta("{}"), item_done(function_call(arguments="{}")), completed()
    )
    assert out == [ToolCallDelta(0, "c1", "weather", "{}")]
    assert reading.turn().calls == (ToolCall("c1", "weather", "{}"),)


def test_deltas_missing_and_the_text_in_the_finished_item():
    _, out = read(item_done(message("It is")), completed())
    assert out == [TextDelta("It is")]


def test_the_last_deltas_missing_are_made_up_from_the_finished_item():
    assert turn_of(text("It "), item_done(message("It is")), completed()).text == "It is"


def test_an_item_finished_under_another_id_is_not_said_twice():
    streamed = event("response.output_text.delta", item_id="a", delta="It is")
    done = event("response.output_item.done", item=message("It is", item="b"))
    assert turn_of(streamed, done, completed()).text == "It is"


def test_output_index_missing_falls_back_to_item_ids():
    def bare(kind, **fields):
        return event(f"response.{kind}", **fields)

    turn = turn_of(
        bare("output_item.added", item=function_call("c1", item="x", arguments="")),
        bare("output_item.added", item=function_call("c2", item="y", arguments="")),
        bare("function_call_arguments.delta", item_id="x", delta='{"a": 1}'),
        bare("function_call_arguments.delta", item_id="y", delta='{"a": 2}'),
        bare("output_item.done", item=function_call("c1", item="x")),
        bare("output_item.done", item=function_call("c2", item="y")),
        completed(),
    )
    assert [(one.id, one.arguments) for one in turn.calls] == [
        ("c1", '{"a": 1}'),
        ("c2", '{"a": 2}'),
    ]


def test_terminal_output_empty_does_not_erase_what_streamed():
    turn = turn_of(text("hi"), item_done(function_call(), index=1), completed(output=[]))
    assert (turn.text, len(turn.calls)) == ("hi", 1)


def test_terminal_output_counts_when_nothing_streamed():
    turn = turn_of(completed(output=[message("hi"), function_call()]))
    assert (turn.text, len(turn.calls)) == ("hi", 1)


def test_terminal_event_missing_is_no_turn():
    assert turn_of(text("hi"), item_done(message("hi"))) is None


def test_sequence_numbers_missing_or_wrong_are_nothing_to_us():
    assert turn_of(
        event("response.output_text.delta", output_index=0, delta="hi", sequence_number=9),
        completed(),
    ).text == "hi"  # fmt: skip


def test_the_type_is_taken_from_the_event_line_if_the_data_has_none():
    delta = ServerSentEvent(b"response.output_text.delta", b'{"delta": "hi"}')
    assert turn_of(delta, completed()).text == "hi"


def test_unknown_events_and_items_are_passed_over():
    turn = turn_of(
        event("response.in_progress", response={}),
        event("response.reasoning_part.added", part={}),
        event("response.reasoning_summary_text.delta", delta="hmm"),
        item_done({"type": "reasoning", "id": "r", "summary": []}),
        event("keepalive"),
        ServerSentEvent(b"", b"[DONE]"),
        text("hi", index=1),
        completed(),
    )
    assert turn.text == "hi"


def test_a_refusal_is_kept_apart_from_text():
    part = {"type": "refusal", "refusal": "I cannot"}
    item = {**message(""), "content": [part]}
    delta = event("response.refusal.delta", output_index=0, delta="I cannot")
    assert turn_of(delta, item_done(item), completed()).refusal == "I cannot"
    assert turn_of(item_done(item), completed()).refusal == "I cannot"


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("max_output_tokens", "length"), ("content_filter", "content_filter"), ("steered", "length"),
     (None, "length")],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["response.incomplete", "response.completed"])
def test_incomplete_says_why_under_either_event(kind, reason, finish):
    details = {"reason": reason} if reason else None
    response = {"status": "incomplete", "incomplete_details": details, "output": []}
    assert turn_of(text("It"), event(kind, response=response)).finish == finish


def test_a_call_that_was_cut_off_by_the_limit_is_none():
    half = function_call(arguments='{"ci', status="incomplete")
    response = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    turn = turn_of(
        item_added(half),
        arguments_delta('{"ci'),
        item_done(half),
        event("response.incomplete", response=response),
    )
    assert (turn.calls, turn.finish) == ((), "length")


@pytest.mark.parametrize(
    ("last", "message_of_it", "code"),
    [
        (
            event("response.failed", response={"status": "failed",
                  "error": {"code": "server_error", "message": "boom"}}),
            "boom",
            "server_error",
        ),
        (event("error", code="rate_limit_exceeded", message="boom"), "boom", "rate_limit_exceeded"),
        (event("error", error={"code": "invalid_prompt", "message": "boom"}), "boom",
         "invalid_prompt"),
        (event("response.cancelled", response={"status": "cancelled"}), "it cancelled", ""),
    ],
)  # fmt: skip
def test_failed_and_error_are_errors(last, message_of_it, code):
    reading, _ = read(text("It"), last)
    assert (reading.error.message, reading.error.code) == (message_of_it, code)


def test_a_bare_error_body_in_the_stream_is_one():
    reading, _ = read(ServerSentEvent(b"", b'{"error": {"message": "boom"}}'))
    assert reading.error.message == "boom"


def test_a_broken_event_is_an_error():
    reading, _ = read(ServerSentEvent(b"", b'{"type": "resp'))
    assert reading.error is not None


def test_call_ids_missing_or_the_same_are_given_ours():
    turn = turn_of(
        item_done(function_call("x", item="a"), index=0),
        item_done(function_call("x", item="b"), index=1),
        item_done(function_call("", item="c"), index=2),
        completed(),
    )
    ids = [one.id for one in turn.calls]
    assert ids[0] == "x"
    assert len(set(ids)) == 3
    assert all(ids)


def test_arguments_as_an_object_or_none():
    turn = turn_of(
        item_done(function_call(arguments={"city": "Paris"}), index=0),
        item_done(function_call("c2", arguments=None), index=1),
        completed(),
    )
    assert [one.arguments for one in turn.calls] == ['{"city": "Paris"}', "{}"]


def test_arguments_done_counts_when_no_delta_came():
    done = event("response.function_call_arguments.done", output_index=0, arguments='{"a": 1}')
    added = item_added(function_call())
    assert turn_of(added, done, completed()).calls[0].arguments == '{"a": 1}'


def test_a_whole_answer_is_read():
    reading = ResponsesReading()
    usage = {"input_tokens": 1, "output_tokens": 1}
    answer = {"status": "completed", "output": [message("hi"), function_call()], "usage": usage}
    assert reading.take_whole(answer)[0] == TextDelta("hi")
    turn = reading.turn()
    assert (turn.finish, turn.usage) == ("tool_calls", TokenUsage(1, 1, 2))


def test_an_answer_of_another_kind_is_no_turn():
    reading = ResponsesReading()
    reading.take_whole({"status": "ok"})
    assert reading.turn() is None

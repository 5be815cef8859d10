import asyncio
from dataclasses import replace

import pytest

from flowrun.errors import (
    EndpointDenied,
    EndpointError,
    EndpointLimited,
    EndpointRefused,
    EndpointUnavailable,
)
from flowrun.ids import duration_s
from flowrun.models.endpoint import Endpoint
from flowrun.models.open import open_model
from flowrun.models.scripted import ScriptedModel
from flowrun.ports.models import (
    ModelRequest,
    ModelTurn,
    TextDelta,
    TokenUsage,
    ToolCall,
    ToolCallDelta,
    ToolCallsItem,
    ToolOutputItem,
    Transcript,
    UserItem,
)
from flowrun.spec.replies import Replies
from tests.support.endpoint import script_of, serve


def scripted(*replies, **options):
    return ScriptedModel(
        Replies.model_validate({"version": 1, "replies": list(replies)}), **options
    )


def ask(*items, **fields):
    return ModelRequest(
        model="m", transcript=Transcript(list(items) or [UserItem("one two three")]), **fields
    )


def respond(model, request=None):
    async def run():
        return [event async for event in model.respond(request or ask())]

    return asyncio.run(run())


def test_a_text_streams_in_chunks_and_words_are_counted():
    *deltas, turn = respond(scripted({"say": "It is sunny.", "chunk": 5}))
    assert deltas == [TextDelta("It is"), TextDelta(" sunn"), TextDelta("y.")]
    assert turn == ModelTurn("It is sunny.", (), "stop", TokenUsage(3, 3, 6))


def test_calls_are_made_all_in_one_turn():
    calls = [{"tool": "weather", "arguments": {"city": "Paris"}}, {"tool": "now", "id": "x"}]
    *deltas, turn = respond(scripted({"say": "Hm.", "call": calls}))
    assert turn.finish == "tool_calls"
    assert [(one.name, one.arguments) for one in turn.calls] == [
        ("weather", '{"city": "Paris"}'),
        ("now", "{}"),
    ]
    assert turn.calls[1].id == "x"
    assert deltas[1] == ToolCallDelta(0, turn.calls[0].id, "weather", '{"city": "Paris"}')


def test_arguments_given_as_text_are_sent_as_they_are():
    turn = respond(scripted({"call": [{"tool": "f", "arguments": "nope"}]}))[-1]
    assert turn.calls[0].arguments == "nope"


def test_call_ids_are_the_same_for_the_same_conversation_and_differ_within_it():
    model = scripted({"when": {"turn": 0}, "call": [{"tool": "f"}, {"tool": "f"}]},
                     {"when": {"turn": 1}, "call": [{"tool": "f"}]})  # fmt: skip
    first = respond(model)[-1].calls
    assert respond(model)[-1].calls == first
    outputs = [ToolOutputItem(one.id, "ok") for one in first]
    second = respond(model, ask(UserItem("hi"), ToolCallsItem(first), *outputs))[-1].calls
    assert len({one.id for one in (*first, *second)}) == 3


def test_usage_given_is_reported():
    usage = {"prompt_tokens": 100, "completion_tokens": 20}
    assert respond(scripted({"say": "x", "usage": usage}))[-1].usage == TokenUsage(100, 20, 120)


def test_all_that_is_sent_is_counted():
    call = ToolCall("a", "f", '{"a": 1}')
    request = ask(
        UserItem("not sent"),
        UserItem("b c"),
        ToolCallsItem((call,), "d"),
        ToolOutputItem("a", "e"),
        start=1,
        instructions="f g",
    )
    turn = respond(scripted({"when": {"after": True}, "say": "h"}), request)[-1]
    assert turn.usage == TokenUsage(8, 1, 9)


@pytest.mark.parametrize("finish", ["stop", "length", "content_filter"])
def test_a_finish_given_is_reported(finish):
    assert respond(scripted({"say": "x", "finish": finish}))[-1].finish == finish


def test_a_delay_is_slept_between_deltas():
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    respond(scripted({"say": "x" * 48, "delay": "250ms"}, sleep=sleep))
    assert slept == [0.25, 0.25]


def test_a_cut_is_an_error_after_so_many_deltas():
    async def run(model):
        seen = []
        with pytest.raises(EndpointUnavailable, match="the stream ended early"):
            async for event in model.respond(ask()):
                seen.append(event)  # noqa: PERF401  # what came before the error is the point
        return seen

    model = scripted({"say": "x" * 48, "cut": 2})
    assert asyncio.run(run(model)) == [TextDelta("x" * 16)] * 2


def test_a_cut_longer_than_the_answer_still_ends_without_a_finish():
    with pytest.raises(EndpointUnavailable):
        respond(scripted({"say": "x", "cut": 9}))


def test_a_cut_before_anything_was_said_is_tried_again():
    assert respond(scripted({"cut": 0, "times": 1}, {"say": "ok"}))[-1].text == "ok"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"status": 401}, EndpointDenied),
        ({"status": 429, "code": "insufficient_quota"}, EndpointRefused),
        ({"status": 429, "retry_after": 30}, EndpointLimited),
        ({"status": 500, "message": "boom"}, EndpointUnavailable),
        ({"status": 404, "code": "model_not_found"}, EndpointRefused),
    ],
)
def test_errors_are_those_of_a_real_endpoint(error, kind):
    with pytest.raises(EndpointError) as caught:
        respond(scripted({"error": error}))
    assert type(caught.value) is kind
    assert caught.value.status == error["status"]
    assert str(caught.value).startswith("endpoint `scripted`: ")


def test_a_passing_error_is_tried_again_without_waiting():
    limited = {"error": {"status": 429, "retry_after": 3600}, "times": 2}
    assert respond(scripted(limited, {"say": "ok"}))[-1].text == "ok"


def test_an_unmatched_request_is_refused_with_what_was_asked_and_the_nearest_reply():
    with pytest.raises(EndpointRefused) as caught:
        respond(scripted({"when": {"user": "rain"}, "say": "x"}), ask(assistant="guide"))
    assert str(caught.value) == (
        'endpoint `scripted`: no reply fits: assistant `guide` was asked "one two three" (turn 0); '
        'the nearest is reply 1: expected "rain" in the user message'
    )
    assert caught.value.hint == "add a reply to the replies file, or widen the nearest one"


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_the_same_file_answers_the_same_over_http(wire):
    def script():
        calls = [{"tool": "weather", "arguments": {"city": city}} for city in ("Paris", "Rome")]
        replies = [
            {"when": {"assistant": "guide", "user": "weather"}, "say": "Looking.", "call": calls},
            {"when": {"assistant": "guide", "after": "weather", "output": "rain"}, "say": "Wet."},
        ]
        return Replies.model_validate({"version": 1, "replies": replies})

    async def converse(model):
        transcript = Transcript([UserItem("The weather?")])
        request = ModelRequest(model="m", transcript=transcript, assistant="guide")
        first = [event async for event in model.respond(request)][-1]
        outputs = [ToolOutputItem(one.id, f"rain {one.id}") for one in first.calls]
        transcript.items += [ToolCallsItem(first.calls, first.text), *outputs]
        second = [event async for event in model.respond(request)][-1]
        await model.close()
        return first, second

    with serve(script_of(script())) as server:
        endpoint = Endpoint(name="e", base_url=server.base_url, wire=wire)
        over_http = asyncio.run(converse(open_model(endpoint)))
    in_process = asyncio.run(converse(ScriptedModel(script())))
    assert [one.text for one in over_http] == ["Looking.", "Wet."]
    assert [replace(one, usage=None) for one in over_http] == [
        replace(one, usage=None) for one in in_process
    ]


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_over_http_instructions_can_say_who_speaks(wire):
    async def run(base_url):
        model = open_model(Endpoint(name="e", base_url=base_url, wire=wire))
        events = [event async for event in model.respond(ask(instructions="You are an editor."))]
        await model.close()
        return events[-1].text

    replies = [{"when": {"assistant": name}, "say": name} for name in ("guide", "editor")]
    script = Replies.model_validate({"version": 1, "replies": replies})
    with serve(script_of(script, {"an editor": "editor"})) as server:
        assert asyncio.run(run(server.base_url)) == "editor"


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("1.5s", 1.5), ("2m", 120.0), ("1h", 3600.0)]
)
def test_durations(text, seconds):
    assert duration_s(text) == seconds

"""Through the real SDK against a real server on loopback."""

import asyncio
import random
from dataclasses import replace

import pytest

from flowrun.clock import ManualClock
from flowrun.errors import (
    EndpointDenied,
    EndpointError,
    EndpointLimited,
    EndpointRefused,
    EndpointUnavailable,
)
from flowrun.models.chat import ChatWire
from flowrun.models.client import LAST_WORDS_S, EndpointClient
from flowrun.models.endpoint import Endpoint
from flowrun.models.responses import ResponsesWire
from flowrun.models.retries import RetryPolicy
from flowrun.ports.models import (
    FunctionTool,
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
from tests.support.endpoint import (
    Cut,
    Fail,
    Frames,
    HangUp,
    Hush,
    Page,
    Stall,
    Whole,
    call,
    say,
    serve,
    unused_port,
)

KEY = "sk-canary-0123456789"
WEATHER = FunctionTool(name="weather", description="Tell.", parameters={"type": "object"})


class Nap:
    """A sleeper that only notes how long it was asked to sleep."""

    def __init__(self):
        self.slept = []

    async def __call__(self, seconds):
        self.slept.append(seconds)


def client_for(base_url, wire="chat", sleep=None, **settings):
    endpoint = Endpoint(
        name="test", base_url=base_url, wire=wire, **{"api_key": KEY, "key_name": "K", **settings}
    )
    return EndpointClient(
        endpoint,
        ChatWire() if wire == "chat" else ResponsesWire(),
        sleep=sleep or Nap(),
        retry=RetryPolicy(endpoint.retries, random.Random(1)),
        clock=ManualClock(),
    )


def ask(text="hello", **fields):
    return ModelRequest(model="m-1", transcript=Transcript([UserItem(text)]), **fields)


def respond(client, request=None):
    """Return all that one turn yields."""

    async def run():
        try:
            return [event async for event in client.respond(request or ask())]
        finally:
            await client.close()

    return asyncio.run(run())


def failure(client):
    with pytest.raises(EndpointError) as caught:
        respond(client)
    return caught.value


def everything_said(error):
    """Return every text that an exception and its chain could show."""
    seen = []
    while error is not None:
        seen += [str(error), repr(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(seen)


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_a_text_streams_and_ends_in_one_turn(wire):
    with serve(say("It is sunny.")) as server:
        *deltas, turn = respond(client_for(server.base_url, wire))
    assert "".join(one.text for one in deltas) == "It is sunny."
    assert all(isinstance(one, TextDelta) for one in deltas)
    assert turn == ModelTurn("It is sunny.", (), "stop", TokenUsage(7, 3, 10))


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_parallel_calls_come_with_the_text_before_them(wire):
    behaviour = call(("weather", {"city": "Paris"}), ("weather", {"city": "Rome"}), text="Looking.")
    with serve(behaviour) as server:
        events = respond(client_for(server.base_url, wire))
    turn = events[-1]
    assert turn.text == "Looking."
    assert turn.finish == "tool_calls"
    assert turn.calls == (
        ToolCall("call_0", "weather", '{"city": "Paris"}'),
        ToolCall("call_1", "weather", '{"city": "Rome"}'),
    )
    opened = [one for one in events if isinstance(one, ToolCallDelta) and one.id]
    assert [(one.index, one.id, one.name) for one in opened] == [
        (0, "call_0", "weather"),
        (1, "call_1", "weather"),
    ]


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_a_second_round_sends_the_calls_and_their_outputs(wire):
    calls = (ToolCall("c1", "weather", "{}"), ToolCall("c2", "weather", "{}"))
    transcript = Transcript(
        [UserItem("hi"), ToolCallsItem(calls), ToolOutputItem("c1", "a"), ToolOutputItem("c2", "b")]
    )
    with serve(say("ok")) as server:
        respond(
            client_for(server.base_url, wire),
            replace(ask(), transcript=transcript, tools=(WEATHER,)),
        )
        body = server.requests[0].body
    sent = str(body)
    assert sent.index("'c1'") < sent.index("'a'") < sent.index("'b'")
    assert body["stream"] is True


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_a_whole_json_answer_is_read_though_a_stream_was_asked_for(wire):
    with serve(Whole(call(("weather", {"city": "Paris"}), text="Looking."))) as server:
        turn = respond(client_for(server.base_url, wire))[-1]
    assert (turn.text, turn.finish) == ("Looking.", "tool_calls")
    assert [one.arguments for one in turn.calls] == ['{"city": "Paris"}']
    assert turn.usage == TokenUsage(7, 3, 10)


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_running_into_the_token_limit_is_said(wire):
    with serve(say("It is", finish="length")) as server:
        assert respond(client_for(server.base_url, wire))[-1].finish == "length"


def test_connections_are_kept_between_turns():
    async def run(client):
        for _ in range(3):
            assert [event async for event in client.respond(ask())]
        await client.close()

    with serve(say("ok")) as server:
        asyncio.run(run(client_for(server.base_url)))
        assert (len(server.requests), server.connections) == (3, 1)


def test_many_conversations_share_one_client():
    async def run(client):
        async def one(number):
            events = [event async for event in client.respond(ask(f"n{number}"))]
            return events[-1].text

        texts = await asyncio.gather(*[one(number) for number in range(20)])
        await client.close()
        return texts

    with serve(lambda request: say(request.body["messages"][0]["content"])) as server:
        assert asyncio.run(run(client_for(server.base_url))) == [f"n{n}" for n in range(20)]


def test_max_concurrency_bounds_the_requests_at_a_time():
    async def run(client):
        async def one():
            return [event async for event in client.respond(ask())]

        await asyncio.gather(*[one() for _ in range(6)])
        await client.close()

    with serve(say("ok")) as server:
        asyncio.run(run(client_for(server.base_url, max_concurrency=2)))
        assert server.connections <= 2


def test_a_wrong_key_is_denied_and_says_which_key_to_set():
    said = {"error": {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key"}}
    with serve(Fail(401, said)) as server:
        error = failure(client_for(server.base_url, key_name="OPENAI_API_KEY"))
        assert len(server.requests) == 1
    assert isinstance(error, EndpointDenied)
    assert str(error) == (
        "endpoint `test`: the key was not accepted: Incorrect API key provided: [hidden] (HTTP 401)"
    )
    assert error.hint == "set `OPENAI_API_KEY` to a key that this endpoint accepts"


def test_without_a_key_none_is_sent_and_a_401_says_so():
    with serve(Fail(401, "Unauthorized")) as server:
        error = failure(client_for(server.base_url, api_key=None, key_name=None))
        assert "authorization" not in server.requests[0].headers
    assert "a key is wanted, and none was sent" in str(error)
    assert error.hint == "set `api_key` of endpoint `test` in the project file"


def test_a_missing_model_is_named():
    said = {"error": {"message": "The model does not exist", "code": "model_not_found"}}
    with serve(Fail(404, said)) as server:
        error = failure(client_for(server.base_url))
    assert isinstance(error, EndpointRefused)
    assert "there is no model `m-1`: The model does not exist (HTTP 404)" in str(error)


def test_a_missing_path_blames_the_base_url():
    with serve(Fail(404, {"detail": "Not Found"})) as server:
        error = failure(client_for(server.base_url))
    assert f"nothing is served at {server.base_url}" in str(error)
    assert "`/v1`" in error.hint


def test_too_many_requests_wait_for_as_long_as_the_server_says():
    nap = Nap()
    said = {"error": {"message": "Slow down", "code": "rate_limit_exceeded"}}
    with serve(Fail(429, said, {"retry-after": "7"}), say("ok")) as server:
        assert respond(client_for(server.base_url, sleep=nap))[-1].text == "ok"
    assert nap.slept == [7.0]


def test_milliseconds_go_before_seconds_in_retry_after():
    nap = Nap()
    headers = {"retry-after": "7", "retry-after-ms": "250"}
    with serve(Fail(429, {}, headers), say("ok")) as server:
        respond(client_for(server.base_url, sleep=nap))
    assert nap.slept == [0.25]


def test_a_wait_longer_than_the_cap_is_left_to_the_caller():
    with serve(Fail(429, {}, {"retry-after": "3600"})) as server:
        error = failure(client_for(server.base_url))
        assert len(server.requests) == 1
    assert isinstance(error, EndpointLimited)
    assert error.retry_after_s == 3600.0


def test_an_exhausted_quota_is_not_tried_again():
    said = {"error": {"message": "You exceeded your quota.", "type": "insufficient_quota"}}
    with serve(Fail(429, said)) as server:
        error = failure(client_for(server.base_url))
        assert len(server.requests) == 1
    assert isinstance(error, EndpointRefused)
    assert "quota or credit is used up" in str(error)


def test_a_server_error_is_tried_again_with_growing_waits():
    nap = Nap()
    with serve(Fail(500, "oops"), Fail(503, {}), say("ok")) as server:
        assert respond(client_for(server.base_url, sleep=nap))[-1].text == "ok"
        assert len(server.requests) == 3
    first, second = nap.slept
    assert 0.3 < first <= 0.5 < second <= 1.0


def test_retries_end():
    with serve(Fail(500, {"error": {"message": "boom"}})) as server:
        error = failure(client_for(server.base_url, retries=1))
        assert len(server.requests) == 2
    assert str(error) == "endpoint `test`: the server failed: boom (HTTP 500)"


def test_a_refused_connection_names_the_url():
    url = f"http://127.0.0.1:{unused_port()}/v1"
    error = failure(client_for(url))
    assert isinstance(error, EndpointUnavailable)
    assert str(error) == f"endpoint `test`: cannot connect to {url}: connection refused"
    assert error.hint == "start the server, or correct `base_url`"


def test_a_connection_closed_without_an_answer_is_tried_again():
    with serve(HangUp(), say("ok")) as server:
        assert respond(client_for(server.base_url))[-1].text == "ok"


def test_a_web_page_with_status_200_blames_the_base_url():
    with serve(Page()) as server:
        error = failure(client_for(server.base_url))
        assert len(server.requests) == 1
    assert isinstance(error, EndpointRefused)
    assert "found a web page (HTTP 200)" in str(error)
    assert error.hint == "correct `base_url`; it usually ends in `/v1`"


def test_a_redirect_is_refused_and_the_key_does_not_follow_it():
    with serve(say("never")) as other:
        headers = {"location": other.base_url}
        with serve(Fail(307, "", headers)) as server:
            error = failure(client_for(server.base_url))
        assert not other.requests
    assert isinstance(error, EndpointRefused)
    assert "redirects elsewhere" in str(error)


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_a_stream_cut_after_something_was_said_is_an_error_and_not_tried_again(wire):
    async def run(client):
        seen = []
        with pytest.raises(EndpointUnavailable, match="the stream ended early"):
            async for event in client.respond(ask()):
                seen.append(event)  # noqa: PERF401  # what came before the error is the point
        await client.close()
        return seen

    with serve(Cut(say("It is sunny."), after=3)) as server:
        seen = asyncio.run(run(client_for(server.base_url, wire)))
        assert len(server.requests) == 1
    assert "It is sunny.".startswith("".join(one.text for one in seen))


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_a_stream_cut_before_anything_was_said_is_tried_again(wire):
    with serve(Cut(say("It is sunny."), after=1), say("ok")) as server:
        assert respond(client_for(server.base_url, wire))[-1].text == "ok"


@pytest.mark.parametrize("wire", ["chat", "responses"])
def test_a_stream_that_ends_silently_without_a_finish_is_an_error(wire):
    with serve(Frames([])) as server:
        error = failure(client_for(server.base_url, wire, retries=0))
    assert isinstance(error, EndpointUnavailable)
    assert str(error) == "endpoint `test`: the stream ended early"


def test_an_error_in_the_stream_is_read_by_its_code():
    frame = b'data: {"error": {"message": "quota", "code": "insufficient_quota"}}\n\n'
    with serve(Frames([frame, b"data: [DONE]\n\n"])) as server:
        error = failure(client_for(server.base_url))
        assert len(server.requests) == 1
    assert isinstance(error, EndpointRefused)


def test_a_passing_error_in_the_stream_is_tried_again_if_nothing_was_said():
    frame = b'data: {"error": {"message": "busy", "code": "overloaded"}}\n\n'
    with serve(Frames([frame]), say("ok")) as server:
        assert respond(client_for(server.base_url))[-1].text == "ok"


def test_silence_runs_into_the_read_timeout():
    with serve(Hush(say("It is sunny."), after=3)) as server:
        error = failure(client_for(server.base_url, read_timeout_s=0.2, retries=0))
    assert isinstance(error, EndpointUnavailable)
    assert "the server said nothing for 0.2 s" in str(error)


def test_silence_before_the_first_byte_runs_into_the_read_timeout():
    with serve(Stall()) as server:
        error = failure(client_for(server.base_url, read_timeout_s=0.2, retries=0))
        assert server.left.wait(5)
    assert "the server said nothing for 0.2 s" in str(error)


def test_cancelling_a_turn_closes_its_connection():
    async def run(client):
        stream = client.respond(ask())
        assert await anext(stream) == TextDelta("It i")
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        left = await asyncio.to_thread(server.left.wait, 5)
        await client.close()
        return left

    with serve(Hush(say("It is sunny."), after=2)) as server:
        assert asyncio.run(run(client_for(server.base_url)))


def test_closing_the_iterator_ends_the_request():
    async def run(client):
        stream = client.respond(ask())
        assert await anext(stream) == TextDelta("It i")
        await stream.aclose()
        left = await asyncio.to_thread(server.left.wait, 5)
        await client.close()
        return left

    with serve(Hush(say("It is sunny."), after=2)) as server:
        assert asyncio.run(run(client_for(server.base_url)))


def test_a_server_that_holds_the_line_after_done_does_not_hold_the_turn():
    with serve(Hush(say("ok"), after=5)) as server:
        assert respond(client_for(server.base_url, read_timeout_s=5))[-1].text == "ok"


def test_a_server_that_holds_the_line_after_the_finish_reason_is_not_waited_for_long():
    async def work(client):
        loop = asyncio.get_running_loop()
        started, ahead = loop.time, [0.0]
        loop.time = lambda: started() + ahead[0]

        async def hurry():
            while ahead[0] < 50:
                await asyncio.sleep(0.02)
                ahead[0] += LAST_WORDS_S + 1

        hurrying = asyncio.create_task(hurry())
        events = [event async for event in client.respond(ask())]
        await hurrying
        await client.close()
        return events[-1]

    with serve(Hush(say("ok"), after=3)) as server:
        turn = asyncio.run(work(client_for(server.base_url, read_timeout_s=600)))
    assert turn == ModelTurn("ok", (), "stop", None)


def test_an_answer_cut_after_its_finish_reason_is_an_answer():
    with serve(Cut(say("ok"), after=3)) as server:
        turn = respond(client_for(server.base_url))[-1]
    assert turn == ModelTurn("ok", (), "stop", None)


def test_an_error_reported_after_the_finish_reason_is_an_error():
    frames = [
        b'data: {"choices": [{"delta": {"content": "ok"}, "finish_reason": "stop"}]}\n\n',
        b'data: {"error": {"message": "boom", "code": "server_error"}}\n\n',
    ]
    with serve(Frames(frames)) as server:
        assert "boom" in str(failure(client_for(server.base_url, retries=0)))


def test_the_environment_is_not_read(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "sk-ambient-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Ambient: sk-ambient-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://sk-ambient-environment.invalid/v1")
    with serve(say("ok")) as server:
        respond(client_for(server.base_url, api_key=None))
        headers = server.requests[0].headers
    assert "sk-ambient-environment" not in str(headers)
    assert not any(name.startswith("openai-") for name in headers)


def test_own_headers_are_sent():
    with serve(say("ok")) as server:
        respond(client_for(server.base_url, headers={"X-Team": "blue-team", "api-key": "k-abcdef"}))
        headers = server.requests[0].headers
    assert (headers["x-team"], headers["api-key"]) == ("blue-team", "k-abcdef")
    assert headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "behaviour",
    [
        Fail(401, {"error": {"message": f"bad key {KEY}", "code": KEY}}),
        Fail(400, f"you sent {KEY} and hdr-canary-98765"),
        Fail(500, {"error": {"message": KEY * 3, "type": f"server_error {KEY}"}}),
        Fail(302, "", {"location": f"http://user:{KEY}@example.invalid/"}),
        Frames([f'data: {{"error": {{"message": "{KEY}", "code": "{KEY}"}}}}\n\n'.encode()]),
        Page(),
        Page(502),
        HangUp(),
        Cut(say("It is sunny."), after=2),
    ],
)
def test_the_key_is_in_no_exception(behaviour):
    with serve(behaviour) as server:
        url = server.base_url.replace("//", "//user:pass-canary-4711@")
        client = client_for(url, headers={"X-Secret": "Bearer hdr-canary-98765"}, retries=0)
        error = failure(client)
        assert "pass-canary-4711" not in str(error)
    said = everything_said(error)
    assert not [one for one in (KEY, "hdr-canary-98765", "pass-canary-4711") if one in said]


def test_a_refused_connection_does_not_show_user_and_password():
    url = f"http://user:pass-canary-4711@127.0.0.1:{unused_port()}/v1?token=tok-canary-1"
    said = everything_said(failure(client_for(url, retries=0)))
    assert "canary" not in said

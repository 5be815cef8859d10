"""What every adapter of the `Runtime` port keeps to, told once and run against each of them.

An adapter joins by a row in `ADAPTERS`: a context manager that takes a folder, a clock and the
turns a model will take, and gives the runtime.
"""

import asyncio
from collections import deque
from contextlib import aclosing, contextmanager

import pytest

from flowrun.assistants.service import AssistantsService
from flowrun.clock import ManualClock
from flowrun.errors import EndpointDenied, EndpointUnavailable, RuntimeRejected
from flowrun.ports.models import FunctionTool, TokenUsage, ToolCall
from flowrun.ports.runtime import (
    AnsweredRound,
    AssistantDefinition,
    RunBegan,
    RunEnded,
    RunRequest,
    RunRequiresAction,
    RunTextDelta,
    ToolOutput,
)
from flowrun.runtimes.local import LocalRuntime
from flowrun.storage.database import open_database
from tests.support.models import TurnsModel, call, say


@contextmanager
def local(folder, clock, model):
    database = open_database(folder / "store.db", holder="test", durability="process")
    try:
        yield LocalRuntime(AssistantsService(database, model.model_for, clock))
    finally:
        database.close()


ADAPTERS = {"local": local}

TOOL = FunctionTool(name="look", description="Look", parameters={"type": "object"})
GUIDE = AssistantDefinition(name="guide", model="m", instructions="Be brief.", tools=(TOOL,))


class Stage:
    """A runtime, the model behind it, and short ways to ask."""

    def __init__(self, runtime, model, clock) -> None:
        self.runtime = runtime
        self.model = model
        self.clock = clock

    async def request(self, label="flow/step#1", **fields) -> RunRequest:
        return RunRequest(
            thread_id=fields.pop("thread_id", None)
            or await self.runtime.open_thread("flow/thread"),
            assistant_id=await self.runtime.put_assistant(fields.pop("assistant", GUIDE)),
            label=label,
            message=fields.pop("message", "Look around"),
            **fields,
        )

    async def start(self, label="flow/step#1", **fields) -> list:
        request = await self.request(label, **fields)
        return [event async for event in self.runtime.start_run(request)]

    async def submit(self, run_id, **by_call) -> list:
        thread_id = await self.runtime.open_thread("flow/thread")
        outputs = [ToolOutput(call_id, output) for call_id, output in by_call.items()]
        told = self.runtime.submit_tool_outputs(thread_id, run_id, outputs)
        return [event async for event in told]


@pytest.fixture(params=sorted(ADAPTERS))
def play(request, tmp_path):
    """Run a scene, which may have several acts: each on a fresh runtime over the same folder."""
    clock = ManualClock()

    def run(*acts, turns=()):
        model = TurnsModel(deque(turns))
        results = []
        for act in acts:

            async def scene(act=act):
                with ADAPTERS[request.param](tmp_path, clock, model) as runtime:
                    results.append(await act(Stage(runtime, model, clock)))

            asyncio.run(scene())
        return results

    return run


def test_capabilities_are_facts(play):
    async def act(stage):
        assert {"model", "instructions", "tools"} <= stage.runtime.capabilities.fields

    play(act)


def test_equal_definitions_are_one_assistant_in_this_life_and_the_next(play):
    async def act(stage):
        put = stage.runtime.put_assistant
        again = AssistantDefinition(
            name="guide", model="m", instructions="Be brief.", tools=(TOOL,)
        )
        other = AssistantDefinition(name="guide", model="m", instructions="Be long.", tools=(TOOL,))
        one = await put(GUIDE)
        assert await put(again) == one
        assert await put(other) != one
        await stage.start()
        return one

    first, second = play(act, act, turns=[say("ok")])
    assert first == second


def test_a_label_is_one_thread_in_this_life_and_the_next(play):
    async def act(stage):
        thread = await stage.runtime.open_thread("label", (("k", "v"),))
        assert await stage.runtime.open_thread("label") == thread
        assert await stage.runtime.open_thread("other") != thread
        await stage.start()
        return thread

    first, second = play(act, act, turns=[say("ok")])
    assert first == second


def test_a_run_begins_streams_and_ends_with_its_messages(play):
    async def act(stage):
        began, *deltas, ended = await stage.start()
        assert isinstance(began, RunBegan)
        assert all(isinstance(one, RunTextDelta) for one in deltas)
        assert "".join(one.text for one in deltas) == "A wide hall"
        assert len({one.message_id for one in deltas}) == 1
        assert len(deltas) > 1
        assert ended == RunEnded(
            run_id=began.run_id,
            status="completed",
            messages=("A wide hall",),
            usage=TokenUsage(10, 5, 15),
        )

    play(act, turns=[say("A wide hall")])


def test_a_run_stops_for_outputs_and_goes_on_with_them(play):
    async def act(stage):
        began, required = await stage.start()
        assert isinstance(required, RunRequiresAction)
        assert required.run_id == began.run_id
        assert [one.name for one in required.calls] == ["a", "b"]
        *_, ended = await stage.submit(began.run_id, call_b="B", call_a="A")
        assert (ended.status, ended.messages) == ("completed", ("done",))
        assert ended.usage == TokenUsage(20, 10, 30)

    play(act, turns=[call("a", "b"), say("done")])


def test_call_ids_are_unique_in_a_run_whatever_the_server_repeats(play):
    async def act(stage):
        began, required = await stage.start()
        seen = set()
        for _ in range(2):
            (one,) = required.calls
            seen.add(one.id)
            *_, required = await stage.submit(began.run_id, **{one.id: "A"})
        assert len(seen) == 2

    play(act, turns=[call("a"), call("a"), say("done")])


def test_starting_again_finds_a_finished_run(play):
    async def act(stage):
        return await stage.start()

    first, second, third = play(act, act, act, turns=[say("Hello")])
    assert second == third == [first[0], first[-1]]


def test_starting_again_in_one_life_finds_the_run(play):
    async def act(stage):
        first = await stage.start()
        assert await stage.start() == [first[0], first[-1]]

    play(act, turns=[say("Hello")])


def test_starting_again_finds_the_calls_that_wait(play):
    async def begin(stage):
        return await stage.start()

    async def go_on(stage):
        told = await stage.start()
        *_, ended = await stage.submit(told[0].run_id, call_a="A")
        return told, ended.messages

    first, (second, messages) = play(begin, go_on, turns=[call("a"), say("done")])
    assert first == second
    assert messages == ("done",)


def test_starting_again_after_leaving_in_the_middle_asks_again(play):
    async def leave(stage):
        request = await stage.request()
        async with aclosing(stage.runtime.start_run(request)) as events:
            async for event in events:
                if isinstance(event, RunTextDelta):
                    return
        raise AssertionError("nothing streamed")

    async def go_on(stage):
        return await stage.start()

    _, told = play(leave, go_on, turns=[say("half of it"), say("all of it")])
    assert told[-1].messages == ("all of it",)


def test_the_same_outputs_again_attach_to_the_run(play):
    async def begin(stage):
        began, _ = await stage.start()
        return began, await stage.submit(began.run_id, call_a="A")

    async def again(stage):
        began, _ = await stage.start()
        return await stage.submit(began.run_id, call_a="A")

    (_, first), second = play(begin, again, turns=[call("a"), call("b")])
    assert isinstance(first[-1], RunRequiresAction)
    assert second == [first[-1]]


def test_a_subset_of_outputs_is_refused_in_the_words_of_the_api(play):
    async def act(stage):
        began, _ = await stage.start()
        with pytest.raises(RuntimeRejected) as refusal:
            await stage.submit(began.run_id, call_a="A")
        assert str(refusal.value) == (
            "Expected tool outputs for call_ids ['call_a', 'call_b'], got ['call_a']"
        )
        *_, ended = await stage.submit(began.run_id, call_a="A", call_b="B")
        assert ended.status == "completed"

    play(act, turns=[call("a", "b"), say("done")])


def test_a_thread_admits_one_run_at_a_time(play):
    async def act(stage):
        await stage.start("first")
        with pytest.raises(RuntimeRejected, match="already has an active run"):
            await stage.start("second")

    play(act, turns=[call("a")])


def test_a_thread_is_free_as_soon_as_its_run_is_told_to_be_over(play):
    async def act(stage):
        request = await stage.request("first")
        async for event in stage.runtime.start_run(request):
            if isinstance(event, RunEnded):
                *_, ended = await stage.start("second")
        assert ended.messages == ("two",)
        assert [one.text for one in stage.model.asked[1].items] == [
            "Look around",
            "one",
            "Look around",
        ]

    play(act, turns=[say("one"), say("two")])


def test_several_assistants_share_a_thread(play):
    async def act(stage):
        other = AssistantDefinition(name="editor", model="n", instructions="Edit.")
        await stage.start("first")
        await stage.start("second", assistant=other, message=None)
        request = stage.model.asked[1].request
        assert (request.assistant, request.model, request.instructions) == ("editor", "n", "Edit.")
        assert [one.text for one in stage.model.asked[1].items] == ["Look around", "one"]

    play(act, turns=[say("one"), say("two")])


def test_run_options_reach_the_model(play):
    async def act(stage):
        wanted = {"type": "json_object"}
        await stage.start(
            tool_choice="required",
            parallel_tool_calls=False,
            max_completion_tokens=100,
            response_format=wanted,
        )
        request = stage.model.asked[0].request
        assert (request.tool_choice, request.parallel_tool_calls) == ("required", False)
        assert (request.max_output_tokens, request.response_format) == (100, wanted)
        assert request.tools == (TOOL,)

    play(act, turns=[say("{}")])


def test_last_messages_limits_what_the_model_is_shown(play):
    async def act(stage):
        await stage.start("first")
        await stage.start("second", truncation={"type": "last_messages", "last_messages": 1})
        assert [one.text for one in stage.model.asked[1].items] == ["Look around"]

    play(act, turns=[say("one"), say("two")])


@pytest.mark.parametrize(
    ("turn", "options", "code", "words"),
    [
        (say("Once", finish="length"), {}, "max_completion_tokens", "length"),
        (
            say("Once", finish="length"),
            {"max_completion_tokens": 5},
            "max_completion_tokens",
            "5 completion tokens",
        ),
        (say("Once", finish="content_filter"), {}, "content_filter", "content filter"),
    ],
)
def test_an_answer_cut_short_is_incomplete_and_kept(play, turn, options, code, words):
    async def act(stage):
        *_, ended = await stage.start(**options)
        assert (ended.status, ended.error_code, ended.messages) == ("incomplete", code, ("Once",))
        assert words in ended.error

    play(act, turns=[turn])


def test_a_prompt_beyond_its_budget_is_incomplete_without_asking(play):
    async def act(stage):
        *_, ended = await stage.start(max_prompt_tokens=1)
        assert (ended.status, ended.error_code) == ("incomplete", "max_prompt_tokens")
        assert "1 prompt tokens" in ended.error
        assert stage.model.asked == []

    play(act)


def test_a_failed_endpoint_is_a_failed_run_that_says_why(play):
    failure = EndpointUnavailable("e", "it is down", status=503, hint="wait")

    async def act(stage):
        *_, ended = await stage.start()
        assert (ended.status, ended.error_code, ended.error) == (
            "failed",
            "server_error",
            str(failure),
        )
        assert (ended.error_hint, ended.denied) == ("wait", False)

    play(act, act, turns=[say("Once", error=failure)])


def test_a_denied_endpoint_is_told_as_such(play):
    async def act(stage):
        *_, ended = await stage.start()
        assert (ended.status, ended.denied) == ("failed", True)

    play(act, act, turns=[say("", error=EndpointDenied("e", "the key is wrong", status=401))])


def test_cancelling_ends_a_run_and_leaves_one_that_is_over_alone(play):
    async def act(stage):
        began, _ = await stage.start("first")
        thread_id = await stage.runtime.open_thread("flow/thread")
        used = await stage.runtime.cancel(thread_id, began.run_id)
        assert used == await stage.runtime.cancel(thread_id, began.run_id) == TokenUsage(10, 5, 15)
        assert await stage.start("first") == [
            began,
            RunEnded(run_id=began.run_id, status="cancelled", usage=TokenUsage(10, 5, 15)),
        ]
        *_, ended = await stage.start("second")
        assert ended.status == "completed"

    play(act, turns=[call("a"), say("done")])


def test_cancelling_closes_the_stream_promptly(play):
    async def act(stage):
        request = await stage.request()

        async def follow():
            return [event async for event in stage.runtime.start_run(request)]

        following = asyncio.create_task(follow())
        await stage.model.holding.wait()
        run_id = (await anext(stage.runtime.start_run(request))).run_id
        await stage.runtime.cancel(request.thread_id, run_id)
        *_, ended = await following
        assert (ended.status, ended.messages) == ("cancelled", ("Once",))
        assert stage.model.open_streams == 0

    play(act, turns=[say("Once", hold=True)])


def test_outputs_for_a_run_that_expired_meanwhile_say_that_it_did(play):
    async def act(stage):
        began, _ = await stage.start()
        stage.clock.advance(601)
        (ended,) = await stage.submit(began.run_id, call_a="A")
        assert (ended.status, ended.error_code) == ("expired", "expired")
        assert "600 seconds" in ended.error

    play(act, turns=[call("a")])


def test_a_run_expires_while_nobody_is_there(play):
    async def begin(stage):
        await stage.start()
        stage.clock.advance(601)

    async def go_on(stage):
        *_, ended = await stage.start()
        assert ended.status == "expired"

    play(begin, go_on, turns=[call("a")])


def test_fields_out_of_bounds_are_refused(play):
    async def act(stage):
        with pytest.raises(RuntimeRejected, match="too many properties"):
            await stage.start(metadata=tuple((str(index), "") for index in range(17)))
        with pytest.raises(RuntimeRejected, match="Supported values"):
            await stage.start(truncation={"type": "middle"})
        assert stage.model.asked == []

    play(act)


def test_a_run_that_requires_action_tells_what_it_used_so_far(play):
    async def act(stage):
        began, first = await stage.start()
        assert first.usage == TokenUsage(10, 5, 15)
        *_, second = await stage.submit(began.run_id, call_a="A")
        assert second.usage == TokenUsage(20, 10, 30)
        *_, ended = await stage.submit(began.run_id, call_b="B")
        assert ended.usage == TokenUsage(30, 15, 45)

    play(act, turns=[call("a"), call("b"), say("done")])


def test_found_again_it_tells_the_same_usage(play):
    async def begin(stage):
        _, stop = await stage.start()
        return stop

    first, second = play(begin, begin, turns=[call("a")])
    assert first == second


ROUND = AnsweredRound((ToolCall("call_a", "look", "{}"),), ("A",))


def needs_rounds(stage):
    if not stage.runtime.capabilities.rounds:
        pytest.skip("its runs cannot begin with rounds")


async def put_aside(stage, label="first"):
    """Leave a run in its first round and begin the one that follows it."""
    began, _ = await stage.start(label)
    thread_id = await stage.runtime.open_thread("flow/thread")
    await stage.runtime.cancel(thread_id, began.run_id)
    return await stage.start("second", message=None, rounds=(ROUND,))


def test_a_run_that_begins_with_rounds_goes_on_from_their_outputs(play):
    async def act(stage):
        needs_rounds(stage)
        began, *_, ended = await put_aside(stage)
        assert (ended.status, ended.messages, ended.run_id) == (
            "completed",
            ("done",),
            began.run_id,
        )
        asked, calls, output = stage.model.asked[-1].items
        assert asked.text == "Look around"
        assert (calls.calls, output.call_id, output.output) == (ROUND.calls, "call_a", "A")

    play(act, turns=[call("a"), say("done")])


def test_rounds_that_the_thread_took_the_outputs_of_are_not_shown_twice(play):
    async def act(stage):
        needs_rounds(stage)
        began, _ = await stage.start("first")
        await stage.submit(began.run_id, call_a="A")
        thread_id = await stage.runtime.open_thread("flow/thread")
        await stage.runtime.cancel(thread_id, began.run_id)
        second = AnsweredRound((ToolCall("call_b", "look", "{}"),), ("B",))
        await stage.start("second", message=None, rounds=(ROUND, second))
        outputs = [one.output for one in stage.model.asked[-1].items if hasattr(one, "output")]
        assert outputs == ["A", "B"]

    play(act, turns=[call("a"), call("b"), say("done")])


def test_a_run_that_began_with_rounds_is_the_same_in_the_next_life(play):
    async def begin(stage):
        needs_rounds(stage)
        await put_aside(stage)
        return stage.model.asked[-1].items

    async def go_on(stage):
        needs_rounds(stage)
        began, stop = await stage.start("second")
        assert [one.id for one in stop.calls] == ["call_b"]
        await stage.submit(began.run_id, call_b="B")
        return stage.model.asked[-1].items

    before, after = play(begin, go_on, turns=[call("a"), call("b"), say("done")])
    assert after[: len(before)] == before
    assert after[-1].output == "B"


def test_cancelling_while_a_model_streams_leaves_no_task_behind(play):
    async def act(stage):
        request = await stage.request()
        before = asyncio.all_tasks()

        async def follow():
            return [event async for event in stage.runtime.start_run(request)]

        following = asyncio.create_task(follow())
        await stage.model.holding.wait()
        began = await anext(stage.runtime.start_run(request))
        await asyncio.wait_for(stage.runtime.cancel(request.thread_id, began.run_id), 1)
        *_, ended = await asyncio.wait_for(following, 1)
        assert ended.status == "cancelled"
        assert asyncio.all_tasks() == before
        assert stage.model.open_streams == 0

    play(act, turns=[say("Once", hold=True)])

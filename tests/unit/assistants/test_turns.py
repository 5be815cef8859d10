"""The turn loop: what followers see, in which order, and how a turn is left."""

import asyncio
from contextlib import aclosing

import pytest

from flowrun.assistants.progress import CallDelta, MessageChanged, RunChanged, StepChanged
from flowrun.errors import EndpointDenied, EndpointError, EndpointUnavailable
from flowrun.ports.models import ModelTurn, TokenUsage, ToolCallsItem
from flowrun.ports.runtime import RunTextDelta, ToolOutput
from tests.support.desk import at_desk
from tests.support.models import Reply, TurnsModel, call, say


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def story(told) -> list[str]:
    """Return what was told, one word or two each."""
    lines = []
    for one in told:
        match one:
            case RunChanged(change):
                lines.append(f"run {change}")
            case StepChanged(change, step):
                lines.append(f"{step.type} {change}")
            case MessageChanged(change):
                lines.append(f"message {change}")
            case RunTextDelta(_, text):
                lines.append(f"text {text}")
            case CallDelta(_, index, call_id):
                lines.append(f"call {index} {call_id or '...'}")
    return lines


OPENING = [
    "message_creation created",
    "message_creation in_progress",
    "message created",
    "message in_progress",
]


def test_a_message_run_is_told_in_the_order_of_the_event_stream(path):
    async def work(desk):
        told = await desk.follow(desk.run())
        assert story(told) == [
            "run in_progress",
            *OPENING,
            "text Hello ",
            "text there",
            "message completed",
            "message_creation completed",
            "run completed",
        ]

    at_desk(path, work, say("Hello there", chunk=6))


def test_a_tool_round_is_told_in_the_order_of_the_event_stream(path):
    async def work(desk):
        live = desk.run()
        assert story(await desk.follow(live)) == [
            "run in_progress",
            "tool_calls created",
            "tool_calls in_progress",
            "call 0 call_a",
            "call 0 ...",
            "call 1 call_b",
            "call 1 ...",
            "run requires_action",
        ]
        outputs = [ToolOutput("call_a", "A"), ToolOutput("call_b", "")]
        await desk.service.submit_tool_outputs(live.run.thread_id, live.run.id, outputs)
        assert story(await desk.follow(live))[:3] == [
            "tool_calls completed",
            "run queued",
            "run in_progress",
        ]

    at_desk(path, work, call("a", "b"), say("ok"))


def test_text_before_calls_is_a_whole_message_before_the_calls_are_told(path):
    async def work(desk):
        live = desk.run()
        assert story(await desk.follow(live)) == [
            "run in_progress",
            *OPENING,
            "text Looking",
            "message completed",
            "message_creation completed",
            "tool_calls created",
            "tool_calls in_progress",
            "call 0 call_a",
            "call 0 ...",
            "run requires_action",
        ]
        steps = await desk.service.steps(live.run.thread_id, live.run.id)
        assert [(step.type, step.tokens) for step in steps] == [
            ("message_creation", TokenUsage()),
            ("tool_calls", TokenUsage(10, 5, 15)),
        ]
        outputs = [ToolOutput("call_a", "A")]
        await desk.service.submit_tool_outputs(live.run.thread_id, live.run.id, outputs)
        await desk.follow(live)
        assert desk.model.asked[1].items[1] == ToolCallsItem(steps[1].calls, "Looking")

    at_desk(path, work, call("a", text="Looking"), say("ok"))


class Whole(TurnsModel):
    """An endpoint that does not stream: the turn comes at once."""

    async def respond(self, request):
        async for event in super().respond(request):
            if hasattr(event, "finish"):
                yield event


def test_an_answer_that_did_not_stream_is_told_all_the_same(path):
    async def work(desk):
        desk.model.__class__ = Whole
        live = desk.run()
        assert story(await desk.follow(live)) == [
            "run in_progress",
            *OPENING,
            "text Looking",
            "message completed",
            "message_creation completed",
            "tool_calls created",
            "tool_calls in_progress",
            "call 0 call_a",
            "run requires_action",
        ]

    at_desk(path, work, call("a", text="Looking"))


def test_call_ids_that_a_server_repeats_are_replaced_everywhere(path):
    async def work(desk):
        live = desk.run()
        seen = set()
        for _ in range(3):
            told = await desk.follow(live)
            (pending,) = live.run.state.pending_calls
            deltas = [one.id for one in told if isinstance(one, CallDelta) and one.id]
            assert deltas == [pending.id]
            seen.add(pending.id)
            outputs = [ToolOutput(pending.id, "A")]
            await desk.service.submit_tool_outputs(live.run.thread_id, live.run.id, outputs)
        assert len(seen) == 3
        await desk.follow(live)
        shown = [one for one in desk.model.asked[3].items if isinstance(one, ToolCallsItem)]
        assert {one.calls[0].id for one in shown} == seen

    at_desk(path, work, call("a"), call("a"), call("a"), say("ok"))


def test_with_parallel_calls_ruled_out_one_call_is_told_and_kept(path):
    async def work(desk):
        live = desk.run(parallel_tool_calls=False)
        told = await desk.follow(live)
        assert [one.id for one in live.run.state.pending_calls] == ["call_a"]
        assert {one.index for one in told if isinstance(one, CallDelta)} == {0}

    at_desk(path, work, call("a", "b"))


def test_a_budget_that_is_spent_ends_the_run_incomplete(path):
    async def work(desk):
        live = desk.run(max_completion_tokens=5)
        await desk.follow(live)
        outputs = [ToolOutput("call_a", "A")]
        await desk.service.submit_tool_outputs(live.run.thread_id, live.run.id, outputs)
        told = await desk.follow(live)
        assert story(told)[-1] == "run incomplete"
        assert live.run.state.cut == "max_completion_tokens"
        assert desk.model.asked[0].request.max_output_tokens == 5
        assert len(desk.model.asked) == 1

    at_desk(path, work, call("a"))


def test_an_answer_that_hits_the_length_stays_as_an_incomplete_message(path):
    async def work(desk):
        live = desk.run(max_completion_tokens=5)
        told = await desk.follow(live)
        assert story(told)[-3:] == [
            "message incomplete",
            "message_creation completed",
            "run incomplete",
        ]
        _, message = await desk.service.messages(live.run.thread_id)
        assert (message.text, message.cut) == ("Once", "max_tokens")

    at_desk(path, work, say("Once", finish="length"))


def test_a_failing_endpoint_fails_the_run_and_keeps_what_was_said(path):
    failure = EndpointDenied("e", "the key is wrong", status=401, hint="set the key")

    async def work(desk):
        live = desk.run()
        told = await desk.follow(live)
        assert story(told)[-3:] == [
            "message incomplete",
            "message_creation failed",
            "run failed",
        ]
        error = live.run.state.last_error
        assert (error.message, error.hint, error.denied) == (str(failure), "set the key", True)
        _, message = await desk.service.messages(live.run.thread_id)
        (step,) = await desk.service.steps(live.run.thread_id, live.run.id)
        assert (message.cut, step.last_error) == ("run_failed", error)

    at_desk(path, work, say("Once", error=failure))


def test_an_endpoint_that_fails_amid_calls_leaves_a_failed_step(path):
    async def work(desk):
        live = desk.run()
        assert story(await desk.follow(live))[-2:] == ["tool_calls failed", "run failed"]
        (step,) = await desk.service.steps(live.run.thread_id, live.run.id)
        assert (step.status, step.calls) == ("failed", ())

    at_desk(path, work, call("a", error=EndpointUnavailable("e", "cut")))


def test_an_endpoint_that_cannot_be_had_fails_the_run(path):
    async def work(desk):
        def refuse(endpoint):
            raise EndpointDenied(endpoint, "no key")

        desk.service._turns._model_for = refuse
        live = desk.run(assistant=desk.assistant(endpoint="far"))
        assert story(await desk.follow(live)) == ["run in_progress", "run failed"]
        assert live.run.state.last_error.message == "endpoint `far`: no key"

    at_desk(path, work)


def test_an_answer_without_an_end_is_a_failure_and_never_an_answer(path):
    async def work(desk):
        live = desk.run()
        await desk.follow(live)
        assert live.run.status == "failed"
        assert "stopped before its end" in live.run.state.last_error.message

    at_desk(path, work, say("Once", no_end=True))


def test_a_cancelled_task_leaves_the_run_to_be_followed_again(path):
    async def work(desk):
        live = desk.run()
        following = asyncio.create_task(desk.follow(live))
        await desk.model.holding.wait()
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        assert (live.run.status, desk.model.open_streams) == ("in_progress", 0)
        assert story(await desk.follow(live))[-1] == "run completed"
        messages = await desk.service.messages(live.run.thread_id)
        assert [one.text for one in messages] == ["hi", "Hello"]

    at_desk(path, work, say("Hel", hold=True), say("Hello"))


def test_leaving_early_closes_the_stream_and_leaves_the_run_to_be_followed_again(path):
    async def work(desk):
        live = desk.run()
        async with aclosing(desk.service.follow(live)) as progress:
            async for told in progress:
                if isinstance(told, RunTextDelta):
                    break
        assert desk.model.open_streams == 0
        assert story(await desk.follow(live))[-1] == "run completed"

    at_desk(path, work, say("Hello there"), say("Hello"))


def test_a_second_follower_is_told_the_stop_and_asks_nothing(path):
    async def work(desk):
        live = desk.run()
        first = asyncio.create_task(desk.follow(live))
        await desk.model.holding.wait()
        second = asyncio.create_task(desk.follow(live))
        desk.model.release.set()
        await first
        assert story(await second) == ["run completed"]
        assert len(desk.model.asked) == 1

    at_desk(path, work, say("Hello", hold=True))


def test_ending_a_run_and_cancelling_its_task_at_once_both_happen(path):
    async def work(desk):
        live = desk.run()
        following = asyncio.create_task(desk.follow(live))
        await desk.model.holding.wait()
        cancelling = asyncio.create_task(desk.service.cancel(live.run.thread_id, live.run.id))
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        assert (await cancelling).status == "cancelled"

    at_desk(path, work, say("Hel", hold=True))


class Deaf(TurnsModel):
    """An endpoint client that turns a cancellation into an error of its own, as none should."""

    async def respond(self, request):
        try:
            async for event in super().respond(request):
                yield event
        except asyncio.CancelledError:
            raise EndpointUnavailable("e", "interrupted") from None


class Stubborn(TurnsModel):
    """An endpoint client that swallows a cancellation and answers all the same."""

    async def respond(self, request):
        try:
            async for event in super().respond(request):
                yield event
        except asyncio.CancelledError:
            yield ModelTurn("Hello", (), "stop", None)


@pytest.mark.parametrize("client", [TurnsModel, Deaf, Stubborn])
def test_cancelling_a_run_does_not_cancel_the_task_that_follows_it(path, client):
    async def work(desk):
        desk.model.__class__ = client
        live = desk.run()

        async def follow():
            told = await desk.follow(live)
            return story(told)[-1], asyncio.current_task().cancelling()

        following = asyncio.create_task(follow())
        await desk.model.holding.wait()
        await desk.service.cancel(live.run.thread_id, live.run.id)
        assert await following == ("run cancelled", 0)

    at_desk(path, work, say("Hel", hold=True))


def test_a_mistake_of_a_client_is_not_hidden_and_the_run_can_go_on(path):
    async def work(desk):
        live = desk.run()
        with pytest.raises(IndexError):
            await desk.follow(live)
        desk.model.replies.append(say("ok"))
        assert story(await desk.follow(live))[-1] == "run completed"

    at_desk(path, work)


def test_the_stop_is_told_only_when_it_is_durable(path):
    async def work(desk):
        live = desk.run()
        read = "SELECT status FROM assistant_run"
        async for told in desk.service.follow(live):
            if isinstance(told, RunChanged) and told.stops:
                assert desk.database.read(read) == [("requires_action",)]
                assert desk.database.read("SELECT count(*) FROM run_step") == [(1,)]

    at_desk(path, work, call("a"))


def test_one_turn_costs_one_commit(path):
    async def work(desk):
        commits = []
        commit = desk.database.commit

        async def counted():
            commits.append(1)
            await commit()

        desk.database.commit = counted
        live = desk.run()
        await desk.follow(live)
        outputs = [ToolOutput("call_a", "A")]
        await desk.service.submit_tool_outputs(live.run.thread_id, live.run.id, outputs)
        await desk.follow(live)
        assert len(commits) == 2

    at_desk(path, work, call("a"), say("ok"))


def test_an_error_before_anything_was_said_leaves_no_message(path):
    async def work(desk):
        live = desk.run()
        await desk.follow(live)
        assert [one.text for one in await desk.service.messages(live.run.thread_id)] == ["hi"]
        assert isinstance(failure, EndpointError)

    failure = EndpointUnavailable("e", "down", status=500)
    at_desk(path, work, Reply(error=failure))

"""The service's face: making, finding, locking, submitting, cancelling, expiring."""

import asyncio

import pytest

from flowrun.assistants.progress import RunChanged
from flowrun.assistants.records import Truncation
from flowrun.clock import ManualClock, SystemClock
from flowrun.errors import RuntimeRejected
from flowrun.ports.models import (
    AssistantItem,
    TokenUsage,
    ToolCall,
    ToolCallsItem,
    ToolOutputItem,
    UserItem,
)
from flowrun.ports.runtime import AnsweredRound, ToolOutput
from tests.support.desk import at_desk, note
from tests.support.models import call, say


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


async def refusal_of(awaitable) -> RuntimeRejected:
    with pytest.raises(RuntimeRejected) as refusal:
        await awaitable
    return refusal.value


def outputs(**by_name):
    return [ToolOutput(f"call_{name}", output) for name, output in by_name.items()]


def test_a_plain_run_answers_and_completes(path):
    async def run(desk):
        live = desk.run("hello")
        assert (live.run.status, live.run.usage, live.run.state.started_at) == (
            "queued",
            None,
            None,
        )
        assert live.run.expires_at == live.run.created_at + 600
        told = await desk.follow(live)
        run = await desk.service.run(live.run.thread_id, live.run.id)
        assert told[-1] == RunChanged("completed", run)
        assert (run.expires_at, run.completed_at) == (None, int(desk.clock.now()))
        assert run.usage == TokenUsage(10, 5, 15)
        user, answer = await desk.service.messages(run.thread_id)
        assert (user.role, user.text, user.run_id) == ("user", "hello", None)
        assert (answer.role, answer.text, answer.run_id) == ("assistant", "Hi there", run.id)
        (step,) = await desk.service.steps(run.thread_id, run.id)
        assert (step.type, step.message_id, step.usage) == (
            "message_creation",
            answer.id,
            TokenUsage(10, 5, 15),
        )

    at_desk(path, run, say("Hi there"))


def test_a_tool_round_pauses_until_the_complete_set_of_outputs_came(path):
    async def work(desk):
        live = desk.run("look")
        await desk.follow(live)
        run = live.run
        assert run.status == "requires_action"
        assert [one.id for one in run.state.pending_calls] == ["call_a", "call_b"]
        (step,) = await desk.service.steps(run.thread_id, run.id)
        assert (step.status, step.outputs, step.usage) == ("in_progress", None, None)
        desk.clock.advance(5)
        await desk.service.submit_tool_outputs(run.thread_id, run.id, outputs(b="B", a="A"))
        assert (live.run.status, live.run.state.pending_calls) == ("queued", ())
        await desk.follow(live)
        assert live.run.status == "completed"
        assert live.run.state.started_at == run.state.started_at + 5
        assert live.run.usage == TokenUsage(20, 10, 30)
        steps = await desk.service.steps(run.thread_id, run.id)
        assert [(one.type, one.status) for one in steps] == [
            ("tool_calls", "completed"),
            ("message_creation", "completed"),
        ]
        assert steps[0].outputs == ("A", "B")
        assert desk.model.asked[1].items == (
            UserItem("look"),
            ToolCallsItem(run.state.pending_calls),
            ToolOutputItem("call_a", "A"),
            ToolOutputItem("call_b", "B"),
        )

    at_desk(path, work, call("a", "b"), say("done"))


@pytest.mark.parametrize(
    ("given", "got"),
    [
        ([("call_a", "A")], "['call_a']"),
        ([("call_a", "A"), ("call_x", "X")], "['call_a', 'call_x']"),
        ([("call_a", "A"), ("call_a", "A"), ("call_b", "B")], "['call_a', 'call_a', 'call_b']"),
        ([], "[]"),
    ],
)
def test_any_other_set_of_outputs_is_refused_and_the_run_goes_on_waiting(path, given, got):
    async def work(desk):
        live = desk.run("look")
        await desk.follow(live)
        refusal = await refusal_of(
            desk.service.submit_tool_outputs(
                live.run.thread_id, live.run.id, [ToolOutput(*one) for one in given]
            )
        )
        assert str(refusal) == (
            f"Expected tool outputs for call_ids ['call_a', 'call_b'], got {got}"
        )
        assert live.run.status == "requires_action"

    at_desk(path, work, call("a", "b"))


def test_outputs_accepted_before_are_accepted_again_and_others_are_not(path):
    async def work(desk):
        live = desk.run("look")
        await desk.follow(live)
        where = live.run.thread_id, live.run.id
        await desk.service.submit_tool_outputs(*where, outputs(a="A"))
        await desk.service.submit_tool_outputs(*where, outputs(a="A"))
        await desk.follow(live)
        again = await desk.service.submit_tool_outputs(*where, outputs(a="A"))
        assert again.run.status == "completed"
        refusal = await refusal_of(desk.service.submit_tool_outputs(*where, outputs(a="other")))
        assert str(refusal) == 'Runs in status "completed" do not accept tool outputs.'
        refusal = await refusal_of(desk.service.submit_tool_outputs(*where, []))
        assert str(refusal) == 'Runs in status "completed" do not accept tool outputs.'

    at_desk(path, work, call("a"), say("done"))


def test_a_thread_is_locked_while_a_run_is_active_and_free_with_its_terminal_status(path):
    async def work(desk):
        live = desk.run("look")
        thread_id, run_id = live.run.thread_id, live.run.id
        for _ in range(2):
            with pytest.raises(RuntimeRejected) as refusal:
                desk.service.add_message(thread_id, note("more"))
            assert str(refusal.value) == (
                f"Can't add messages to {thread_id} while a run {run_id} is active."
            )
            with pytest.raises(RuntimeRejected) as refusal:
                desk.run("more", thread=thread_id)
            assert str(refusal.value) == f"Thread {thread_id} already has an active run {run_id}."
            assert refusal.value.status == 400
            await desk.follow(live)
        await desk.service.submit_tool_outputs(thread_id, run_id, outputs(a="A"))
        await desk.follow(live)
        desk.service.add_message(thread_id, note("more"))
        assert desk.run(None, thread=thread_id).run.status == "queued"

    at_desk(path, work, call("a"), say("done"))


def test_a_refused_run_adds_none_of_its_messages(path):
    async def work(desk):
        live = desk.run("first")
        with pytest.raises(RuntimeRejected):
            desk.run("second", thread=live.run.thread_id)
        assert [one.text for one in await desk.service.messages(live.run.thread_id)] == ["first"]

    at_desk(path, work)


def test_a_run_needs_a_message_or_instructions(path):
    async def work(desk):
        with pytest.raises(RuntimeRejected) as refusal:
            desk.run(None)
        assert refusal.value.code == "invalid_thread"
        live = desk.run(None, instructions="Greet.")
        await desk.follow(live)
        assert desk.model.asked[0].request.instructions == "Greet."

    at_desk(path, work, say("Hello"))


def test_unknown_things_are_not_found(path):
    async def work(desk):
        service, thread = desk.service, desk.service.open_thread()
        with pytest.raises(RuntimeRejected, match="No assistant found with id 'asst_x'"):
            service.assistant("asst_x")
        with pytest.raises(RuntimeRejected, match="No thread found with id 'thread_x'"):
            service.thread("thread_x")
        with pytest.raises(RuntimeRejected, match="No run found with id 'run_x'"):
            service.live_run(thread.id, "run_x")
        live = desk.run("hi")
        with pytest.raises(RuntimeRejected, match="No run found with id"):
            service.live_run(thread.id, live.run.id)

    at_desk(path, work)


def test_a_label_finds_the_same_thread_and_run_again(path):
    async def work(desk):
        thread = desk.service.open_thread("flow/research")
        assert desk.service.open_thread("flow/research") == thread
        assert desk.service.open_thread().id != desk.service.open_thread().id
        first = desk.run("hi", thread=thread.id, label="flow/step")
        assert desk.run("hi", thread=thread.id, label="flow/step") is first
        await desk.follow(first)
        found = desk.run("hi", thread=thread.id, label="flow/step")
        assert found.run == first.run
        assert found.texts == first.texts == ["Hello"]
        assert len(desk.model.asked) == 1

    at_desk(path, work, say("Hello"))


def test_a_run_keeps_its_copy_of_the_assistant_and_its_own_changes(path):
    async def work(desk):
        live = desk.run(
            "hi",
            assistant=desk.assistant(instructions="Be brief.", temperature=1.0),
            additional_instructions="In French.",
            temperature=0.2,
            model="other",
            tools=(),
        )
        await desk.follow(live)
        request = desk.model.asked[0].request
        assert request.instructions == "Be brief.\nIn French."
        assert (request.temperature, request.model, request.tools) == (0.2, "other", ())
        assert request.assistant == "guide"

    at_desk(path, work, say("Salut"))


def test_response_format_and_choices_reach_the_model(path):
    async def work(desk):
        wanted = {"type": "json_object"}
        live = desk.run("hi", assistant=desk.assistant(response_format=wanted), tool_choice="auto")
        await desk.follow(live)
        assert desk.model.asked[0].request.response_format == wanted
        assert desk.model.asked[0].request.tool_choice == "auto"
        live = desk.run(
            "hi",
            assistant=desk.assistant(response_format=wanted),
            response_format={"type": "text"},
        )
        await desk.follow(live)
        assert desk.model.asked[1].request.response_format is None

    at_desk(path, work, say("{}"), say("x"))


@pytest.mark.parametrize("state", ["queued", "requires_action"])
def test_a_run_nobody_works_on_is_cancelled_at_once(path, state):
    async def work(desk):
        live = desk.run("look")
        if state == "requires_action":
            await desk.follow(live)
        assert live.run.status == state
        run = await desk.service.cancel(live.run.thread_id, live.run.id)
        assert (run.status, run.cancelled_at) == ("cancelled", int(desk.clock.now()))
        told = await desk.follow(live)
        assert [one.change for one in told if isinstance(one, RunChanged)] == [
            "cancelling",
            "cancelled",
        ]
        steps = await desk.service.steps(run.thread_id, run.id)
        assert [one.status for one in steps] == ["cancelled"] * len(steps)
        refusal = await refusal_of(desk.service.cancel(run.thread_id, run.id))
        assert str(refusal) == "Cannot cancel run with status 'cancelled'."
        desk.service.add_message(run.thread_id, note("free again"))

    at_desk(path, work, call("a"))


def test_cancelling_closes_the_stream_and_keeps_what_was_said(path):
    async def work(desk):
        live = desk.run("tell me")
        following = asyncio.create_task(desk.follow(live))
        await desk.model.holding.wait()
        run = await desk.service.cancel(live.run.thread_id, live.run.id)
        assert run.status == "cancelled"
        told = await following
        assert desk.model.open_streams == 0
        assert told[-1] == RunChanged("cancelled", run)
        assert not following.cancelling()
        _, message = await desk.service.messages(run.thread_id)
        assert (message.text, message.status, message.cut) == (
            "Once upon",
            "incomplete",
            "run_cancelled",
        )
        (step,) = await desk.service.steps(run.thread_id, run.id)
        assert (step.status, step.message_id) == ("cancelled", message.id)

    at_desk(path, work, say("Once upon", hold=True))


def test_whoever_follows_may_cancel_between_two_pieces(path):
    async def work(desk):
        live = desk.run("tell me")
        changes = []
        async for told in desk.service.follow(live):
            changes.append(told)
            if len(changes) == 7:
                await desk.service.cancel(live.run.thread_id, live.run.id)
        assert changes[-1].change == "cancelled"
        assert desk.model.open_streams == 0

    at_desk(path, work, say("a long story", chunk=1))


def test_calls_that_were_never_answered_are_never_shown_to_a_model(path):
    async def work(desk):
        live = desk.run("look")
        await desk.follow(live)
        await desk.service.cancel(live.run.thread_id, live.run.id)
        await desk.follow(desk.run("again", thread=live.run.thread_id))
        assert desk.model.asked[1].items == (
            UserItem("look"),
            AssistantItem("Let me see"),
            UserItem("again"),
        )

    at_desk(path, work, call("a", text="Let me see"), say("ok"))


@pytest.mark.parametrize("touch", ["follow", "run", "submit", "message", "cancel"])
def test_an_overdue_run_is_expired_by_whatever_touches_it(path, touch):
    async def work(desk):
        live = desk.run("look")
        await desk.follow(live)
        where = live.run.thread_id, live.run.id
        desk.clock.advance(600)
        if touch == "follow":
            assert (await desk.follow(live))[-1].change == "expired"
        elif touch == "submit":
            refusal = await refusal_of(desk.service.submit_tool_outputs(*where, outputs(a="A")))
            assert str(refusal) == 'Runs in status "expired" do not accept tool outputs.'
        elif touch == "message":
            desk.service.add_message(live.run.thread_id, note("more"))
        elif touch == "cancel":
            refusal = await refusal_of(desk.service.cancel(*where))
            assert str(refusal) == "Cannot cancel run with status 'expired'."
        run = await desk.service.run(*where)
        assert run.status == "expired"
        (step,) = await desk.service.steps(*where)
        assert (step.status, step.expired_at) == ("expired", int(desk.clock.now()))

    at_desk(path, work, call("a"))


def test_submitting_outputs_does_not_move_the_deadline(path):
    async def work(desk):
        live = desk.run("look")
        await desk.follow(live)
        desk.clock.advance(599)
        await desk.service.submit_tool_outputs(live.run.thread_id, live.run.id, outputs(a="A"))
        desk.clock.advance(1)
        assert (await desk.follow(live))[-1].change == "expired"

    at_desk(path, work, call("a"))


def test_stepping_the_calendar_neither_hastens_nor_delays_expiry(path):
    async def work(desk):
        live = desk.run("look")
        await desk.follow(live)
        desk.clock.set_calendar(desk.clock.now() + 3600)
        assert (await desk.service.run(live.run.thread_id, live.run.id)).status == "requires_action"
        desk.clock.set_calendar(desk.clock.now() - 7200)
        desk.clock.advance(600)
        assert (await desk.service.run(live.run.thread_id, live.run.id)).status == "expired"

    at_desk(path, work, call("a"))


def test_the_deadline_ends_a_run_that_is_being_answered(path):
    async def work(desk):
        live = desk.run("tell me")
        told = await desk.follow(live)
        assert (told[-1].change, desk.model.open_streams) == ("expired", 0)
        _, message = await desk.service.messages(live.run.thread_id)
        assert (message.text, message.cut) == ("Once upon", "run_expired")

    at_desk(path, work, say("Once upon", hold=True), clock=SystemClock(), lifetime=1)


def test_the_deadline_ends_a_run_that_nobody_follows(path):
    async def work(desk):
        live = desk.run("look")
        await desk.follow(live)
        desk.clock.advance(600)
        assert live.timer is not None
        live.timer._run()
        assert live.run.status == "expired"
        desk.service.add_message(live.run.thread_id, note("free again"))

    at_desk(path, work, call("a"), clock=ManualClock())


def test_a_deadline_that_rings_early_is_set_again(path):
    async def work(desk):
        live = desk.run("look")
        first = live.timer
        first._run()
        assert live.timer is not first
        assert live.run.status == "queued"

    at_desk(path, work, clock=ManualClock())


def rows(desk):
    tables = ("thread", "message", "assistant_run", "run_step")
    return [desk.database.read(f"SELECT count(*) FROM {table}")[0][0] for table in tables]


def test_a_deleted_thread_is_gone_with_everything_on_it_and_the_others_stay(path):
    async def work(desk):
        kept = desk.service.open_thread("kept").id
        await desk.follow(desk.run("hi", thread=kept, label="run-kept"))
        gone = desk.service.open_thread("gone").id
        live = desk.run("hi", thread=gone, label="run-gone")
        await desk.follow(live)
        await desk.service.submit_tool_outputs(gone, live.run.id, outputs(look="seen"))
        await desk.follow(live)
        await desk.service.delete_thread(gone)
        assert rows(desk) == [1, 2, 1, 1]
        with pytest.raises(RuntimeRejected, match="No thread found"):
            desk.service.thread(gone)
        await refusal_of(desk.service.run(gone, live.run.id))
        await refusal_of(desk.service.delete_thread(gone))
        assert desk.service.open_thread("kept").id == kept

    at_desk(path, work, say("kept"), call("look"), say("done"))


def test_labels_of_what_is_being_deleted_are_free_before_it_is_durable(path):
    async def work(desk):
        thread = desk.service.open_thread("thread").id
        await desk.follow(desk.run("hi", thread=thread, label="run"))
        deleting = asyncio.create_task(desk.service.delete_thread(thread))
        await asyncio.sleep(0)
        assert rows(desk)[0] == 1  # not yet
        other = desk.service.open_thread("thread").id
        assert other != thread
        live = desk.run("again", thread=other, label="run")
        assert live.run.thread_id == other
        await deleting
        await desk.follow(live)
        assert rows(desk) == [1, 2, 1, 1]

    at_desk(path, work, say("one"), say("two"))


def test_a_thread_of_an_earlier_life_is_deleted_without_being_read_back(path):
    async def before(desk):
        thread = desk.service.open_thread("thread").id
        await desk.follow(desk.run("hi", thread=thread, label="run"))
        return thread

    thread = at_desk(path, before, say("one"))

    async def after(desk):
        await desk.service.delete_thread(thread)
        assert rows(desk) == [0, 0, 0, 0]
        assert desk.service.open_thread("thread").id != thread

    at_desk(path, after)


def test_deleting_a_thread_ends_the_run_that_holds_it(path):
    async def work(desk):
        live = desk.run("hi")
        following = asyncio.create_task(desk.follow(live))
        await desk.model.holding.wait()
        await desk.service.delete_thread(live.run.thread_id)
        told = await following
        assert told[-1].change == "cancelled"
        assert desk.model.open_streams == 0
        assert rows(desk) == [0, 0, 0, 0]

    at_desk(path, work, say("Once", hold=True))


SEEN = AnsweredRound((ToolCall("call_look", "look", '{"at": 1}'),), ("seen",))


def test_a_run_may_begin_with_rounds_that_are_its_first_steps(path):
    async def work(desk):
        live = desk.run("hi", rounds=(SEEN,), tool_choice="required")
        await desk.follow(live)
        assert desk.model.asked[0].items == (
            UserItem("hi"),
            ToolCallsItem(SEEN.calls),
            ToolOutputItem("call_look", "seen"),
        )
        assert desk.model.asked[0].request.tool_choice is None
        first, answer = await desk.service.steps(live.run.thread_id, live.run.id)
        assert (first.type, first.status, first.outputs, first.tokens) == (
            "tool_calls",
            "completed",
            ("seen",),
            None,
        )
        assert answer.type == "message_creation"
        assert live.run.usage == TokenUsage(10, 5, 15)

    at_desk(path, work, say("done"))


def rounds_of(*names):
    return tuple(
        AnsweredRound((ToolCall(f"call_{name}", name, "{}"),), (name.upper(),)) for name in names
    )


def test_a_run_goes_on_from_one_put_aside_as_if_nothing_had_happened(path):
    """What the model is shown is what it would have been shown without the interruption."""

    async def straight(desk):
        live = desk.run("hi")
        for name in ("a", "b"):
            await desk.follow(live)
            given = outputs(**{name: name.upper()})
            await desk.service.submit_tool_outputs(live.run.thread_id, live.run.id, given)
        await desk.follow(live)
        return desk.model.asked[-1]

    async def aside(desk):
        thread = desk.service.open_thread().id
        first = desk.run("hi", thread=thread)
        await desk.follow(first)
        await desk.service.submit_tool_outputs(thread, first.run.id, outputs(a="A"))
        await desk.follow(first)
        await desk.service.cancel(thread, first.run.id)
        await desk.follow(desk.run(None, thread=thread, rounds=rounds_of("a", "b")))
        return desk.model.asked[-1]

    turns = [call("a", text="First a."), call("b", text="Now b."), say("done")]
    undisturbed = at_desk(path, straight, *turns)
    disturbed = at_desk(path.with_name("other.db"), aside, *turns)
    assert disturbed.items == undisturbed.items


def test_the_ids_of_later_calls_differ_from_those_that_the_run_began_with(path):
    async def work(desk):
        live = desk.run("hi", rounds=(SEEN,))
        await desk.follow(live)
        (again,) = live.run.state.pending_calls
        assert again.name == "look"
        assert again.id != "call_look"

    at_desk(path, work, call("look"))


@pytest.mark.parametrize(
    ("rounds", "said"),
    [
        ((SEEN, SEEN), "different ids"),
        ((AnsweredRound(SEEN.calls, ()),), "0 outputs for 1 calls"),
        ((AnsweredRound((), ()),), "0 outputs for 0 calls"),
    ],
)
def test_rounds_that_are_none_are_refused(path, rounds, said):
    async def work(desk):
        with pytest.raises(RuntimeRejected, match=said):
            desk.run("hi", rounds=rounds)

    at_desk(path, work)


def test_the_last_messages_are_counted_back_from_where_the_run_put_aside_began(path):
    async def work(desk):
        thread = desk.service.open_thread().id
        await desk.follow(desk.run("hi", thread=thread))
        first = desk.run("and?", thread=thread)
        await desk.follow(first)
        await desk.service.submit_tool_outputs(thread, first.run.id, outputs(a="A"))
        await desk.follow(first)
        await desk.service.cancel(thread, first.run.id)
        only = Truncation("last_messages", 1)
        live = desk.run(None, thread=thread, rounds=rounds_of("a", "b"), truncation=only)
        await desk.follow(live)
        shown = desk.model.asked[-1].items
        assert shown[0] == UserItem("and?")
        assert len(shown) == 5

    turns = [say("hello"), call("a", text="First a."), call("b"), say("done")]
    at_desk(path, work, *turns)

"""What a killed process leaves behind, and how the next one goes on.

A crash is a copy of the store's files taken at the chosen instant and opened as a store of its
own; one test kills a real process.
"""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from flowrun.assistants.progress import RunChanged
from flowrun.assistants.records import NewAssistant, NewRun
from flowrun.clock import ManualClock, SystemClock
from flowrun.errors import EndpointDenied
from flowrun.ports.models import TokenUsage, ToolCall, ToolCallsItem, ToolOutputItem, UserItem
from flowrun.ports.runtime import AnsweredRound, ToolOutput
from tests.support.desk import at_desk, crash_image, desk
from tests.support.models import call, say

ASSISTANT = NewAssistant(model="m", name="guide", instructions="Be brief.")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def crashed(path, work, *replies):
    """Run `work`, which returns the image of the store at the instant of its crash."""
    return at_desk(path, work, *replies)


def begin(desk_, **more):
    thread = desk_.service.open_thread("thread")
    found = desk_.service.put_assistant
    assistant = found(ASSISTANT, "assistant").id
    return desk_.run("look", thread=thread.id, assistant=assistant, label="run", **more)


def test_a_run_that_never_reached_the_disk_is_simply_begun_again(path):
    async def work(desk_):
        begin(desk_)
        return crash_image(path)

    async def again(desk_):
        live = begin(desk_)
        await desk_.follow(live)
        texts = [one.text for one in await desk_.service.messages(live.run.thread_id)]
        assert texts == ["look", "done"]

    at_desk(crashed(path, work), again, say("done"))


def test_a_run_that_died_while_the_model_answered_is_asked_once_more(path):
    images = []

    async def work(desk_):
        live = begin(desk_)
        await desk_.service.settle()
        desk_.model.on_request = lambda: images.append(crash_image(path))
        await desk_.follow(live)
        return live.run.id

    run_id = at_desk(path, work, say("lost"))

    async def again(desk_):
        live = begin(desk_)
        assert (live.run.id, live.run.status) == (run_id, "queued")
        await desk_.follow(live)
        assert desk_.model.asked[0].items == (UserItem("look"),)
        assert desk_.model.asked[0].request.instructions == "Be brief."
        texts = [one.text for one in await desk_.service.messages(live.run.thread_id)]
        assert texts == ["look", "done"]

    at_desk(images[0], again, say("done"))


def test_a_run_that_waits_for_outputs_shows_the_same_calls_again(path):
    async def work(desk_):
        live = begin(desk_)
        await desk_.follow(live)
        return crash_image(path), live.run

    image, run = at_desk(path, work, call("a", "b", text="Let me see"))

    async def again(desk_):
        live = begin(desk_)
        told = await desk_.follow(live)
        assert told == [RunChanged("requires_action", run)]
        assert desk_.model.asked == []
        outputs = [ToolOutput("call_a", "A"), ToolOutput("call_b", "B")]
        await desk_.service.submit_tool_outputs(run.thread_id, run.id, outputs)
        await desk_.follow(live)
        assert desk_.model.asked[0].items == (
            UserItem("look"),
            ToolCallsItem(run.state.pending_calls, "Let me see"),
            ToolOutputItem("call_a", "A"),
            ToolOutputItem("call_b", "B"),
        )
        assert (live.run.status, live.run.usage) == ("completed", TokenUsage(20, 10, 30))
        assert live.texts == ["Let me see", "done"]

    at_desk(image, again, say("done"))


def test_outputs_accepted_before_the_crash_need_not_be_submitted_again(path):
    images = []
    outputs = [ToolOutput("call_a", "A")]

    async def work(desk_):
        live = begin(desk_, tool_choice="required")
        await desk_.follow(live)
        await desk_.service.submit_tool_outputs(live.run.thread_id, live.run.id, outputs)
        await desk_.service.settle()
        desk_.model.on_request = lambda: images.append(crash_image(path))
        await desk_.follow(live)

    at_desk(path, work, call("a"), say("lost"))

    async def again(desk_):
        live = begin(desk_)
        assert live.run.status == "queued"
        await desk_.service.submit_tool_outputs(live.run.thread_id, live.run.id, outputs)
        await desk_.follow(live)
        assert desk_.model.asked[0].items[-1] == ToolOutputItem("call_a", "A")
        assert desk_.model.asked[0].request.tool_choice is None
        assert live.run.status == "completed"

    at_desk(images[0], again, say("done"))


def test_outputs_that_did_not_reach_the_disk_are_asked_for_again(path):
    async def work(desk_):
        live = begin(desk_)
        await desk_.follow(live)
        outputs = [ToolOutput("call_a", "A")]
        await desk_.service.submit_tool_outputs(live.run.thread_id, live.run.id, outputs)
        return crash_image(path)

    async def again(desk_):
        live = begin(desk_)
        assert live.run.status == "requires_action"

    at_desk(crashed(path, work, call("a")), again)


def test_a_finished_run_is_told_again_with_its_messages(path):
    async def work(desk_):
        live = begin(desk_)
        await desk_.follow(live)
        return crash_image(path), live.run

    image, run = at_desk(path, work, say("done"))

    async def again(desk_):
        live = begin(desk_)
        assert await desk_.follow(live) == [RunChanged("completed", run)]
        assert live.texts == ["done"]

    at_desk(image, again)


@pytest.mark.parametrize("turns", [[], [call("a")]])
def test_a_run_whose_time_passed_while_nobody_was_there_is_expired(path, turns):
    async def work(desk_):
        live = begin(desk_)
        if turns:
            await desk_.follow(live)
        await desk_.service.settle()
        return crash_image(path), desk_.clock.now()

    image, then = at_desk(path, work, *turns)

    async def again(desk_):
        live = begin(desk_)
        assert (await desk_.follow(live))[-1].change == "expired"
        assert desk_.model.asked == []
        steps = await desk_.service.steps(live.run.thread_id, live.run.id)
        assert [step.status for step in steps] == ["expired"] * len(turns)

    at_desk(image, again, clock=ManualClock(then + 600))


def test_a_run_loaded_with_time_left_expires_when_that_is_over(path):
    async def work(desk_):
        live = begin(desk_)
        await desk_.follow(live)
        return crash_image(path), desk_.clock.now()

    image, then = at_desk(path, work, call("a"))

    async def again(desk_):
        live = begin(desk_)
        desk_.clock.advance(1)
        live.timer._run()
        assert live.run.status == "expired"

    at_desk(image, again, clock=ManualClock(then + 599))


def test_the_rounds_that_a_run_began_with_outlive_the_process(path):
    """What the model is shown is the same, in the life that began the run and in the next."""
    images = []
    seen = AnsweredRound((ToolCall("call_look", "look", "{}"),), ("seen",))

    async def work(desk_):
        first = begin(desk_)
        await desk_.follow(first)
        thread = first.run.thread_id
        await desk_.service.cancel(thread, first.run.id)
        desk_.model.on_request = lambda: images.append(crash_image(path))
        second = desk_.run(None, thread=thread, rounds=(seen,), label="second")
        await desk_.service.settle()
        await desk_.follow(second)
        return desk_.model.asked[-1].items, second.first_item, second.run.id

    shown, first_item, run_id = at_desk(path, work, call("look", text="Let me see"), say("lost"))

    async def again(desk_):
        live = desk_.service.begin_run(
            NewRun(thread_id="thread_x", assistant_id="asst_x", label="second")
        )
        assert (live.run.id, live.first_item, live.turn) == (run_id, first_item, 1)
        await desk_.follow(live)
        assert desk_.model.asked[-1].items == shown
        assert [one.type for one in await desk_.service.steps(live.run.thread_id, run_id)] == [
            "tool_calls",
            "message_creation",
        ]

    at_desk(images[-1], again, say("done"))
    assert shown == (
        UserItem("look"),
        ToolCallsItem(seen.calls, "Let me see"),
        ToolOutputItem("call_look", "seen"),
    )


def test_budgets_and_the_bounds_of_the_run_outlive_the_process(path):
    async def work(desk_):
        thread = desk_.service.open_thread("thread")
        await desk_.follow(desk_.run("before", thread=thread.id))
        live = begin(desk_, max_completion_tokens=12)
        await desk_.follow(live)
        return crash_image(path)

    async def again(desk_):
        live = begin(desk_)
        outputs = [ToolOutput("call_a", "A")]
        await desk_.service.submit_tool_outputs(live.run.thread_id, live.run.id, outputs)
        await desk_.follow(live)
        assert desk_.model.asked[0].request.max_output_tokens == 7
        assert live.first_item == 3

    at_desk(crashed(path, work, say("x"), call("a")), again, say("done"))


def test_an_error_and_its_hint_outlive_the_process(path):
    failure = EndpointDenied("e", "the key is wrong", status=401, hint="set the key")

    async def work(desk_):
        live = begin(desk_)
        await desk_.follow(live)
        return crash_image(path), live.run

    image, run = at_desk(path, work, say("", error=failure))

    async def again(desk_):
        assert begin(desk_).run == run

    at_desk(image, again)


_CHILD = """
    import asyncio, sys
    from pathlib import Path
    from tests.support.desk import desk
    from tests.support.models import call
    from tests.unit.assistants.test_crash import begin
    from flowrun.clock import SystemClock

    async def main():
        with desk(Path(sys.argv[1]), call("a", "b"), clock=SystemClock()) as opened:
            await opened.follow(begin(opened))
            print("waiting", flush=True)
            await asyncio.Event().wait()

    asyncio.run(main())
"""


def test_a_killed_process_leaves_its_run_waiting_for_the_same_calls(path):
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_CHILD), str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert child.stdout.readline() == b"waiting\n"
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()

    async def again():
        with desk(path, clock=SystemClock()) as opened:
            live = begin(opened)
            assert live.run.status == "requires_action"
            assert [one.id for one in live.run.state.pending_calls] == ["call_a", "call_b"]
            await opened.service.close()

    asyncio.run(again())

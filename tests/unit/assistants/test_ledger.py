"""The ledger under any sequence of legal and illegal operations.

After every operation the run stands where the table says, an illegal one changes nothing, and the
store gives back the very thread that is in memory.
"""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.assistants.shelf import Shelf
from flowrun.assistants.states import RUN_TABLE, RunTrigger
from flowrun.assistants.store import AssistantStore
from flowrun.errors import EndpointUnavailable, RuntimeRejected
from flowrun.ports.runtime import TERMINAL, ToolOutput
from tests.support.desk import desk, note
from tests.support.models import call, say

TURNS = {
    "answer": (say("Hello"), RunTrigger.COMPLETE),
    "calls": (call("a", "b"), RunTrigger.REQUIRE_ACTION),
    "text and calls": (call("a", text="Let me see"), RunTrigger.REQUIRE_ACTION),
    "length": (say("Hel", finish="length"), RunTrigger.CUT_SHORT),
    "failure": (say("Hel", error=EndpointUnavailable("e", "down")), RunTrigger.FAIL),
}

OPERATIONS = st.one_of(
    st.tuples(st.just("follow"), st.sampled_from(sorted(TURNS))),
    st.sampled_from(
        [
            ("begin",),
            ("submit",),
            ("submit wrong",),
            ("cancel",),
            ("message",),
            ("time",),
            ("reopen",),
        ]
    ),
)


class Story:
    """What must be true, told beside what happens."""

    def __init__(self, desk_) -> None:
        self.desk = desk_
        self.thread = desk_.service.open_thread("thread").id
        self.live = desk_.run("hi", thread=self.thread)
        self.status = "queued"

    def expect(self, trigger: RunTrigger) -> None:
        self.status = RUN_TABLE[self.status, trigger]

    @property
    def where(self) -> tuple[str, str]:
        return self.live.run.thread_id, self.live.run.id

    async def follow(self, turn: str) -> None:
        reply, trigger = TURNS[turn]
        self.desk.model.replies.append(reply)
        told = await self.desk.follow(self.live)
        if self.status == "queued":
            self.expect(RunTrigger.START)
            self.expect(trigger)
        self.desk.model.replies.clear()
        assert told[-1].change == self.status

    async def begin(self) -> None:
        if self.status in TERMINAL:
            self.live = self.desk.run("more", thread=self.thread)
            self.status = "queued"
            return
        await refused(lambda: self.desk.run("more", thread=self.thread))

    async def message(self) -> None:
        if self.status in TERMINAL:
            self.desk.service.add_message(self.thread, note("by the way"))
        else:
            await refused(lambda: self.desk.service.add_message(self.thread, note("by the way")))

    async def submit(self) -> None:
        outputs = [ToolOutput(one.id, "seen") for one in self.live.run.state.pending_calls]
        if self.status == "requires_action":
            await self.desk.service.submit_tool_outputs(*self.where, outputs)
            self.expect(RunTrigger.SUBMIT)
        else:
            await refused(lambda: self.desk.service.submit_tool_outputs(*self.where, outputs))

    async def submit_wrong(self) -> None:
        outputs = [ToolOutput("call_nobody", "seen")]
        await refused(lambda: self.desk.service.submit_tool_outputs(*self.where, outputs))

    async def cancel(self) -> None:
        if self.status in TERMINAL:
            await refused(lambda: self.desk.service.cancel(*self.where))
        else:
            await self.desk.service.cancel(*self.where)
            self.expect(RunTrigger.CANCEL)
            self.expect(RunTrigger.CONFIRM_CANCEL)

    async def time(self) -> None:
        self.desk.clock.advance(600)
        await self.desk.service.run(*self.where)
        if self.status not in TERMINAL:
            self.expect(RunTrigger.EXPIRE)

    async def reopen(self) -> None:
        """Meet the run again as a service meets it that has never seen it."""
        await self.desk.service.settle()
        self.desk.service.__init__(self.desk.database, self.desk.model.model_for, self.desk.clock)
        self.live = self.desk.service.live_run(*self.where)

    async def check(self) -> None:
        """The status is the expected one, and memory and store agree."""
        assert self.live.run.status == self.status
        await self.desk.service.settle()
        stored = Shelf(AssistantStore(self.desk.database), lambda live: None)
        run, kept = self.live, stored.run(*self.where)
        thread = stored.thread(self.thread)
        assert kept.run.state == run.run.state or self.status == "in_progress"
        assert thread.transcript.items == run.thread.transcript.items
        assert thread.call_ids == run.thread.call_ids
        assert thread.next_place == run.thread.next_place
        assert (thread.active is None) == (self.status in TERMINAL)
        assert kept.texts == run.texts
        if thread.active is not None:
            assert (kept.first_item, kept.turn) == (run.first_item, run.turn)
            assert (kept.open_step, kept.said_before_calls) == (
                run.open_step,
                run.said_before_calls,
            )


async def refused(attempt) -> None:
    try:
        result = attempt()
        if asyncio.iscoroutine(result):
            await result
    except RuntimeRejected:
        return
    raise AssertionError("this should have been refused")


async def tell(operations, path: Path) -> None:
    with desk(path) as opened:
        story = Story(opened)
        for name, *arguments in operations:
            await getattr(story, name.replace(" ", "_"))(*arguments)
            await story.check()
        await opened.service.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(OPERATIONS, max_size=12))
def test_any_sequence_of_operations_keeps_to_the_table_and_to_the_store(operations):
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(tell(operations, Path(folder) / "store.db"))


def test_a_conversation_with_everything_in_it(tmp_path):
    operations = [
        ("follow", "text and calls"),
        ("submit",),
        ("reopen",),
        ("follow", "calls"),
        ("cancel",),
        ("message",),
        ("begin",),
        ("follow", "text and calls"),
        ("reopen",),
        ("time",),
        ("begin",),
        ("follow", "failure"),
        ("begin",),
        ("follow", "length"),
        ("begin",),
        ("follow", "answer"),
        ("submit wrong",),
    ]
    asyncio.run(tell(operations, tmp_path / "store.db"))

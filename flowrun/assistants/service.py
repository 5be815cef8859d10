"""The embedded Assistants API v2: what can be asked of it, before any wire is put on it.

Calls that make something are done when they return, in memory; they are durable after `settle`, or
with the next stop that a follower is told. A label given on making finds the same thing ever
after. Refusals are `RuntimeRejected` in the API's own words. Everything is called from one running
event loop.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from flowrun.assistants import limits
from flowrun.assistants.definitions import Definitions
from flowrun.assistants.ledger import Ledger
from flowrun.assistants.live import LiveRun, LiveThread
from flowrun.assistants.progress import Progress
from flowrun.assistants.records import (
    Assistant,
    AssistantRun,
    Message,
    Metadata,
    NewAssistant,
    NewMessage,
    NewRun,
    RunStep,
    Thread,
)
from flowrun.assistants.shelf import Shelf
from flowrun.assistants.store import AssistantStore
from flowrun.assistants.turns import ModelFor, TurnLoop
from flowrun.clock import Clock
from flowrun.ports.runtime import ToolOutput
from flowrun.storage.database import Database

RUN_LIFETIME_S = 600
"""From a run's creation to its expiry."""

_SOONEST_S = 0.001


class AssistantsService:
    """Assistants, threads, messages and runs on one store."""

    def __init__(
        self,
        database: Database,
        model_for: ModelFor,
        clock: Clock,
        *,
        run_lifetime_s: int = RUN_LIFETIME_S,
    ) -> None:
        self._store = AssistantStore(database)
        self._ledger = Ledger(self._store, clock, run_lifetime_s)
        self._definitions = Definitions(self._store)
        self._shelf = Shelf(self._store, self._watch)
        self._turns = TurnLoop(self._store, self._ledger, model_for, self._shelf.retire)

    async def settle(self) -> None:
        """Return when everything done so far is durable."""
        await self._store.settle(self._store.mark)

    async def close(self) -> None:
        """Stop the clocks. What is not over is taken up again by the next service on the store."""
        self._shelf.close()

    def put_assistant(self, wanted: NewAssistant, label: str = "") -> Assistant:
        """Return the assistant with this label, or make one; without a label, always make one.

        Raises:
            RuntimeRejected: a field is out of bounds.
        """
        return self._definitions.put(wanted, label, self._ledger.now())

    def assistant(self, assistant_id: str) -> Assistant:
        """Return an assistant.

        Raises:
            RuntimeRejected: there is none with this id.
        """
        return self._definitions.get(assistant_id)

    def open_thread(self, label: str = "", metadata: Metadata | None = None) -> Thread:
        """Return the thread with this label, or make one; without a label, always make one.

        Raises:
            RuntimeRejected: the metadata are out of bounds.
        """
        found = self._shelf.labelled_thread(label) if label else None
        if found is not None:
            return found.thread
        thread = self._ledger.add_thread(label, limits.read_metadata(metadata))
        self._shelf.put_thread(thread)
        return thread.thread

    def thread(self, thread_id: str) -> Thread:
        """Return a thread.

        Raises:
            RuntimeRejected: there is none with this id.
        """
        return self._shelf.thread(thread_id).thread

    async def delete_thread(self, thread_id: str) -> None:
        """Delete a thread with its messages, runs and run steps; done when this returns.

        A run that holds it is cancelled. Labels of what is deleted are free again at once.

        Raises:
            RuntimeRejected: there is none with this id.
        """
        thread = self._shelf.find(thread_id)
        active = self._shelf.active_run(thread)
        if active is not None and not self._ledger.end_if_due(active):
            self._ledger.cancel(active)
        self._store.delete_thread(thread)
        self._shelf.delete(thread)
        await self.settle()

    def add_message(self, thread_id: str, wanted: NewMessage) -> Message:
        """Add a message to a thread that no run holds.

        Raises:
            RuntimeRejected: a run is active, there is no such thread, or a field is out of bounds.
        """
        limits.check_message(wanted)
        thread = self._free_thread(thread_id, limits.thread_is_locked_for_messages)
        return self._ledger.add_message(thread, wanted)

    async def messages(self, thread_id: str) -> list[Message]:
        """Return a thread's messages, the oldest first; one that still streams is not among them.

        Raises:
            RuntimeRejected: there is no such thread.
        """
        live = self._shelf.thread(thread_id)
        await self._store.settle(live.mark)
        return self._store.messages(live.thread)

    def begin_run(self, wanted: NewRun) -> LiveRun:
        """Return the run with this label, or queue a new one; `follow` sets it to work.

        Raises:
            RuntimeRejected: another run is active, there is nothing to answer, no such assistant
                or thread, or a field is out of bounds.
        """
        found = self._shelf.labelled_run(wanted.label) if wanted.label else None
        if found is not None:
            return found
        limits.check_run(wanted)
        snapshot, snapshot_digest = self._definitions.snapshot(wanted)
        thread = self._free_thread(wanted.thread_id, limits.thread_has_active_run)
        if not (thread.transcript.items or wanted.messages or snapshot.instructions):
            raise limits.nothing_to_answer(wanted.thread_id)
        live = self._ledger.add_run(thread, wanted, snapshot, snapshot_digest)
        self._shelf.put_run(live)
        return live

    def follow(self, live: LiveRun) -> AsyncGenerator[Progress, None]:
        """Yield what happens to a run until it stops, its stop last and durable.

        See `TurnLoop.follow`.
        """
        return self._turns.follow(live)

    def live_run(self, thread_id: str, run_id: str) -> LiveRun:
        """Return a run to be followed.

        Raises:
            RuntimeRejected: there is no such run on such a thread.
        """
        live = self._shelf.run(thread_id, run_id)
        self._ledger.end_if_due(live)
        return live

    async def run(self, thread_id: str, run_id: str) -> AssistantRun:
        """Return a run as it stands; a terminal status is told once it is durable.

        Raises:
            RuntimeRejected: there is no such run on such a thread.
        """
        live = self.live_run(thread_id, run_id)
        if live.run.is_over:
            await self._stop(live)
        return live.run

    async def steps(self, thread_id: str, run_id: str) -> list[RunStep]:
        """Return a run's steps, the oldest first; one that still streams is not among them.

        Raises:
            RuntimeRejected: there is no such run on such a thread.
        """
        live = self.live_run(thread_id, run_id)
        await self._store.settle(live.thread.mark)
        steps = self._store.steps(live.thread.thread, live.run.first_place)
        return [step for step in steps if step.run_id == run_id]

    async def submit_tool_outputs(
        self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]
    ) -> LiveRun:
        """Take the complete set of outputs; `follow` sets the run to work again.

        A set that the run took before is taken again without effect.

        Raises:
            RuntimeRejected: not the complete set, or the run does not wait for any.
        """
        live = self.live_run(thread_id, run_id)
        given = {output.call_id: output.output for output in outputs}
        got = [output.call_id for output in outputs]
        expected = [call.id for call in live.open_step.calls] if live.open_step else []
        if expected and sorted(expected) == sorted(got):
            self._ledger.accept_outputs(live, [given[call_id] for call_id in expected])
        elif not await self._was_accepted(live, given):
            raise (
                limits.outputs_do_not_match(expected, got)
                if expected
                else limits.outputs_not_accepted(live.run.status)
            )
        return live

    async def cancel(self, thread_id: str, run_id: str) -> AssistantRun:
        """Cancel a run, whatever it is doing.

        Raises:
            RuntimeRejected: it is over, or there is no such run.
        """
        live = self.live_run(thread_id, run_id)
        if live.run.is_over:
            raise limits.cannot_cancel(live.run.status)
        self._ledger.cancel(live)
        await self._stop(live)
        return live.run

    def _free_thread(self, thread_id: str, refusal: Callable[[str, str], Exception]) -> LiveThread:
        thread = self._shelf.thread(thread_id)
        active = thread.active
        if active is not None and not self._ledger.end_if_due(active):
            raise refusal(thread_id, active.run.id)
        return thread

    async def _was_accepted(self, live: LiveRun, given: dict[str, str]) -> bool:
        rounds = await self.steps(live.run.thread_id, live.run.id)
        return bool(given) and any(
            step.outputs is not None
            and given == dict(zip([call.id for call in step.calls], step.outputs, strict=True))
            for step in rounds
        )

    async def _stop(self, live: LiveRun) -> None:
        await self._store.settle(live.thread.mark)
        self._shelf.retire(live)

    def _watch(self, live: LiveRun) -> None:
        """Start the clock of an active run."""
        self._wake_in(live, self._ledger.set_deadline(live))

    def _wake_in(self, live: LiveRun, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        live.timer = loop.call_later(max(seconds, _SOONEST_S), self._ring, live)

    def _ring(self, live: LiveRun) -> None:
        """The deadline has come; nobody may be there to be told, and the next commit keeps it."""
        if self._ledger.end_if_due(live):
            self._shelf.retire(live)
        else:
            self._wake_in(live, self._ledger.seconds_left(live))

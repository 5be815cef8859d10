"""The turn loop: ask the model, let followers see it stream, hand the whole turn to the ledger.

It decides nothing. What is sent is planned in `turnplan`, what an answer means is judged in
`outcome`, where the run goes is looked up in `states`. A run that is left in the middle (its task
is cancelled, its process dies) stays where it is and is asked again by whoever follows it next.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TypeAlias

from flowrun.assistants.drafts import CallsDraft, MessageDraft
from flowrun.assistants.ledger import Ledger
from flowrun.assistants.live import LiveRun, LiveThread
from flowrun.assistants.outcome import endpoint_failure, judge_turn
from flowrun.assistants.progress import CallDelta, Progress, RunChanged
from flowrun.assistants.store import AssistantStore
from flowrun.assistants.turnplan import charge_turn, plan_turn
from flowrun.errors import EndpointError, EndpointUnavailable
from flowrun.ids import mint
from flowrun.ports.models import (
    ModelClient,
    ModelEvent,
    ModelRequest,
    ModelTurn,
    TextDelta,
    ToolCallDelta,
)
from flowrun.ports.runtime import RunTextDelta

ModelFor: TypeAlias = Callable[[str], ModelClient]
"""Returns the client of a model endpoint by its name."""


class TurnLoop:
    """Takes the turns of live runs."""

    def __init__(
        self,
        store: AssistantStore,
        ledger: Ledger,
        model_for: ModelFor,
        stopped: Callable[[LiveRun], None],
    ) -> None:
        """Args: `stopped` is told of every run that stopped, once that is durable."""
        self._store = store
        self._ledger = ledger
        self._model_for = model_for
        self._stopped = stopped

    async def follow(self, live: LiveRun) -> AsyncGenerator[Progress, None]:
        """Yield what happens to a run until it stops, its stop last and durable.

        Whoever comes first takes the run's turns; others who follow meanwhile are told the stop.
        Leaving early leaves the run to be followed again.

        Raises:
            StorageError: the stop could not be made durable.
        """
        async with live.driving:
            while True:
                async with aclosing(self._turn(live)) as turn:
                    async for told in turn:
                        yield told
                await self._settle(live)
                if live.has_stopped:
                    break
            self._stopped(live)
            stop = RunChanged(live.run.status, live.run)
            for told in live.take_untold():
                yield told
            yield stop

    async def _settle(self, live: LiveRun) -> None:
        """Make what the run is now durable, even if it changes on the way."""
        while live.thread.mark > self._store.durable_mark:
            await self._store.settle(live.thread.mark)

    def _plan(self, live: LiveRun) -> ModelRequest | None:
        """Return the next request; None when the run is over, perhaps for want of budget."""
        if live.run.is_over:
            return None
        thread = live.thread
        planned = plan_turn(
            live.run, thread.weights, thread.transcript, first_item=live.first_item, turn=live.turn
        )
        if isinstance(planned, ModelRequest):
            return planned
        self._ledger.cut_short(live, planned)
        return None

    async def _turn(self, live: LiveRun) -> AsyncGenerator[Progress, None]:
        """Take one turn, unless the run has stopped."""
        if self._ledger.end_if_due(live) or live.has_stopped:
            return
        for told in self._ledger.start(live):
            yield told
        request = self._plan(live)
        if request is None:
            return
        endpoint = live.run.snapshot.endpoint
        try:
            async with _closing(self._model_for(endpoint).respond(request)) as stream:
                while (event := await _next(live, stream)) is not None:
                    if isinstance(event, ModelTurn):
                        self._record(live, request, event)
                        return
                    for told in self._see(live, event):
                        yield told
            if not live.run.is_over:
                raise EndpointUnavailable(endpoint, "the answer stopped before its end")
        except EndpointError as failure:
            if not live.run.is_over:
                self._ledger.fail(live, endpoint_failure(failure))
        finally:
            live.drop_drafts()

    def _see(self, live: LiveRun, delta: TextDelta | ToolCallDelta) -> tuple[Progress, ...]:
        """Return what followers are told of a delta."""
        if isinstance(delta, ToolCallDelta):
            return self._see_call(live, delta)
        draft = live.message_draft
        if draft is not None:
            draft.pieces.append(delta.text)
            return (RunTextDelta(draft.id, delta.text),)
        draft = live.message_draft = MessageDraft(live.run, self._ledger.now())
        draft.pieces.append(delta.text)
        return (*draft.opening(), RunTextDelta(draft.id, delta.text))

    def _see_call(self, live: LiveRun, delta: ToolCallDelta) -> tuple[Progress, ...]:
        if delta.index > 0 and live.run.options.parallel_tool_calls is False:
            return ()
        draft = live.calls_draft
        opening: tuple[Progress, ...] = ()
        if draft is None:
            draft = live.calls_draft = CallsDraft(live.run, self._ledger.now())
            opening = draft.opening()
            draft.held = None if live.message_draft is None else []
        call_id = None if delta.id is None else _own_id(live.thread, draft, delta.id)
        seen = CallDelta(draft.step_id, delta.index, call_id, delta.name, delta.arguments)
        if draft.held is None:
            return (*opening, seen)
        draft.held += (*opening, seen)
        return ()

    def _record(self, live: LiveRun, request: ModelRequest, turn: ModelTurn) -> None:
        thread, run = live.thread, live.run
        if not thread.call_ids.isdisjoint([call.id for call in turn.calls]):
            draft = live.calls_draft or CallsDraft(run, self._ledger.now())
            calls = [replace(call, id=_own_id(thread, draft, call.id)) for call in turn.calls]
            turn = replace(turn, calls=tuple(calls))
        outcome = judge_turn(turn, one_call=run.options.parallel_tool_calls is False)
        charged = charge_turn(run.state, request, thread.weights, turn)
        self._ledger.record_turn(live, outcome, turn.usage, charged)


def _own_id(thread: LiveThread, draft: CallsDraft, call_id: str) -> str:
    """Return the call's id; one that the thread has seen before is replaced, once and for all."""
    if call_id not in thread.call_ids:
        return call_id
    return draft.renamed.setdefault(call_id, mint("call_"))


@asynccontextmanager
async def _closing(stream: AsyncIterator[ModelEvent]) -> AsyncIterator[AsyncIterator[ModelEvent]]:
    """Close the stream on leaving, whichever way; closing it ends the request."""
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


async def _next(live: LiveRun, stream: AsyncIterator[ModelEvent]) -> ModelEvent | None:
    """Wait for the model; None when it has said all, or when the run was ended meanwhile.

    Ending a run from outside cancels the task that waits here, as `asyncio.timeout` does. That
    cancellation is ours and goes no further; one that came from elsewhere passes through.
    """
    if live.run.is_over:
        return None
    task = asyncio.current_task()
    assert task is not None  # async code runs in tasks
    others = task.cancelling()
    live.waiter = task
    try:
        event = await anext(stream)
    except StopAsyncIteration:
        event = None
    except (asyncio.CancelledError, EndpointError):
        if not live.interrupted or task.uncancel() > others:
            raise
        return None
    finally:
        live.waiter = None
    if live.interrupted:
        task.uncancel()
        return None
    return event

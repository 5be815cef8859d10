"""The runs that answer one message: usually one.

A run that expired over an interruption, or that was put aside because a person has to be asked, is
followed by its next generation: on the same thread, without the message, beginning with the rounds
that are answered. Nothing is called twice for it, and no run is open while people think.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import replace
from functools import partial

from flowrun.errors import RuntimeRejected
from flowrun.events.records import (
    AssistantRunStarted,
    MessageDelta,
    ToolOutputsSubmitted,
)
from flowrun.ids import derive
from flowrun.interpreter.assistant_work import AssistantWork, StepFailed
from flowrun.interpreter.recall import recall_rounds
from flowrun.interpreter.tool_outcome import tell_rounds
from flowrun.interpreter.tool_round import Batch, PutAside, answer_round, journal_batch
from flowrun.interpreter.tries import keep
from flowrun.ports.runtime import (
    RunBegan,
    RunEnded,
    RunEvent,
    RunRequest,
    RunRequiresAction,
    RunTextDelta,
    ToolOutput,
)

GENERATIONS = 8
"""How many runs may expire one after the other, as over a long interruption."""


async def take_runs(work: AssistantWork, request: RunRequest, key: str) -> RunEnded:
    """Take the runs that answer a message to their end.

    Returns:
        How the last of them ended, with what those put aside had said before it.

    Raises:
        StepFailed: the step cannot go on; a run may be left open.
        RuntimeRejected: the runtime refuses to.
    """
    work.rounds, work.told, work.run_key = [], 0, key
    said: tuple[str, ...] = ()
    next_request, generation, expired = request, 0, 0
    while True:
        ended, goes_on = await _take_run(work, next_request)
        expired += ended.status == "expired"
        if not goes_on or expired >= GENERATIONS:
            return replace(ended, messages=said + ended.messages)
        if ended.status != "expired":
            said += ended.messages
        generation += 1
        work.run_key = f"{key}/generation[{generation}]"
        next_request = _following(work, request, ended.run_id, generation)


def _following(
    work: AssistantWork, request: RunRequest, before: str, generation: int
) -> RunRequest:
    """Return the request of the next generation.

    A run that cannot begin with rounds may ask for calls again although it was told of them.
    """
    label = derive("label_", request.label, f"generation[{generation}]")
    rounds = tuple(work.rounds)
    if work.state.runtime.capabilities.rounds:
        return replace(request, label=label, message=None, rounds=rounds)
    scope = work.attempt.scope
    for key, answered in work.trace.calls.items():
        if answered.run_id == before:
            keep(work, scope, key, answered)
    fresh, work.told = rounds[work.told :], len(rounds)
    return replace(request, label=label, message=tell_rounds(fresh) if fresh else None)


async def _take_run(work: AssistantWork, request: RunRequest) -> tuple[RunEnded, bool]:
    """Start or find one run and answer every action it requires; tell whether another follows."""
    await _refuse_beyond_budget(work)
    runtime = work.state.runtime
    stop = await _next_stop(work, runtime.start_run(request))
    while True:
        hanging = recall_rounds(work, stop)
        if isinstance(stop, RunEnded):
            if hanging is None:
                return stop, stop.status == "expired"
            await _answer(work, hanging, put_aside=_nothing)
            return stop, True
        aside: list[RunEnded] = []
        batch = await journal_batch(work, stop)
        outputs = await _answer(work, batch, put_aside=partial(_put_aside, work, request, aside))
        if aside:
            return aside[0], True
        stop = await _submit(work, request, batch, outputs)


async def _answer(work: AssistantWork, batch: Batch, put_aside: PutAside) -> list[ToolOutput]:
    """Answer a journaled round, unless a limit is reached."""
    spending = work.state.spending
    allowed = spending.rounds_allowed()
    if allowed is not None and batch.number > allowed:
        limit = f"the limit `max_tool_rounds` of {allowed} is reached"
        raise StepFailed("budget", f"{limit}: the run asks for round {batch.number}")
    reached = spending.reached()
    if reached is not None:
        raise StepFailed("budget", reached)
    return await answer_round(work, batch, put_aside)


async def _submit(
    work: AssistantWork, request: RunRequest, batch: Batch, outputs: list[ToolOutput]
) -> RunRequiresAction | RunEnded:
    """Submit all outputs of a round and return the run's next stop.

    A refusal says nothing yet: the run may have taken the outputs, or be over. Where it still waits
    for them, they are refused indeed.
    """
    runtime, attempt = work.state.runtime, work.attempt
    submitted = ToolOutputsSubmitted(
        step=attempt.label,
        run_id=batch.run_id,
        round=batch.number,
        call_ids=tuple(one.call_id for one in outputs),
    )
    attempt.scope.emit(f"round[{batch.number}]/submitted", submitted)
    stream = runtime.submit_tool_outputs(work.trace.thread_id, batch.run_id, outputs)
    try:
        return await _next_stop(work, stream)
    except RuntimeRejected:
        stop = await _next_stop(work, runtime.start_run(request))
        if isinstance(stop, RunRequiresAction) and stop.calls == batch.calls:
            raise
        return stop


async def _put_aside(work: AssistantWork, request: RunRequest, aside: list[RunEnded]) -> None:
    """Cancel the run at hand and see it over, before anybody waits; once is enough."""
    if aside:
        return
    runtime, run_id = work.state.runtime, work.trace.run_id
    assert run_id is not None  # its calls are at hand
    await runtime.cancel(work.trace.thread_id, run_id)
    stop = await _next_stop(work, runtime.start_run(request))
    if isinstance(stop, RunRequiresAction):
        raise StepFailed("runtime", "the run could not be put aside: it is not over when cancelled")
    aside.append(stop)


async def _refuse_beyond_budget(work: AssistantWork) -> None:
    """Start nothing new once a limit is reached; what an earlier life began is ended and read.

    Raises:
        StepFailed: a limit is reached and there is no such run.
    """
    reached = work.state.spending.reached()
    if reached is None:
        return
    began = work.attempt.scope.recorded(work.run_key)
    if not isinstance(began, AssistantRunStarted):
        raise StepFailed("budget", reached)
    with suppress(RuntimeRejected):  # the run's own end is told next
        await work.state.runtime.cancel(began.thread_id, began.run_id)


async def _next_stop(
    work: AssistantWork, stream: AsyncIterator[RunEvent]
) -> RunRequiresAction | RunEnded:
    """Follow a run to its next stop, and count what it used and said."""
    stop = await _follow(work, stream)
    work.trace.count(stop.run_id, stop.usage)
    if isinstance(stop, RunEnded):
        work.let_go()
        work.trace.messages += stop.messages
    return stop


async def _follow(
    work: AssistantWork, stream: AsyncIterator[RunEvent]
) -> RunRequiresAction | RunEnded:
    """Pass on what streams by, up to the run's next stop; the stream is closed on every way out."""
    attempt = work.attempt
    try:
        async for event in stream:
            match event:
                case RunTextDelta(text=text):
                    attempt.scope.show(MessageDelta(step=attempt.label, text=text))
                case RunBegan(run_id=run_id):
                    _note_began(work, run_id)
                case RunRequiresAction() | RunEnded():
                    return event
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
    raise StepFailed("runtime", "the run's stream ended before the run did")


def _note_began(work: AssistantWork, run_id: str) -> None:
    work.trace.run_id, work.trace.misfit = run_id, None
    work.hold_open(run_id)
    began = AssistantRunStarted(
        step=work.attempt.label,
        assistant=work.assistant.name,
        thread_id=work.trace.thread_id,
        run_id=run_id,
    )
    work.attempt.scope.emit(work.run_key, began)


async def _nothing() -> None:
    """The run is over already."""

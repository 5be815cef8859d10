"""One round of an assistant run: every call it requires, journaled, run side by side, answered.

The batch is recorded before any of its tools starts, each call's end before the outputs go out, and
each is found again by whoever enters the round after a crash. Calls that a person must be asked
about wait until the others have ended; then the run is put aside, and all questions are asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar, cast

from flowrun.events.records import ToolCallFinished, ToolCallRequest, ToolCallsRequested
from flowrun.interpreter.assistant_work import AssistantWork, StepFailed
from flowrun.interpreter.question import announce
from flowrun.interpreter.tool_arguments import admitted_arguments
from flowrun.interpreter.tool_call import (
    Asking,
    PendingCall,
    advance,
    ask_about,
    ended_call,
    recorded_end,
)
from flowrun.interpreter.tool_outcome import said_of
from flowrun.interpreter.trace import AnsweredCall
from flowrun.interpreter.tries import take_earlier
from flowrun.ports.models import ToolCall
from flowrun.ports.runtime import AnsweredRound, RunRequiresAction, ToolOutput
from flowrun.ports.tools import ToolFailed

PutAside: TypeAlias = Callable[[], Awaitable[None]]
"""Called once before people are waited for: leave no run open."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Batch:
    """All calls of one round, journaled."""

    number: int
    run_id: str
    calls: tuple[ToolCall, ...]

    def key(self, call_id: str) -> str:
        """Return what a call's end is recorded under."""
        return f"round[{self.number}]/tool[{call_id}]"


async def journal_batch(work: AssistantWork, stop: RunRequiresAction) -> Batch:
    """Record the calls of the round at hand, before any of them is made.

    Raises:
        StepFailed: two calls have one id.
    """
    if len({call.id for call in stop.calls}) < len(stop.calls):
        raise StepFailed("runtime", "the run requires two calls under one id")
    work.round += 1
    key, scope = f"round[{work.round}]", work.attempt.scope
    requested = ToolCallsRequested(
        step=work.attempt.label,
        run_id=stop.run_id,
        round=work.round,
        calls=tuple([ToolCallRequest(id=one.id, tool=one.name, arguments=one.arguments)
                     for one in stop.calls]),
    )  # fmt: skip
    if all(_begins_with_an_intent(work, one) for one in stop.calls):
        scope.emit(key, requested)  # durable with the intents that follow
    else:
        await scope.record(key, requested)
    batch = Batch(work.round, stop.run_id, stop.calls)
    note_calls(work, batch)
    return batch


def _begins_with_an_intent(work: AssistantWork, call: ToolCall) -> bool:
    tool = work.state.prepared.tools.get(call.name)
    return tool is not None and tool.effect != "repeatable" and tool.approval == "never"


def note_calls(work: AssistantWork, batch: Batch) -> list[ToolCallFinished | None]:
    """Have the trace name the calls of a round; return how they ended in an earlier life."""
    scope, ends = work.attempt.scope, list[ToolCallFinished | None]()
    for call in batch.calls:
        key = batch.key(call.id)
        known = recorded_end(scope, key)
        ended = known if isinstance(known, ToolCallFinished) else None
        request = ToolCallRequest(id=call.id, tool=call.name, arguments=call.arguments)
        work.trace.calls[key] = AnsweredCall(batch.run_id, request, ended)
        ends.append(ended)
    return ends


async def answer_round(work: AssistantWork, batch: Batch, put_aside: PutAside) -> list[ToolOutput]:
    """Run all calls of a round and return the complete set of outputs.

    Args:
        work: The step; the round becomes one of its answered rounds.
        batch: The round.
        put_aside: Called before people are waited for.

    Raises:
        StepFailed: a tool failed whose failure fails the step, or its outcome cannot be known.
    """
    pending = await _begin(work, batch)
    while pending:
        came = await _side_by_side([_advance(work, key, call) for key, call in pending.items()])
        asking = {key: one for key, one in zip(pending, came, strict=True) if one is not None}
        if asking:
            await put_aside()
            await _ask(pending, asking)
        pending = {key: pending[key] for key in asking}
    ends = [work.trace.calls[batch.key(call.id)].ended for call in batch.calls]
    ended = [one for one in ends if one is not None]
    for one in ended:
        _refuse_failure(work, one)
    outputs = tuple(one.output for one in ended)
    work.rounds.append(AnsweredRound(batch.calls, outputs))
    return [ToolOutput(one.call_id, one.output) for one in ended]


async def _begin(work: AssistantWork, batch: Batch) -> dict[str, PendingCall]:
    """Return the calls that are to be made, by key; those that end without that are answered here.

    Those are durable before any other call begins: whoever enters the round again gives out the
    results of earlier runs in the same order.
    """
    scope, pending = work.attempt.scope, dict[str, PendingCall]()
    said: tuple[str, ToolCallFinished] | None = None
    for call in batch.calls:
        key = batch.key(call.id)
        ready = _ready(work, call, key)
        if work.trace.calls[key].ended is not None:
            continue
        if isinstance(ready, PendingCall):
            pending[key] = ready
            continue
        said = key, ready
        scope.emit(*said)
        _note_end(work, key, ready)
    if said is not None:
        await scope.record(*said)
    return pending


def _ready(work: AssistantWork, call: ToolCall, key: str) -> PendingCall | ToolCallFinished:
    """Return the call, or its end: nobody may make it, or an equal one was made before."""
    label, state = work.attempt.label, work.state
    arguments = admitted_arguments(work.assistant, call)
    if isinstance(arguments, ToolFailed):
        return ended_call(label, call.id, call.name, arguments, 0.0)
    earlier = take_earlier(work, call.name, arguments)
    if earlier is not None and earlier.ended is not None:
        return replace(earlier.ended, step=label, call_id=call.id)
    return PendingCall(
        attempt=work.attempt,
        state=state,
        tool=state.prepared.tools[call.name],
        arguments=arguments,
        key=key,
        call_id=call.id,
        path="" if earlier is None else earlier.path,
        is_in_doubt=earlier is not None and earlier.is_in_doubt,
    )


async def _advance(work: AssistantWork, key: str, call: PendingCall) -> Asking | None:
    """Take a call to its end, which is noted as it comes, or to a question."""
    came = await advance(call)
    if isinstance(came, Asking):
        return came
    _note_end(work, key, cast("ToolCallFinished", came))
    return None


def _note_end(work: AssistantWork, key: str, ended: ToolCallFinished) -> None:
    work.trace.calls[key] = replace(work.trace.calls[key], ended=ended)


async def _ask(pending: dict[str, PendingCall], asking: dict[str, Asking]) -> None:
    """Ask all questions, then wait for the answers."""
    for key, one in asking.items():
        announce(pending[key].attempt.scope, one.key, one.asked)
    for key, one in asking.items():
        await ask_about(pending[key], one)


async def _side_by_side(calls: Sequence[Coroutine[None, None, _T]]) -> list[_T]:
    """Return what all came to; when one breaks off, none goes on without an owner."""
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _refuse_failure(work: AssistantWork, ended: ToolCallFinished) -> None:
    tool = work.state.prepared.tools.get(ended.tool)
    if ended.error is None or tool is None:
        return
    if ended.error == "outcome_unknown" and tool.on_unknown != "tell_model":
        raise StepFailed("outcome_unknown", said_of(ended))
    if tool.on_error == "fail":
        code = "rejected" if ended.error == "rejected" else "tool"
        raise StepFailed(code, f"tool `{ended.tool}`: {said_of(ended)}")

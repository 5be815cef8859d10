"""One round of an assistant run: every call it requires, journaled, run side by side, answered.

The batch is recorded before any of its tools starts, each call's end before the outputs go out, and
each is found again by whoever enters the round after a crash.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from typing import cast

from flowrun.events.records import (
    ToolCallFinished,
    ToolCallRequest,
    ToolCallsRequested,
    ToolCallStarted,
)
from flowrun.ids import JsonObject, canonical_json
from flowrun.interpreter.assistant_work import AnsweredCall, AssistantWork, StepFailed
from flowrun.interpreter.json_text import read_json
from flowrun.interpreter.tool_call import call_tool, told_to_model, unknown_outcome
from flowrun.plan.plan import PlannedAssistant
from flowrun.ports.durable import EffectPolicy, OutcomeUnknown
from flowrun.ports.models import ToolCall
from flowrun.ports.runtime import RunEnded, RunRequiresAction, ToolOutput
from flowrun.ports.tools import ToolFailed, ToolOutcome


async def answer_round(work: AssistantWork, stop: RunRequiresAction) -> list[ToolOutput]:
    """Run all calls of the round at hand and return the complete set of outputs.

    Raises:
        StepFailed: a tool failed whose failure fails the step, its outcome cannot be known, or
            two calls have one id.
    """
    if len({call.id for call in stop.calls}) < len(stop.calls):
        raise StepFailed("runtime", "the run requires two calls under one id")
    calls = tuple(
        ToolCallRequest(id=call.id, tool=call.name, arguments=call.arguments) for call in stop.calls
    )
    batch = ToolCallsRequested(
        step=work.step.name, run_id=stop.run_id, round=work.round, calls=calls
    )
    key = f"round[{work.round}]"
    if all(_policy(work, call) == "at_most_once" for call in stop.calls):
        work.scope.emit(key, batch)  # durable with the intents that follow
    else:
        await work.scope.record(key, batch)
    ended = await _side_by_side(
        _call(work, call, key=f"{key}/tool[{call.id}]") for call in stop.calls
    )
    work.calls += [
        AnsweredCall(stop.run_id, call, one) for call, one in zip(calls, ended, strict=True)
    ]
    for one in ended:
        _refuse_failure(work, one)
    return [ToolOutput(one.call_id, one.output) for one in ended]


def refuse_failures(work: AssistantWork, run_id: str) -> None:
    """Fail the step when one of the run's calls ended in a way that fails it.

    Raises:
        StepFailed: it did; the first one in order.
    """
    for answered in work.calls:
        if answered.run_id == run_id and answered.ended is not None:
            _refuse_failure(work, answered.ended)


def recall_rounds(work: AssistantWork, stop: RunRequiresAction | RunEnded) -> None:
    """Take in the rounds that an earlier life finished on this run, up to the one at hand.

    Rounds of the runs that follow in the step are left to those. A run that no earlier life has
    seen is younger than any round there is: what is there belongs to runs that the runtime lost,
    and what their calls came to is kept for this one.
    """
    ids = tuple(call.id for call in stop.calls) if isinstance(stop, RunRequiresAction) else ()
    lost: set[str] = set()
    while isinstance(known := work.scope.recorded(f"round[{work.round + 1}]"), ToolCallsRequested):
        if known.run_id == stop.run_id:
            if tuple(call.id for call in known.calls) == ids:
                break
        elif work.scope.recorded(f"run[{stop.run_id}]") is not None:
            break
        else:
            lost.add(known.run_id)
        work.round += 1
        work.calls += [_recalled(work, known, call) for call in known.calls]
    for run_id in sorted(lost):
        keep_for_next_run(work, run_id)


def keep_for_next_run(work: AssistantWork, run_id: str) -> None:
    """Keep how the calls of an expired run ended, for the run that follows it."""
    for answered in work.calls:
        if answered.run_id != run_id or answered.ended is None:
            continue
        arguments = _read_arguments(answered.call.arguments)
        if not isinstance(arguments, str):
            same = (answered.call.tool, canonical_json(arguments))
            work.earlier.setdefault(same, []).append(answered.ended)


async def _side_by_side(
    calls: Iterable[Coroutine[None, None, ToolCallFinished]],
) -> list[ToolCallFinished]:
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


async def _call(work: AssistantWork, call: ToolCall, *, key: str) -> ToolCallFinished:
    """Answer one call: how it ended is remembered under the key, with what the model is told."""
    scope, began = work.scope, work.scope.now()
    arguments = _arguments(work.assistant, call)
    earlier = _earlier(work, call, arguments)

    async def act() -> ToolCallFinished:
        if earlier is not None:
            return replace(earlier, call_id=call.id)
        if isinstance(arguments, ToolFailed):
            return _finished(work, call, arguments, scope.now() - began)
        scope.show(ToolCallStarted(step=work.step.name, call_id=call.id, tool=call.name))
        outcome = await call_tool(scope, work.state, call.name, arguments, key=key)
        return _finished(work, call, outcome, scope.now() - began)

    runs = earlier is None and not isinstance(arguments, ToolFailed)
    try:
        event = await scope.effect(key, act, _policy(work, call) if runs else "repeatable")
    except OutcomeUnknown:
        event = _finished(work, call, unknown_outcome(call.name), scope.now() - began)
        await scope.record(key, event)
    return cast("ToolCallFinished", event)


def _policy(work: AssistantWork, call: ToolCall) -> EffectPolicy:
    tool = work.state.prepared.tools.get(call.name)
    return "repeatable" if tool is None else tool.effect


def _earlier(
    work: AssistantWork, call: ToolCall, arguments: JsonObject | ToolFailed
) -> ToolCallFinished | None:
    """Return how the same call of an expired run ended; each is given out once."""
    if not work.earlier or isinstance(arguments, ToolFailed):
        return None
    waiting = work.earlier.get((call.name, canonical_json(arguments)))
    return waiting.pop(0) if waiting else None


def _recalled(
    work: AssistantWork, batch: ToolCallsRequested, request: ToolCallRequest
) -> AnsweredCall:
    """Return a call of an earlier life; what it was given of an expired run is given out."""
    key = f"round[{work.round}]/tool[{request.id}]"
    call = ToolCall(request.id, request.tool, request.arguments)
    known = work.scope.recorded(key)
    ended = known if isinstance(known, ToolCallFinished) else None
    if ended is None and work.scope.begun(key):
        ended = _finished(work, call, unknown_outcome(call.name), 0.0)
    if ended is not None:
        _earlier(work, call, _arguments(work.assistant, call))
    return AnsweredCall(batch.run_id, request, ended)


def _arguments(assistant: PlannedAssistant, call: ToolCall) -> JsonObject | ToolFailed:
    """Return the arguments, or why the tool cannot even be asked."""
    if call.name not in assistant.tools:
        names = ", ".join(f"`{name}`" for name in assistant.tools) or "none"
        message = f"there is no tool `{call.name}`; there is: {names}"
        return ToolFailed(kind="unknown_tool", message=message)
    arguments = _read_arguments(call.arguments)
    if isinstance(arguments, str):
        return ToolFailed(kind="bad_arguments", message=arguments)
    return arguments


def _read_arguments(text: str) -> JsonObject | str:
    """Return the arguments, or what is wrong with them in words for the model."""
    try:
        value = read_json(text.strip() or "{}")
    except ValueError as failure:
        return f"expected the arguments as a JSON object, found text that is not JSON: {failure}"
    if not isinstance(value, dict):
        return f"expected the arguments as a JSON object, found `{text[:80]}`"
    return cast("JsonObject", value)


def _finished(
    work: AssistantWork, call: ToolCall, outcome: ToolOutcome, duration_s: float
) -> ToolCallFinished:
    failed = isinstance(outcome, ToolFailed)
    return ToolCallFinished(
        step=work.step.name,
        call_id=call.id,
        tool=call.name,
        status="failed" if failed else "completed",
        output=told_to_model(outcome),
        error=outcome.kind if isinstance(outcome, ToolFailed) else None,
        duration_s=duration_s,
    )


def _refuse_failure(work: AssistantWork, ended: ToolCallFinished) -> None:
    said = ended.output.removeprefix("Error: ")
    if ended.error == "outcome_unknown":
        raise StepFailed("outcome_unknown", said)
    tool = work.state.prepared.tools.get(ended.tool)
    if ended.error is not None and tool is not None and tool.on_error == "fail":
        raise StepFailed("tool", f"tool `{ended.tool}`: {said}")

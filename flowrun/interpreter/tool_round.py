"""One round of an assistant run: every call it requires, journaled, run side by side, answered.

The batch is recorded before any of its tools starts, each call's end before the outputs go out, and
each is found again by whoever enters the round after a crash.
"""

import asyncio
import json
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
from flowrun.interpreter.tool_call import call_tool, told_to_model, unknown_outcome
from flowrun.plan.plan import PlannedAssistant
from flowrun.ports.durable import EffectPolicy, OutcomeUnknown
from flowrun.ports.models import ToolCall
from flowrun.ports.runtime import RunEnded, RunRequiresAction, ToolOutput
from flowrun.ports.tools import ToolFailed, ToolOutcome


async def answer_round(work: AssistantWork, stop: RunRequiresAction) -> list[ToolOutput]:
    """Run all calls of the round at hand and return the complete set of outputs.

    Raises:
        StepFailed: a tool failed whose failure fails the step, or its outcome cannot be known.
    """
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
    ended = await asyncio.gather(
        *[_call(work, call, key=f"{key}/tool[{call.id}]") for call in stop.calls]
    )
    work.calls += [
        AnsweredCall(stop.run_id, call, one) for call, one in zip(calls, ended, strict=True)
    ]
    for one in ended:
        _refuse_failure(work, one)
    return [ToolOutput(one.call_id, one.output) for one in ended]


def recall_rounds(work: AssistantWork, stop: RunRequiresAction | RunEnded) -> None:
    """Take in the rounds that an earlier life finished, up to the one at hand."""
    at_hand = stop.calls if isinstance(stop, RunRequiresAction) else ()
    ids = tuple(call.id for call in at_hand)
    while True:
        key = f"round[{work.round + 1}]"
        known = work.scope.recorded(key)
        if not isinstance(known, ToolCallsRequested):
            return
        if known.run_id == stop.run_id and tuple(call.id for call in known.calls) == ids:
            return
        work.round += 1
        work.calls += [
            AnsweredCall(known.run_id, call, _recalled(work, call, f"{key}/tool[{call.id}]"))
            for call in known.calls
        ]


def keep_for_next_run(work: AssistantWork, run_id: str) -> None:
    """Keep how the calls of an expired run ended, for the run that follows it."""
    for answered in work.calls:
        arguments = _read_arguments(answered.call.arguments)
        if answered.run_id != run_id or answered.ended is None or isinstance(arguments, str):
            continue
        same = (answered.call.tool, canonical_json(arguments))
        work.earlier.setdefault(same, []).append(answered.ended)


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


def _recalled(work: AssistantWork, call: ToolCallRequest, key: str) -> ToolCallFinished | None:
    known = work.scope.recorded(key)
    if isinstance(known, ToolCallFinished):
        return known
    if not work.scope.begun(key):
        return None
    asked = ToolCall(call.id, call.tool, call.arguments)
    return _finished(work, asked, unknown_outcome(call.tool), 0.0)


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
        value = json.loads(text or "{}")
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

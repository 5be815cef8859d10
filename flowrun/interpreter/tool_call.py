"""One call of a tool, of a step or a round: approved, made once, settled when a crash hid it.

    approval: always ─▶ a person is asked ─▶ the call ─▶ its end, recorded under its key
                        └ refuses: rejected  └ begun before a crash, and no end recorded:
                                               keyed: made again, under the same idempotency key
                                               probe: the probe tells; adopted, or made now
                                               at_most_once, or a probe that fails: `on_unknown`

A call that is made after all, because a probe or a person said that it did not happen, has an
intent of its own under `KEY/again`, so that the next crash is noticed too.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

from flowrun.events.records import (
    Event,
    QuestionAnswered,
    QuestionAsked,
    QuestionKind,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
)
from flowrun.ids import JsonObject
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.question import ask_person, refusal
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.tool_outcome import (
    adopted,
    may_pass,
    outcome_of,
    path_without_tries,
    pause_after,
    read_probe,
    refused_outcome,
    told_to_model,
    unknown_outcome,
)
from flowrun.plan.plan import PlannedTool
from flowrun.ports.durable import Durable, OutcomeUnknown
from flowrun.ports.tools import ToolFailed, ToolInvocation, ToolOutcome

Conclude: TypeAlias = Callable[[ToolOutcome, float], StepFinished]
"""From a call's outcome and its seconds to the result of the step that it is."""


@dataclass(slots=True, kw_only=True)
class PendingCall:
    """A call to be made, or found to have been made."""

    attempt: Attempt
    state: FlowState
    tool: PlannedTool
    arguments: JsonObject
    key: str
    """What its end is recorded under, in the attempt's scope."""
    call_id: str = ""
    """As the model named it; empty for a tool step."""
    path: str = ""
    """Plan path that its idempotency key is derived from, when that is an earlier try's call."""
    is_in_doubt: bool = False
    """An equal call of before was begun, and how it ended must be found out before this is made."""
    conclude: Conclude | None = None
    """For a tool step; the end of a call of a round is a `ToolCallFinished`."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A call cannot go on before a person has answered."""

    key: str
    asked: QuestionAsked


async def settle_call(call: PendingCall) -> Event:
    """Make a call and return its end, recorded under the call's key.

    It waits for people where they have to be asked, so nothing else of the scope may be at work.
    """
    while isinstance(came := await advance(call), Asking):
        await ask_about(call, came)
    return came


async def ask_about(call: PendingCall, asking: Asking) -> None:
    """Ask what the call cannot go on without, and wait for the answer."""
    scope = call.attempt.scope
    answered = await ask_person(scope, asking.key, asking.asked)
    call.state.answers[scope.path(asking.key)] = answered


async def advance(call: PendingCall) -> Event | Asking:
    """Take a call to its end, or to the question that it cannot go on without."""
    if call.tool.approval == "always":
        approval = _approval(call)
        if isinstance(approval, Asking):
            return approval
        if approval.decision == "rejected":
            outcome = refused_outcome(approval)
            if call.conclude is not None:
                outcome = replace(outcome, message=refusal(approval))
            return await _record(call, outcome)
    key, is_in_doubt = call.key, call.is_in_doubt
    while True:
        if not is_in_doubt:
            with suppress(OutcomeUnknown):
                return await _make(call, key)
        came, is_in_doubt = await _resolve(call, key), False
        if came is not None:
            return came
        key = _after_all(key)


def recorded_end(scope: Durable, key: str) -> Event | None:
    """Return how a call ended in an earlier life: its own end, or that of one made after all."""
    while (known := scope.recorded(key)) is None and _was_begun(scope, _after_all(key)):
        key = _after_all(key)
    return known


def is_begun(scope: Durable, key: str) -> bool:
    """Tell whether an earlier life began a call, or made it after all, and its end is not known."""
    if recorded_end(scope, key) is not None:
        return False
    return scope.begun(key) or _was_begun(scope, _after_all(key))


def path_of(call: PendingCall) -> str:
    """Return what the call's idempotency key is derived from."""
    return call.path or path_without_tries(call.attempt.scope.path(call.key), call.key)


def ended_call(
    label: str, call_id: str, tool: str, outcome: ToolOutcome, duration_s: float
) -> ToolCallFinished:
    """Return the end of a call as events tell it."""
    failed = outcome if isinstance(outcome, ToolFailed) else None
    return ToolCallFinished(
        step=label,
        call_id=call_id,
        tool=tool,
        status="completed" if failed is None else "failed",
        output=told_to_model(outcome),
        error=None if failed is None else failed.kind,
        duration_s=duration_s,
    )


async def _make(call: PendingCall, key: str) -> Event:
    """Make the call, or return how it ended.

    A step has one result. So one that is made after all ends as a call first, and that end becomes
    the step's.

    Raises:
        OutcomeUnknown: an earlier life began it, and how it ended must be found out elsewhere.
    """
    scope = call.attempt.scope
    is_after_all = call.conclude is not None and key != call.key

    async def act() -> Event:
        began = scope.now()
        scope.show(
            ToolCallStarted(step=call.attempt.label, call_id=call.call_id, tool=call.tool.name)
        )
        if call.conclude is None:
            call.state.begun_calls[scope.path(call.key)] = call.tool.effect
        outcome = await _run(call)
        seconds = scope.now() - began
        if is_after_all:
            return replace(_ended(call, outcome, seconds), value=outcome.value)
        return _end(call, outcome, seconds)

    event = await scope.effect(key, act, call.tool.effect)
    _settle(call)
    if not is_after_all:
        return event
    ended = cast("ToolCallFinished", event)  # `act` says nothing else here
    return await _record(call, outcome_of(ended), ended.duration_s)


async def _run(call: PendingCall) -> ToolOutcome:
    """Run the tool as often as its own `retry` says, always under the same idempotency key."""
    retry, tries = call.tool.retry, 1
    outcome = await _run_once(call, call.tool.name)
    while retry is not None and tries < retry.attempts and may_pass(outcome, retry):
        await asyncio.sleep(pause_after(retry, tries))
        outcome = await _run_once(call, call.tool.name)
        tries += 1
    return outcome


async def _run_once(call: PendingCall, tool: str) -> ToolOutcome:
    invocation = ToolInvocation(run_id=call.attempt.scope.run_id, key=path_of(call))
    return await call.state.tools.run(tool, call.arguments, invocation)


async def _resolve(call: PendingCall, key: str) -> Event | Asking | None:
    """Find out what became of a call that an earlier life began; None when it is to be made now."""
    scope, tool = call.attempt.scope, call.tool
    if _was_begun(scope, _after_all(key)):
        return None
    answered = _answer(call, scope, f"{key}/unknown")
    if answered is None and tool.effect == "probe":
        found = read_probe(await _run_once(call, tool.probe))
        if found is not None:
            return await _record(call, found) if found else None
    if answered is None and tool.on_unknown == "ask":
        return Asking(f"{key}/unknown", _question(call, "unknown"))
    if answered is not None and answered.decision == "run":
        return None
    if answered is not None and answered.decision == "done":
        return await _record(call, adopted(answered.value))
    return await _record(call, unknown_outcome(tool.name))


def _approval(call: PendingCall) -> QuestionAnswered | Asking:
    """Return whether a person approves; all tries of a tool step are one call to a person."""
    key = f"{call.key}/approval"
    for scope in (call.attempt.scope, *(call.attempt.earlier if call.conclude else ())):
        answered = _answer(call, scope, key)
        if answered is not None:
            return answered
    return Asking(key, _question(call, "approval"))


def _answer(call: PendingCall, scope: Durable, key: str) -> QuestionAnswered | None:
    """Return what a person said, in this life or an earlier one."""
    known = call.state.answers.get(scope.path(key)) or scope.recorded(f"{key}/answered")
    return known if isinstance(known, QuestionAnswered) else None


def _question(call: PendingCall, kind: QuestionKind) -> QuestionAsked:
    name = call.tool.name
    message = (
        f"may `{name}` be called?"
        if kind == "approval"
        else f"did `{name}` happen? it was started before an interruption, and its end is not known"
    )
    return QuestionAsked(
        step=call.attempt.label,
        question="",
        kind=kind,
        message=message,
        call_id=call.call_id,
        tool=name,
        arguments=call.arguments,
    )


async def _record(call: PendingCall, outcome: ToolOutcome, duration_s: float = 0.0) -> Event:
    """Record an end that was not seen as it happened, or that never was to be."""
    event = _end(call, outcome, duration_s)
    await call.attempt.scope.record(call.key, event)
    _settle(call)
    return event


def _settle(call: PendingCall) -> None:
    """Take note that how the call ended is known."""
    scope, key, state = call.attempt.scope, call.key, call.state
    state.begun_calls.pop(scope.path(key), None)
    if is_begun(scope, key):
        state.settled_calls.add(scope.path(key))


def _end(call: PendingCall, outcome: ToolOutcome, duration_s: float) -> Event:
    if call.conclude is not None:
        return call.conclude(outcome, duration_s)
    return _ended(call, outcome, duration_s)


def _ended(call: PendingCall, outcome: ToolOutcome, duration_s: float) -> ToolCallFinished:
    return ended_call(call.attempt.label, call.call_id, call.tool.name, outcome, duration_s)


def _after_all(key: str) -> str:
    return f"{key}/again"


def _was_begun(scope: Durable, key: str) -> bool:
    return scope.begun(key) or scope.recorded(key) is not None

"""Again and again, until it is good enough."""

from collections import ChainMap
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import cast

from flowrun.events.records import StepFinished, StepStarted
from flowrun.expression.template import ExpressionFailed, Value
from flowrun.ids import JsonObject, JsonValue
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.retry import run_tries
from flowrun.interpreter.state import FlowState, step_view
from flowrun.interpreter.taking_over import completed_before, inside, leave
from flowrun.interpreter.totals import Totals
from flowrun.plan.plan import PlannedRepeat


def run_iterations(attempt: Attempt, state: FlowState) -> Coroutine[None, None, StepFinished]:
    """Carry out the step's action until `until` holds, for the most iterations that are allowed."""
    repeat = attempt.step.repeat
    return run_tries(attempt, state) if repeat is None else _iterations(attempt, state, repeat)


def pending_view(step: str) -> JsonObject:
    """Return what `steps.NAME` shows of the step itself before its first iteration is over."""
    return {**step_view(StepFinished(step=step, status="skipped")), "status": "pending"}


async def _iterations(attempt: Attempt, state: FlowState, repeat: PlannedRepeat) -> StepFinished:
    scope, began, number = attempt.scope, attempt.scope.since("started"), 0
    totals, until = Totals(), state.prepared.values.untils[attempt.step.name]
    names = _seeing(attempt, pending_view(attempt.step.name))
    while True:
        number += 1
        result = await _iterate(replace(attempt, names=names), state, number)
        totals.add(result)
        if result.status == "failed":
            break
        names = _seeing(attempt, step_view(result))
        result, is_last = _judge(until, names, result)
        if not is_last:
            result, is_last = _kept_back(attempt, state, repeat, number, result)
        if is_last:
            break
    finished = totals.closing(result, attempt.label, scope.now() - began)
    await scope.record("finished", finished)
    return finished


async def _iterate(attempt: Attempt, state: FlowState, number: int) -> StepFinished:
    """Return what an iteration came to in an earlier life or try, or make it."""
    scope, key = attempt.scope, f"loop[{number}]"
    known = scope.recorded(f"{key}/finished")
    if isinstance(known, StepFinished):
        return state.recall(known)
    earlier = inside(attempt.earlier, key)
    left = completed_before(state, earlier)
    if left is not None:
        return replace(left, usage=None, cost_usd=None)  # it counts in the try that it was made in
    own, label = scope.nested(key), f"{attempt.label}#{number}"
    state.begun[own.path("")] = label
    own.emit("started", StepStarted(step=label))
    result = await run_tries(replace(attempt, scope=own, label=label, earlier=earlier), state)
    state.begun.pop(own.path(""), None)
    leave(state, own, result)
    return result


def _judge(
    until: Value, names: Mapping[str, JsonValue], result: StepFinished
) -> tuple[StepFinished, bool]:
    """Return the result, which an `until` without a value fails, and whether it is the last."""
    try:
        return result, bool(until.evaluate(names))
    except ExpressionFailed as failure:
        return _failed(result, "expression", str(failure)), True


def _kept_back(
    attempt: Attempt, state: FlowState, repeat: PlannedRepeat, number: int, result: StepFinished
) -> tuple[StepFinished, bool]:
    """Return the result, failed where no other iteration may follow, and whether it is the last.

    One that an earlier life began is not new, whatever limit is reached.
    """
    if number == repeat.max:
        times = "1 iteration" if repeat.max == 1 else f"{repeat.max} iterations"
        return _failed(result, "repeat", f"`until` was not true after {times}"), True
    if attempt.scope.recorded(f"loop[{number + 1}]/started") is None:
        limit = state.limit_reached()
        if limit is not None:
            return _failed(result, "budget", limit), True
    return result, False


def _failed(result: StepFinished, code: str, error: str) -> StepFinished:
    """Return the result as a failure; what there is as output is kept."""
    return replace(result, status="failed", error=error, error_code=code)


def _seeing(attempt: Attempt, view: JsonObject) -> Mapping[str, JsonValue]:
    """Return the names with the step's own view among the steps."""
    others = cast("dict[str, JsonValue]", attempt.names["steps"])
    return {**attempt.names, "steps": ChainMap({attempt.step.name: view}, others)}

"""Another try after a failure that may pass."""

from collections.abc import Coroutine
from dataclasses import replace

from flowrun.events.records import StepFinished, StepRetrying
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.deadline import run_in_time
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.taking_over import tries_inside
from flowrun.interpreter.tool_outcome import pause_after
from flowrun.interpreter.totals import Totals
from flowrun.plan.plan import PlannedRetry
from flowrun.ports.durable import Durable

MAY_PASS = frozenset(
    ("endpoint", "tool", "output", "incomplete", "expired", "timeout", "runtime", "flow")
)
"""Codes of failures that another try may mend. The others it cannot, or must not touch."""


def run_tries(attempt: Attempt, state: FlowState) -> Coroutine[None, None, StepFinished]:
    """Carry out the step's action until a try completes, or as often as its `retry` says."""
    retry = attempt.step.retry
    return run_in_time(attempt, state) if retry is None else _tries(attempt, state, retry)


def is_worth_a_try(result: StepFinished, retry: PlannedRetry) -> bool:
    """Tell whether a result is a failure that another try may mend."""
    return result.status == "failed" and result.error_code in (retry.on or MAY_PASS)


async def _tries(attempt: Attempt, state: FlowState, retry: PlannedRetry) -> StepFinished:
    scope, began = attempt.scope, attempt.scope.since("started")
    totals, number = Totals(), 1
    result = await _try(attempt, state, retry, number)
    totals.add(result)
    while number < retry.attempts and is_worth_a_try(result, retry):
        if state.limit_reached() is not None and not _has_begun(scope, number + 1):
            break
        await _wait(attempt, retry, number, result)
        number += 1
        result = await _try(attempt, state, retry, number)
        totals.add(result)
    finished = totals.closing(result, attempt.label, scope.now() - began)
    await scope.record("finished", finished)
    return finished


async def _try(
    attempt: Attempt, state: FlowState, retry: PlannedRetry, number: int
) -> StepFinished:
    """Return what a try came to in an earlier life, or make it."""
    scope, key = attempt.scope, f"try[{number}]"
    known = scope.recorded(f"{key}/finished")
    if isinstance(known, StepFinished):
        return state.recall(known)
    own = tuple(scope.nested(f"try[{one}]") for one in range(1, number))
    this = replace(
        attempt,
        scope=scope.nested(key),
        label=f"{attempt.label}~{number}",
        number=number,
        earlier=tries_inside(attempt.earlier, retry.attempts) + own,
    )
    return await run_in_time(this, state)


def _has_begun(scope: Durable, number: int) -> bool:
    """Tell whether an earlier life began a try, so that a limit does not keep it back."""
    own = scope.nested(f"try[{number}]")
    return bool(own.recorded_keys() or own.left_begun())


async def _wait(attempt: Attempt, retry: PlannedRetry, number: int, failed: StepFinished) -> None:
    """Say that another try follows, and wait until it does; over an interruption, too."""
    scope, pause = attempt.scope, pause_after(retry, number)
    retrying = StepRetrying(
        step=attempt.label,
        attempt=number,
        error=failed.error or "",
        error_code=failed.error_code,
        retry_at=scope.now() + pause,
    )
    scope.emit(f"retrying[{number}]", retrying)
    await scope.until(f"wait[{number}]", pause)

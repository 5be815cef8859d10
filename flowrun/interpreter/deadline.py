"""The time that one try of a step may take."""

from collections.abc import Coroutine
from dataclasses import replace

from flowrun.events.records import StepFinished
from flowrun.interpreter.action import act
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.breaking_off import break_off
from flowrun.interpreter.state import FlowState
from flowrun.ports.durable import Durable


def run_in_time(attempt: Attempt, state: FlowState) -> Coroutine[None, None, StepFinished]:
    """Carry out the step's action, for at most as long as its `timeout` says."""
    seconds = attempt.step.timeout_s
    return act(attempt, state) if seconds is None else _within(attempt, state, seconds)


async def _within(attempt: Attempt, state: FlowState, seconds: float) -> StepFinished:
    scope, began = attempt.scope, attempt.scope.now()
    ended: list[StepFinished] = []

    async def work(own: Durable) -> None:
        ended.append(await act(replace(attempt, scope=own), state))

    if await scope.within("deadline", seconds, work):
        return ended[0]
    late = StepFinished(
        step=attempt.label,
        status="failed",
        error=f"not over within {seconds:g}s",
        error_code="timeout",
        duration_s=scope.now() - began,
    )
    late = await break_off(attempt, state, late)
    if state.slots is not None:
        state.slots.go_on()
    return late

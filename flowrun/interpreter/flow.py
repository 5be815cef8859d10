"""A flow from its start to its terminal event: the run's own, or one that is a step of another."""

from collections.abc import Iterator, Mapping
from functools import partial

from flowrun.events.records import FlowRunFinished, StepFinished
from flowrun.ids import JsonObject
from flowrun.interpreter.breaking_off import record_end, settle_below
from flowrun.interpreter.conclusion import (
    CANCELLED,
    conclude,
    conclude_cancelled,
    record_the_rest,
)
from flowrun.interpreter.frontier import recall_steps, walk
from flowrun.interpreter.leftovers import Place
from flowrun.interpreter.state import FlowState, PreparedPlan, open_state
from flowrun.plan.plan import PlannedStep
from flowrun.ports.durable import Durable, RunCancelled
from flowrun.ports.engine import RunSetting
from flowrun.ports.runtime import Runtime
from flowrun.ports.tools import ToolRunner


async def interpret_flow(
    scope: Durable,
    prepared: PreparedPlan,
    *,
    runtime: Runtime,
    tools: ToolRunner,
    inputs: JsonObject,
    setting: RunSetting,
) -> FlowRunFinished:
    """Carry out a plan and return its terminal event.

    Every step's result is recorded under `steps/NAME/finished`; a run entered again takes those
    results and goes on from there. A run that is cancelled ends with what it had.
    """
    began = scope.since("run/started")
    state = open_state(
        prepared,
        runtime,
        tools,
        run_id=scope.run_id,
        inputs=inputs,
        environment=setting.environment,
    )
    state.only = setting.only
    state.carry_out = carry_out
    try:
        if scope.cancelled:  # before this entry, and its process died on the way
            recall_steps(scope, state)
            raise RunCancelled
        return await carry_out(scope, state)
    except RunCancelled:
        await _cancel(scope, state)
        return conclude_cancelled(state, scope.now() - began)


async def carry_out(scope: Durable, state: FlowState) -> FlowRunFinished:
    """Carry out the flow of a state, within the time that its limits give it."""
    began = scope.since("run/started")
    recall_steps(scope, state)
    seconds = state.prepared.plan.limits.timeout_s
    if seconds is None:
        await walk(scope, state)
    elif not await scope.within("limits/timeout", seconds, partial(walk, state=state)):
        await _stop_in_time(scope, state, seconds)
    record_the_rest(scope, state)
    return conclude(state, scope.now() - began)


async def _stop_in_time(scope: Durable, state: FlowState, seconds: float) -> None:
    """Record what was at work when the flow's time was over."""
    state.stopped_by = f"the limit `timeout` of {seconds:g}s is reached"
    ended = await _settle(scope, state, "budget")
    for step, broken in _unfinished(scope, state, ended):
        state.finish(step, await record_end(scope.nested(f"steps/{step.name}"), broken))
    if state.slots is not None:
        state.slots.go_on()


async def _cancel(scope: Durable, state: FlowState) -> None:
    """Record what was at work when somebody cancelled the run; no effect begins any more."""
    state.stopped_by = CANCELLED
    ended = await _settle(scope, state, "cancelled")
    for step, broken in _unfinished(scope, state, ended):
        state.finish(step, broken)
    record_the_rest(scope, state)


async def _settle(scope: Durable, state: FlowState, code: str) -> Mapping[str, StepFinished]:
    broken = StepFinished(step="", status="failed", error=state.stopped_by, error_code=code)
    return await settle_below(Place(scope, state.prepared, None), state, broken)


def _unfinished(
    scope: Durable, state: FlowState, ended: Mapping[str, StepFinished]
) -> Iterator[tuple[PlannedStep, StepFinished]]:
    """Yield the steps that began, in this life or an earlier one, and what is told of them."""
    for step in state.prepared.plan.steps:
        path = scope.path(f"steps/{step.name}/")
        if step.name not in state.results and path in ended:
            yield step, ended[path]

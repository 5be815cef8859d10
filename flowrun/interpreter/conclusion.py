"""How a flow's execution ends: what never ran is recorded, and its outputs are evaluated."""

from dataclasses import dataclass
from typing import cast

from flowrun.events.records import FlowRunFinished
from flowrun.expression.template import ExpressionFailed
from flowrun.ids import JsonValue
from flowrun.interpreter.budget import usage_record
from flowrun.interpreter.frontier import skip
from flowrun.interpreter.readiness import NOT_RUN, need_state
from flowrun.interpreter.state import FlowState
from flowrun.plan.plan import PlannedStep
from flowrun.ports.durable import Durable

CANCELLED = "the run was cancelled"


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why a run did not complete."""

    error: str
    code: str | None = None
    hint: str | None = None


def record_the_rest(scope: Durable, state: FlowState) -> None:
    """Record every step that has no result as skipped, and why."""
    for step in state.prepared.plan.steps:
        if step.name not in state.results:
            skip(scope, state, step, _why_not(state, step))


def conclude(state: FlowState, duration_s: float) -> FlowRunFinished:
    """Return the terminal event of an execution all of whose steps have a result.

    A failed run still gives those outputs that rest on sound steps alone.
    """
    outputs, unevaluated = _outputs(state)
    problem = _problem(state)
    if problem is None and not state.only:
        problem = unevaluated
    return FlowRunFinished(
        status="completed" if problem is None else "failed",
        outputs=outputs,
        error=None if problem is None else problem.error,
        error_code=None if problem is None else problem.code,
        hint=None if problem is None else problem.hint,
        usage=usage_record(state.spending.usage) if state.spending.tokens else None,
        cost_usd=state.spending.cost_usd if state.spending.tokens else None,
        duration_s=duration_s,
    )


def conclude_cancelled(state: FlowState, duration_s: float) -> FlowRunFinished:
    """Return the terminal event of an execution that somebody cancelled."""
    finished = conclude(state, duration_s)
    return FlowRunFinished(
        status="cancelled",
        outputs=finished.outputs,
        error=CANCELLED,
        error_code="cancelled",
        usage=finished.usage,
        cost_usd=finished.cost_usd,
        duration_s=duration_s,
    )


def _why_not(state: FlowState, step: PlannedStep) -> str:
    """Say what kept a step from running: what ended the run, its own need, or the first failure."""
    if state.stopped_by:
        return f"{NOT_RUN}: {state.stopped_by}"
    results, steps = state.results, state.prepared.steps
    failed = (
        need
        for need in step.needs
        if need in results and need_state(results[need], steps[need].on_error) == "failed"
    )
    name = next(failed, state.failed_step.name if state.failed_step else "")
    return f"{NOT_RUN}: step `{name}` failed" if name else NOT_RUN


def _problem(state: FlowState) -> _Problem | None:
    """Return why the run did not complete, its outputs aside."""
    if state.stopped_by:
        return _Problem(state.stopped_by, "budget")
    step, failure = state.failed_step, state.failure
    if step is not None and failure is not None:
        error = f"step `{step.name}` failed: {failure.error}"
        return _Problem(error, failure.error_code, failure.hint)
    if state.only and state.results[state.only].status != "completed":
        return _Problem(f"step `{state.only}` did not run: {state.results[state.only].error}")
    return None


def _outputs(state: FlowState) -> tuple[dict[str, JsonValue], _Problem | None]:
    """Return the outputs that can be had, and what is wrong with the first that cannot."""
    sound = state.scope | {"steps": _sound_steps(state)}
    outputs: dict[str, JsonValue] = {}
    problem: _Problem | None = None
    for name, template in state.prepared.outputs:
        try:
            outputs[name] = template.evaluate(sound)
        except ExpressionFailed as failure:
            problem = problem or _Problem(f"output `{name}`: {failure}", "expression")
    return outputs, problem


def _sound_steps(state: FlowState) -> dict[str, JsonValue]:
    """Return the views of all steps but those that failed the run, or never ran because of that."""
    steps = cast("dict[str, JsonValue]", state.scope["steps"])
    failed = {
        step.name
        for step in state.prepared.plan.steps
        if step.on_error == "fail" and state.results[step.name].status == "failed"
    }
    return {name: view for name, view in steps.items() if name not in failed}

"""A tool as a step: its arguments from templates, its value as the step's output."""

from typing import cast

from flowrun.events.records import StepFinished, ToolCallStarted
from flowrun.ids import JsonObject
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.tool_call import call_tool, unknown_outcome
from flowrun.plan.plan import PlannedStep, ToolAction
from flowrun.ports.durable import Durable, OutcomeUnknown
from flowrun.ports.tools import ToolFailed, ToolOutcome


async def run_tool_step(
    scope: Durable, state: FlowState, step: PlannedStep, action: ToolAction
) -> StepFinished:
    """Run the step's tool once and return the step's result, recorded as `finished`.

    Raises:
        ExpressionFailed: an argument's template could not be evaluated.
    """
    began = scope.now()
    arguments = cast("JsonObject", state.prepared.arguments[step.name].evaluate(state.scope))

    async def act() -> StepFinished:
        scope.show(ToolCallStarted(step=step.name, call_id="", tool=action.tool))
        outcome = await call_tool(scope, state, action.tool, arguments, key="finished")
        return _result(step, outcome, scope.now() - began)

    tool = state.prepared.tools[action.tool]
    try:
        return cast("StepFinished", await scope.effect("finished", act, tool.effect))
    except OutcomeUnknown:
        result = _result(step, unknown_outcome(action.tool), scope.now() - began)
        await scope.record("finished", result)
        return result


def _result(step: PlannedStep, outcome: ToolOutcome, duration_s: float) -> StepFinished:
    if isinstance(outcome, ToolFailed):
        return StepFinished(
            step=step.name,
            status="failed",
            output=outcome.value,
            error=outcome.message,
            error_code="outcome_unknown" if outcome.kind == "outcome_unknown" else "tool",
            duration_s=duration_s,
        )
    return StepFinished(
        step=step.name, status="completed", output=outcome.value, duration_s=duration_s
    )

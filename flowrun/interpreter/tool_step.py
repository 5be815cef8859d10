"""A tool as a step: its arguments from templates, its value as the step's output."""

from functools import partial
from typing import cast

from flowrun.events.records import StepFinished, ToolCallStarted
from flowrun.ids import JsonObject
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.tool_call import PendingCall, settle_call
from flowrun.interpreter.tool_outcome import path_without_tries
from flowrun.plan.plan import PlannedTool, ToolAction
from flowrun.ports.durable import OutcomeUnknown
from flowrun.ports.tools import ToolFailed, ToolInvocation, ToolOutcome


async def run_tool_step(attempt: Attempt, state: FlowState, action: ToolAction) -> StepFinished:
    """Run the step's tool once and return the step's result, recorded as `finished`.

    Raises:
        ExpressionFailed: an argument's template could not be evaluated.
    """
    tool = state.prepared.tools[action.tool]
    values = state.prepared.values.arguments[attempt.step.name]
    arguments = cast("JsonObject", values.evaluate(attempt.names))
    if tool.approval == "never" and tool.retry is None:  # nobody needs to be asked about it
        make = partial(_make_plainly, attempt, state, tool, arguments)
        try:
            return cast("StepFinished", await attempt.scope.effect("finished", make, tool.effect))
        except OutcomeUnknown:
            pass  # an earlier life made the call, and how it ended must be found out elsewhere
    call = PendingCall(
        attempt=attempt,
        state=state,
        tool=tool,
        arguments=arguments,
        key="finished",
        conclude=partial(_result, attempt.label),
    )
    return cast("StepFinished", await settle_call(call))  # what `conclude` makes of it


async def _make_plainly(
    attempt: Attempt, state: FlowState, tool: PlannedTool, arguments: JsonObject
) -> StepFinished:
    """Make a call the shortest way, which most go."""
    scope = attempt.scope
    began, path = scope.since("started"), scope.path("finished")
    scope.show(ToolCallStarted(step=attempt.label, call_id="", tool=tool.name))
    if "/try[" in path:
        path = path_without_tries(path, "finished")
    invocation = ToolInvocation(run_id=scope.run_id, key=path)
    outcome = await state.tools.run(tool.name, arguments, invocation)
    return _result(attempt.label, outcome, scope.now() - began)


def _result(label: str, outcome: ToolOutcome, duration_s: float) -> StepFinished:
    if isinstance(outcome, ToolFailed):
        return StepFinished(
            step=label,
            status="failed",
            output=outcome.value,
            error=outcome.message,
            error_code=outcome.kind if outcome.kind in _CODES else "tool",
            duration_s=duration_s,
        )
    return StepFinished(step=label, status="completed", output=outcome.value, duration_s=duration_s)


_CODES = frozenset(("outcome_unknown", "rejected"))
"""Kinds of failed calls that are codes of failed steps, too; the others are `tool`."""

"""Computed values as a step."""

from flowrun.events.records import StepFinished
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.state import FlowState


def run_set_step(attempt: Attempt, state: FlowState) -> StepFinished:
    """Evaluate the step's values and return its result.

    It need not be durable before it is used, for another life computes the same from what is.

    Raises:
        ExpressionFailed: one of the values could not be evaluated.
    """
    scope = attempt.scope
    began = scope.now()
    values = state.prepared.arguments[attempt.step.name].evaluate(attempt.names)
    result = StepFinished(
        step=attempt.label, status="completed", output=values, duration_s=scope.now() - began
    )
    scope.emit("finished", result)
    return result

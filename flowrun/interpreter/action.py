"""The innermost layer of a step: its action, once."""

from flowrun.events.records import StepFinished
from flowrun.expression.template import ExpressionFailed
from flowrun.interpreter.ask_step import run_ask_step
from flowrun.interpreter.assistant_step import run_assistant_step
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.flow_step import run_flow_step
from flowrun.interpreter.set_step import run_set_step
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.tool_step import run_tool_step
from flowrun.plan.plan import (
    AskAction,
    AssistantAction,
    FlowAction,
    SetAction,
    ToolAction,
)


async def act(attempt: Attempt, state: FlowState) -> StepFinished:
    """Carry out the step's action and return its result, recorded under `finished`.

    A template of it that cannot be evaluated fails it.
    """
    try:
        match attempt.step.action:
            case ToolAction() as action:
                return await run_tool_step(attempt, state, action)
            case AssistantAction() as action:
                return await run_assistant_step(attempt, state, action)
            case FlowAction() as action:
                return await run_flow_step(attempt, state, action)
            case AskAction() as action:
                return await run_ask_step(attempt, state, action)
            case SetAction():
                return run_set_step(attempt, state)
    except ExpressionFailed as failure:
        result = unevaluated(attempt.label, str(failure))
        await attempt.scope.record("finished", result)
        return result


def unevaluated(label: str, because: str) -> StepFinished:
    """Return the result of a step one of whose expressions has no value."""
    return StepFinished(step=label, status="failed", error=because, error_code="expression")

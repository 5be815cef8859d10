"""One call of a tool, and what is said of it."""

from flowrun.ids import JsonObject
from flowrun.interpreter.state import FlowState
from flowrun.ports.durable import Durable
from flowrun.ports.tools import ToolFailed, ToolInvocation, ToolOutcome, ToolSucceeded


async def call_tool(
    scope: Durable, state: FlowState, tool: str, arguments: JsonObject, *, key: str
) -> ToolOutcome:
    """Call a tool; `key`, relative to the scope, is what its idempotency key is derived from."""
    invocation = ToolInvocation(run_id=scope.run_id, key=scope.path(key))
    return await state.tools.run(tool, arguments, invocation)


def told_to_model(outcome: ToolOutcome) -> str:
    """Return what the model is given as the call's output."""
    return outcome.text if isinstance(outcome, ToolSucceeded) else f"Error: {outcome.message}"


def unknown_outcome(tool: str) -> ToolFailed:
    """Return the outcome of a call that a crash interrupted."""
    return ToolFailed(
        kind="outcome_unknown",
        message=f"`{tool}` was started before an interruption and whether it finished cannot be "
        "known; it was not run again",
    )

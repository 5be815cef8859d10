"""One tool call as a remembered effect, and its outcome as the journal keeps it."""

from flowrun.ids import JsonObject, JsonValue
from flowrun.interpreter.state import FlowState
from flowrun.plan.plan import PlannedTool
from flowrun.ports.durable import Durable, OutcomeUnknown
from flowrun.ports.tools import ToolFailed, ToolInvocation, ToolOutcome, ToolSucceeded


async def call_tool(
    scope: Durable, state: FlowState, tool: PlannedTool, arguments: JsonObject, *, key: str
) -> ToolOutcome:
    """Call a tool once, however often this is entered; `key` is relative to the scope."""
    invocation = ToolInvocation(run_id=scope.run_id, key=scope.path(key))

    async def act() -> JsonValue:
        return outcome_to_json(await state.tools.run(tool.name, arguments, invocation))

    try:
        return outcome_from_json(await scope.effect(key, act, tool.effect))
    except OutcomeUnknown:
        return ToolFailed(
            kind="outcome_unknown",
            message=f"`{tool.name}` was started before an interruption and whether it finished "
            "cannot be known; it was not run again",
        )


def outcome_to_json(outcome: ToolOutcome) -> JsonObject:
    """Return what the journal keeps; a text that is the value itself is kept once."""
    if isinstance(outcome, ToolFailed):
        return {"kind": outcome.kind, "message": outcome.message, "value": outcome.value}
    if outcome.text == outcome.value:
        return {"value": outcome.value}
    return {"value": outcome.value, "text": outcome.text}


def outcome_from_json(value: JsonValue) -> ToolOutcome:
    """Return the outcome that `outcome_to_json` kept."""
    assert isinstance(value, dict)
    if "kind" in value:
        return ToolFailed(**value)
    kept = value["value"]
    return ToolSucceeded(value=kept, text=str(value.get("text", kept)))


def told_to_model(outcome: ToolOutcome) -> str:
    """Return what the model is given as the call's output."""
    return outcome.text if isinstance(outcome, ToolSucceeded) else f"Error: {outcome.message}"

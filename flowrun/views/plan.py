"""A plan as a JSON object for programs: lanes in order, steps with what they wait for."""

from flowrun.graph.drawing import longest_path
from flowrun.ids import JsonObject
from flowrun.plan.codec import plan_digest
from flowrun.plan.plan import AssistantAction, ExecutionPlan, PlannedStep, ToolAction

GRAPH_VERSION = 1


def plan_object(plan: ExecutionPlan) -> JsonObject:
    """Return the plan as `graph --format json` promises it."""
    return {
        "format_version": GRAPH_VERSION,
        "flow": plan.flow,
        "plan_digest": plan_digest(plan),
        "lanes": _lanes(plan),
        "longest_path": list(longest_path({step.name: step.needs for step in plan.steps})),
        "steps": [_step(step) for step in plan.steps],
    }


def _lanes(plan: ExecutionPlan) -> list[JsonObject]:
    lanes: dict[str, list[str]] = {}
    for step in plan.steps:
        lanes.setdefault(step.lane, []).append(step.name)
    return [
        {"lane": lane, "thread": None if lane.startswith("(") else lane, "steps": steps}
        for lane, steps in lanes.items()
    ]


def _step(step: PlannedStep) -> JsonObject:
    action = step.action
    return {
        "name": step.name,
        "number": step.number,
        "lane": step.lane,
        "kind": "assistant" if isinstance(action, AssistantAction) else "tool",
        "assistant": action.assistant if isinstance(action, AssistantAction) else None,
        "tool": action.tool if isinstance(action, ToolAction) else None,
        "needs": list(step.needs),
        "on_error": step.on_error,
    }

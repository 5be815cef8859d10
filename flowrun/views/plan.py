"""A plan as a JSON object for programs: lanes in order, steps with what they wait for."""

from flowrun.graph.drawing import longest_path
from flowrun.ids import JsonObject, JsonValue
from flowrun.plan.codec import plan_digest
from flowrun.plan.plan import (
    AskAction,
    AssistantAction,
    ExecutionPlan,
    FlowAction,
    PlannedForeach,
    PlannedLimits,
    PlannedRepeat,
    PlannedRetry,
    PlannedStep,
    SetAction,
    ToolAction,
)
from flowrun.plan.text import form_fields, steps_by_lane

GRAPH_VERSION = 2
"""2: `needs` is what a step builds on, the order of a thread is in `after`; five kinds of steps."""


def plan_object(plan: ExecutionPlan) -> JsonObject:
    """Return the plan as `graph --format json` promises it."""
    return {"format_version": GRAPH_VERSION, "plan_digest": plan_digest(plan), **_flow(plan)}


def _flow(plan: ExecutionPlan) -> JsonObject:
    waits = {step.name: (*step.needs, *step.after) for step in plan.steps}
    return {
        "flow": plan.flow,
        "limits": _limits(plan.limits),
        "lanes": _lanes(plan),
        "longest_path": list(longest_path(waits)),
        "steps": [_step(step) for step in plan.steps],
    }


def _lanes(plan: ExecutionPlan) -> list[JsonObject]:
    return [
        {
            "lane": lane,
            "thread": None if lane.startswith("(") else lane,
            "steps": [step.name for step in steps],
        }
        for lane, steps in steps_by_lane(plan).items()
    ]


def _step(step: PlannedStep) -> JsonObject:
    return {
        "name": step.name,
        "number": step.number,
        "lane": step.lane,
        **_action(step),
        "needs": list(step.needs),
        "after": list(step.after),
        "join": step.join,
        "if": step.condition or None,
        "foreach": _foreach(step.foreach),
        "repeat": _repeat(step.repeat),
        "retry": _retry(step.retry),
        "timeout_s": step.timeout_s,
        "on_error": step.on_error,
    }


def _action(step: PlannedStep) -> JsonObject:
    said: dict[str, JsonValue] = dict.fromkeys(
        ("assistant", "tool", "flow", "plan", "form", "values")
    )
    match step.action:
        case AssistantAction() as action:
            return {"kind": "assistant", **said, "assistant": action.assistant}
        case ToolAction() as action:
            return {"kind": "tool", **said, "tool": action.tool}
        case FlowAction() as action:
            return {"kind": "flow", **said, "flow": action.path, "plan": _flow(action.plan)}
        case AskAction() as action:
            form = None if action.schema is None else list(form_fields(action))
            return {"kind": "ask", **said, "form": form}
        case SetAction() as action:
            return {"kind": "set", **said, "values": list(action.values)}


def _foreach(foreach: PlannedForeach | None) -> JsonObject | None:
    if foreach is None:
        return None
    return {"items": foreach.items, "max_parallel": foreach.max_parallel}


def _repeat(repeat: PlannedRepeat | None) -> JsonObject | None:
    return None if repeat is None else {"until": repeat.until, "max": repeat.max}


def _retry(retry: PlannedRetry | None) -> JsonObject | None:
    if retry is None:
        return None
    return {
        "attempts": retry.attempts,
        "delay_s": retry.delay_s,
        "backoff": retry.backoff,
        "max_delay_s": retry.max_delay_s,
        "on": list(retry.on),
    }


def _limits(limits: PlannedLimits) -> JsonObject:
    return {
        "max_tokens": limits.max_tokens,
        "max_cost_usd": limits.max_cost_usd,
        "max_tool_rounds": limits.max_tool_rounds,
        "max_parallel": limits.max_parallel,
        "timeout_s": limits.timeout_s,
    }

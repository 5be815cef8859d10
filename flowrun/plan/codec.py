"""The plan's one JSON text, and its digest."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import TypeVar, cast

from flowrun.ids import JsonValue, canonical_json, digest
from flowrun.plan.plan import (
    AssistantAction,
    ExecutionPlan,
    PlannedAssistant,
    PlannedStep,
    PlannedThread,
    PlannedTool,
    ToolAction,
)

Record = TypeVar(
    "Record",
    PlannedTool,
    PlannedAssistant,
    PlannedThread,
    AssistantAction,
    ToolAction,
)

_PAIRS = ("env", "metadata")


def plan_to_json(plan: ExecutionPlan) -> str:
    """Return the plan's one JSON text: the input of its digest and what a run stores."""
    return canonical_json(
        {
            "abi": plan.abi,
            "flow": plan.flow,
            "inputs": [list(pair) for pair in plan.inputs],
            "env": list(plan.env),
            "tools": [_to_value(one) for one in plan.tools],
            "assistants": [_to_value(one) for one in plan.assistants],
            "threads": [_to_value(one) for one in plan.threads],
            "steps": [_step_to_value(one) for one in plan.steps],
            "outputs": [list(pair) for pair in plan.outputs],
        }
    )


def plan_from_json(text: str) -> ExecutionPlan:
    """Return the plan that `plan_to_json` wrote."""
    value = json.loads(text)
    return ExecutionPlan(
        abi=value["abi"],
        flow=value["flow"],
        inputs=tuple((name, schema) for name, schema in value["inputs"]),
        env=tuple(value["env"]),
        tools=tuple(_from_value(PlannedTool, one) for one in value["tools"]),
        assistants=tuple(_from_value(PlannedAssistant, one) for one in value["assistants"]),
        threads=tuple(_from_value(PlannedThread, one) for one in value["threads"]),
        steps=tuple(_step_from_value(one) for one in value["steps"]),
        outputs=tuple((name, template) for name, template in value["outputs"]),
    )


def plan_digest(plan: ExecutionPlan) -> str:
    """Return the plan's digest, 64 hexadecimal digits; people are shown the first 12."""
    return digest(plan_to_json(plan))


def _to_value(record: object) -> dict[str, JsonValue]:
    """Only what differs from the default is written, so a new optional field moves no digest."""
    written: dict[str, JsonValue] = {}
    for one in fields(record):  # type: ignore[arg-type]  # every caller passes a dataclass
        value = getattr(record, one.name)
        if value in (None, "", (), {}) and one.name != "name":
            continue
        written[one.name] = value
    return written


def _from_value(kind: type[Record], value: Mapping[str, JsonValue]) -> Record:
    ready = {
        name: _tuples(name, one) if isinstance(one, list) else one for name, one in value.items()
    }
    return kind(**ready)  # type: ignore[arg-type]  # written by _to_value


def _tuples(name: str, value: list[JsonValue]) -> JsonValue:
    if name in _PAIRS:
        return tuple(tuple(pair) for pair in cast("list[list[JsonValue]]", value))
    return tuple(value)


def _step_to_value(step: PlannedStep) -> dict[str, JsonValue]:
    kind = "assistant" if isinstance(step.action, AssistantAction) else "tool"
    return {
        "name": step.name,
        "number": step.number,
        "lane": step.lane,
        "needs": list(step.needs),
        "on_error": step.on_error,
        "kind": kind,
        "action": _to_value(step.action),
    }


def _step_from_value(value: Mapping[str, JsonValue]) -> PlannedStep:
    body = cast("Mapping[str, JsonValue]", value["action"])
    action = (
        _from_value(AssistantAction, body)
        if value["kind"] == "assistant"
        else _from_value(ToolAction, body)
    )
    return PlannedStep(
        name=cast("str", value["name"]),
        number=cast("int", value["number"]),
        lane=cast("str", value["lane"]),
        needs=tuple(cast("list[str]", value["needs"])),
        on_error=cast("str", value["on_error"]),  # type: ignore[arg-type]  # written above
        action=action,
    )

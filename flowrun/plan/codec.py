"""The plan's one JSON text, and its digest.

A record is written without what equals its default, so that a new optional field moves no digest.
The author's mappings keep their order, for expressions see it: a run that is entered again finds
what it began with. Texts of the ABI before, which wrote more and knew less, are read, too.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import TypeAlias, TypeVar, cast

from flowrun.ids import JsonObject, JsonValue, digest, ordered_json
from flowrun.plan.plan import (
    Action,
    AskAction,
    AssistantAction,
    ExecutionPlan,
    FlowAction,
    PlannedAssistant,
    PlannedForeach,
    PlannedLimits,
    PlannedPrices,
    PlannedRepeat,
    PlannedRetry,
    PlannedStep,
    PlannedThread,
    PlannedTool,
    SetAction,
    ToolAction,
)

Record: TypeAlias = (
    PlannedTool
    | PlannedAssistant
    | PlannedThread
    | PlannedStep
    | PlannedLimits
    | PlannedRetry
    | PlannedForeach
    | PlannedRepeat
    | PlannedPrices
    | Action
)
R = TypeVar("R", bound=Record)

_ACTIONS: Mapping[str, type[Action]] = {
    "assistant": AssistantAction,
    "tool": ToolAction,
    "flow": FlowAction,
    "ask": AskAction,
    "set": SetAction,
}
_KINDS = {kind: name for name, kind in _ACTIONS.items()}
_RECORDS: Mapping[str, type[Record]] = {
    "retry": PlannedRetry,
    "foreach": PlannedForeach,
    "repeat": PlannedRepeat,
    "prices": PlannedPrices,
}
"""By the name of a field, the record that it holds."""
_NESTED = frozenset(_RECORDS.values())
_LISTS = frozenset({"argv", "tools", "needs", "after", "on"})
"""Fields that are tuples of texts; other lists are values."""
_PAIRS = frozenset({"env", "metadata"})
_PLAIN = frozenset({str, int, float, bool})


def plan_to_json(plan: ExecutionPlan) -> str:
    """Return the plan's one JSON text: the input of its digest and what a run stores."""
    return ordered_json(_plan_to_value(plan))


def plan_from_json(text: str) -> ExecutionPlan:
    """Return the plan that `plan_to_json` wrote, in this release or in one of the ABI before."""
    return _plan_from_value(json.loads(text))


def plan_digest(plan: ExecutionPlan) -> str:
    """Return the plan's digest, 64 hexadecimal digits; people are shown the first 12."""
    return digest(plan_to_json(plan))


def _plan_to_value(plan: ExecutionPlan) -> JsonObject:
    written: dict[str, JsonValue] = {
        "abi": plan.abi,
        "flow": plan.flow,
        "inputs": [list(pair) for pair in plan.inputs],
        "env": list(plan.env),
        "tools": [_to_value(one) for one in plan.tools],
        "assistants": [_to_value(one) for one in plan.assistants],
        "threads": [_to_value(one) for one in plan.threads],
        "steps": [_to_value(one) for one in plan.steps],
        "outputs": [list(pair) for pair in plan.outputs],
    }
    limits = _to_value(plan.limits)
    return {**written, "limits": limits} if limits else written


def _plan_from_value(value: JsonValue) -> ExecutionPlan:
    plan = cast("dict[str, list[dict[str, JsonValue]]]", value)
    abi = cast("int", plan["abi"])
    return ExecutionPlan(
        abi=abi,
        flow=cast("str", plan["flow"]),
        inputs=cast("tuple[tuple[str, JsonObject], ...]", _pairs(plan["inputs"])),
        env=cast("tuple[str, ...]", tuple(plan["env"])),
        tools=tuple(_from_value(PlannedTool, _tool_of(one, abi)) for one in plan["tools"]),
        assistants=tuple(_from_value(PlannedAssistant, one) for one in plan["assistants"]),
        threads=tuple(_from_value(PlannedThread, one) for one in plan["threads"]),
        steps=tuple(_step_from_value(one) for one in plan["steps"]),
        outputs=cast("tuple[tuple[str, JsonValue], ...]", _pairs(plan["outputs"])),
        limits=_from_value(PlannedLimits, cast("JsonObject", plan.get("limits", {}))),
    )


def _tool_of(tool: JsonObject, abi: int) -> JsonObject:
    """Under the first ABI nobody was asked: a call whose outcome was unknown failed its step."""
    return {"on_unknown": "fail", **tool} if abi == 1 else tool


def _to_value(record: Record) -> dict[str, JsonValue]:
    written: dict[str, JsonValue] = {}
    for name, default in _defaults(type(record)):  # type: ignore[arg-type]  # mypy asks its objects
        value = getattr(record, name)
        if value == default:
            continue
        if type(value) in _NESTED:
            written[name] = _to_value(value)
        elif name == "action":
            written["kind"] = _KINDS[type(value)]
            written[name] = _to_value(value)
        else:
            written[name] = _plan_to_value(value) if type(value) is ExecutionPlan else value
    return written


@cache
def _defaults(kind: type[Record]) -> tuple[tuple[str, object], ...]:
    """Return the fields of a record with their defaults; what has none differs from everything."""
    return tuple(
        (one.name, one.default if one.default_factory is MISSING else one.default_factory())
        for one in fields(kind)
    )


def _from_value(kind: type[R], value: JsonObject) -> R:
    return kind(**_fields(value))  # type: ignore[arg-type]  # written by _to_value


def _fields(value: JsonObject) -> dict[str, object]:
    return {name: one if type(one) in _PLAIN else _field(name, one) for name, one in value.items()}


def _field(name: str, value: JsonValue) -> object:
    if isinstance(value, list):
        if name in _PAIRS:
            return _pairs(value)
        return tuple(value) if name in _LISTS else value
    if name in _RECORDS:
        return _from_value(_RECORDS[name], cast("JsonObject", value))
    return _plan_from_value(value) if name == "plan" else value


def _pairs(value: JsonValue) -> tuple[tuple[JsonValue, ...], ...]:
    return tuple(tuple(pair) for pair in cast("list[list[JsonValue]]", value))


def _step_from_value(value: JsonObject) -> PlannedStep:
    rest = dict(value)
    kind = cast("str", rest.pop("kind"))
    action = _from_value(_ACTIONS[kind], cast("JsonObject", rest.pop("action")))
    return PlannedStep(action=action, **_fields(rest))  # type: ignore[arg-type]  # written by _to_value

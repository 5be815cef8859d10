"""What an entry of a run is given to carry out, and what carries it out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from flowrun.events.records import FlowRunFinished
from flowrun.ids import JsonObject
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.durable import Durable
from flowrun.ports.engine import RunSetting

Interpret: TypeAlias = Callable[
    [Durable, ExecutionPlan, JsonObject, RunSetting], Awaitable[FlowRunFinished]
]
"""What carries out a plan: `interpreter.flow.interpret_flow` with its runtime and tools bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What is to be carried out."""

    plan: ExecutionPlan
    inputs: JsonObject
    setting: RunSetting

"""What one execution of a plan knows: templates compiled once, results as they come."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowrun.events.records import StepFinished
from flowrun.expression.template import Template, Value, compile_template, compile_value
from flowrun.ids import JsonObject, JsonValue, compact_json
from flowrun.plan.plan import (
    AssistantAction,
    ExecutionPlan,
    PlannedAssistant,
    PlannedStep,
    PlannedThread,
    PlannedTool,
)
from flowrun.ports.models import FunctionTool
from flowrun.ports.runtime import Runtime
from flowrun.ports.tools import ToolRunner


@dataclass(frozen=True, slots=True)
class PreparedPlan:
    """A plan with its templates compiled; shared by every run of the plan."""

    plan: ExecutionPlan
    tools: Mapping[str, PlannedTool]
    assistants: Mapping[str, PlannedAssistant]
    functions: Mapping[str, FunctionTool]
    """Tools as models are shown them."""
    dependents: Mapping[str, tuple[PlannedStep, ...]]
    messages: Mapping[str, Template]
    """Message template of each assistant step that has one."""
    arguments: Mapping[str, Value]
    """Arguments of each tool step."""
    instructions: Mapping[str, Template]
    threads: Mapping[str, PlannedThread]
    thread_keys: Mapping[str, Template]
    outputs: tuple[tuple[str, Value], ...]


def prepare_plan(plan: ExecutionPlan) -> PreparedPlan:
    """Compile a plan's templates and index what the frontier needs."""
    dependents: dict[str, list[PlannedStep]] = {step.name: [] for step in plan.steps}
    messages: dict[str, Template] = {}
    arguments: dict[str, Value] = {}
    for step in plan.steps:
        for need in step.needs:
            dependents[need].append(step)
        if isinstance(step.action, AssistantAction):
            if step.action.message:
                messages[step.name] = compile_template(step.action.message)
        else:
            arguments[step.name] = compile_value(step.action.arguments)
    return PreparedPlan(
        plan=plan,
        tools={tool.name: tool for tool in plan.tools},
        assistants={one.name: one for one in plan.assistants},
        functions={tool.name: _function(tool) for tool in plan.tools},
        dependents={name: tuple(steps) for name, steps in dependents.items()},
        messages=messages,
        arguments=arguments,
        instructions={one.name: compile_template(one.instructions) for one in plan.assistants},
        threads={one.name: one for one in plan.threads},
        thread_keys={one.name: compile_template(one.key) for one in plan.threads if one.key},
        outputs=tuple((name, compile_value(template)) for name, template in plan.outputs),
    )


@dataclass(slots=True)
class FlowState:
    """One execution: what expressions see, and what is done."""

    prepared: PreparedPlan
    runtime: Runtime
    tools: ToolRunner
    scope: dict[str, JsonValue]
    """`inputs`, `env`, `run` and `steps`: the names of every expression."""
    results: dict[str, StepFinished] = field(default_factory=dict)
    assistant_ids: dict[str, str] = field(default_factory=dict)
    thread_ids: dict[str, str] = field(default_factory=dict)
    failure: StepFinished | None = None
    """The failure that ends the run: of those there are, the first in the plan's order, so that it
    does not depend on which came first in this life."""
    failed_number: int = 0

    def finish(self, step: PlannedStep, result: StepFinished) -> None:
        """Take in a step's result and let expressions see it."""
        self.results[step.name] = result
        steps = self.scope["steps"]
        assert isinstance(steps, dict)
        steps[step.name] = step_view(result)
        if result.status != "failed" or step.on_error != "fail":
            return
        if self.failure is None or step.number < self.failed_number:
            self.failure, self.failed_number = result, step.number


def open_state(
    prepared: PreparedPlan,
    runtime: Runtime,
    tools: ToolRunner,
    *,
    run_id: str,
    inputs: JsonObject,
    environment: Mapping[str, str],
) -> FlowState:
    """Return the state of an execution in which nothing has happened yet."""
    scope: dict[str, JsonValue] = {
        "inputs": inputs,
        "env": dict(environment),
        "run": {"id": run_id},
        "steps": {},
    }
    return FlowState(prepared, runtime, tools, scope)


def step_view(result: StepFinished) -> JsonObject:
    """Return what `steps.NAME` shows."""
    return {
        "output": result.output,
        "status": result.status,
        "error": result.error,
        "messages": result.messages,
        "tool_calls": result.tool_calls,
        "citations": (),
        "files": (),
        "usage": result.usage,
        "thread_id": result.thread_id,
        "run_id": result.run_id,
    }


def as_text(value: JsonValue) -> str:
    """Return a value as it would stand inside a text: a text as it is, the rest as JSON.

    A message that is exactly one expression has its value's type and is a text all the same.
    """
    return value if isinstance(value, str) else compact_json(value)


def _function(tool: PlannedTool) -> FunctionTool:
    return FunctionTool(name=tool.name, description=tool.description, parameters=tool.parameters)

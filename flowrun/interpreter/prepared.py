"""A plan made ready: every template compiled once, and what the frontier needs indexed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowrun.expression.template import (
    Template,
    Value,
    compile_expression,
    compile_template,
    compile_value,
)
from flowrun.plan.plan import (
    AskAction,
    AssistantAction,
    ExecutionPlan,
    FlowAction,
    PlannedAssistant,
    PlannedForeach,
    PlannedStep,
    PlannedThread,
    PlannedTool,
    SetAction,
    ToolAction,
)
from flowrun.ports.models import FunctionTool


@dataclass(frozen=True, slots=True)
class PreparedPlan:
    """A plan with its templates compiled; shared by every run of the plan."""

    plan: ExecutionPlan
    tools: Mapping[str, PlannedTool]
    assistants: Mapping[str, PlannedAssistant]
    functions: Mapping[str, FunctionTool]
    """Tools as models are shown them."""
    steps: Mapping[str, PlannedStep]
    waits: Mapping[str, int]
    """How many steps each step waits for."""
    dependents: Mapping[str, tuple[PlannedStep, ...]]
    """Steps that wait for each step, in plan order."""
    values: "StepValues"
    instructions: Mapping[str, Template]
    threads: Mapping[str, PlannedThread]
    thread_keys: Mapping[str, Template]
    outputs: tuple[tuple[str, Value], ...]

    @property
    def messages(self) -> Mapping[str, Template]:
        """Message template of each assistant and ask step that has one."""
        return self.values.messages

    @property
    def arguments(self) -> Mapping[str, Value]:
        """Arguments of tool steps, inputs of sub-flows, values of `set`."""
        return self.values.arguments


@dataclass(frozen=True, slots=True)
class StepValues:
    """What steps evaluate, compiled; by the step's name, for those that have it."""

    messages: dict[str, Template] = field(default_factory=dict)
    arguments: dict[str, Value] = field(default_factory=dict)
    conditions: dict[str, Value] = field(default_factory=dict)
    """`if`."""
    items: dict[str, Value] = field(default_factory=dict)
    """Of `foreach`."""
    untils: dict[str, Value] = field(default_factory=dict)
    """Of `repeat`."""
    flows: dict[str, PreparedPlan] = field(default_factory=dict)
    """Sub-flows; one file is prepared once."""


def prepare_plan(plan: ExecutionPlan) -> PreparedPlan:
    """Compile a plan's templates, and those of its sub-flows, and index its steps.

    Raises:
        ExpressionFailed: a template is none; only a plan that was never checked has such.
    """
    return _prepare(plan, {})


def _prepare(plan: ExecutionPlan, by_path: dict[str, PreparedPlan]) -> PreparedPlan:
    """Prepare a plan; sub-flows are prepared once for each file."""
    dependents: dict[str, list[PlannedStep]] = {step.name: [] for step in plan.steps}
    waits: dict[str, int] = {}
    values = StepValues()
    for step in plan.steps:
        before = step.needs if not step.after else tuple(dict.fromkeys(step.needs + step.after))
        waits[step.name] = len(before)
        for name in before:
            dependents[name].append(step)
        _compile_step(step, values, by_path)
    return PreparedPlan(
        plan=plan,
        tools={tool.name: tool for tool in plan.tools},
        assistants={one.name: one for one in plan.assistants},
        functions={tool.name: _function(tool) for tool in plan.tools},
        steps={step.name: step for step in plan.steps},
        waits=waits,
        dependents={name: tuple(steps) for name, steps in dependents.items()},
        values=values,
        instructions={one.name: compile_template(one.instructions) for one in plan.assistants},
        threads={one.name: one for one in plan.threads},
        thread_keys={one.name: compile_template(one.key) for one in plan.threads if one.key},
        outputs=tuple((name, compile_value(template)) for name, template in plan.outputs),
    )


def _compile_step(step: PlannedStep, values: StepValues, by_path: dict[str, PreparedPlan]) -> None:
    name = step.name
    if step.condition:
        values.conditions[name] = compile_expression(step.condition)
    if step.foreach is not None:
        values.items[name] = _compile_items(step.foreach)
    if step.repeat is not None:
        values.untils[name] = compile_expression(step.repeat.until)
    match step.action:
        case AssistantAction(message=message) | AskAction(message=message):
            if message:
                values.messages[name] = compile_template(message)
        case ToolAction(arguments=arguments):
            values.arguments[name] = compile_value(arguments)
        case SetAction(values=computed):
            values.arguments[name] = compile_value(computed)
        case FlowAction(path=path, plan=plan, inputs=inputs):
            values.arguments[name] = compile_value(inputs)
            if path not in by_path:
                by_path[path] = _prepare(plan, by_path)
            values.flows[name] = by_path[path]


def _compile_items(foreach: PlannedForeach) -> Value:
    if isinstance(foreach.items, str):
        return compile_expression(foreach.items)
    return compile_value(foreach.items)


def _function(tool: PlannedTool) -> FunctionTool:
    return FunctionTool(name=tool.name, description=tool.description, parameters=tool.parameters)

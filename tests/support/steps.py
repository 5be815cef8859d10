"""Plans with control flow, written down shortly: steps without numbers, numbered by `plan_of`."""

from dataclasses import replace

from flowrun.plan.plan import (
    AskAction,
    AssistantAction,
    ExecutionPlan,
    FlowAction,
    PlannedAssistant,
    PlannedForeach,
    PlannedLimits,
    PlannedRepeat,
    PlannedRetry,
    PlannedStep,
    PlannedThread,
    PlannedTool,
    SetAction,
    ToolAction,
)


def step(name, action, *needs, **layers):
    """A step; `layers` are fields of `PlannedStep`, some of them short."""
    if "foreach" in layers and not isinstance(layers["foreach"], PlannedForeach):
        layers["foreach"] = PlannedForeach(items=layers["foreach"])
    if isinstance(layers.get("repeat"), tuple):
        until, most = layers["repeat"]
        layers["repeat"] = PlannedRepeat(until=until, max=most)
    if isinstance(layers.get("retry"), int):
        layers["retry"] = PlannedRetry(attempts=layers["retry"], delay_s=0.0)
    lane = getattr(action, "thread", None) or f"({name})"
    return PlannedStep(name=name, number=0, lane=lane, needs=needs, action=action, **layers)


def call(name, *needs, tool=None, given=None, **layers):
    """A tool step; its tool has the step's name unless another is named."""
    return step(name, ToolAction(tool=tool or name, arguments=given or {}), *needs, **layers)


def compute(name, *needs, values, **layers):
    """A `set` step."""
    return step(name, SetAction(values=values), *needs, **layers)


def ask(name, *needs, message="Well?", schema=None, **layers):
    """An `ask` step."""
    return step(name, AskAction(message=message, schema=schema), *needs, **layers)


def talk(name, *needs, assistant="guide", message="Hello", thread=None, **layers):
    """An assistant step."""
    action = AssistantAction(assistant=assistant, message=message, thread=thread)
    return step(name, action, *needs, **layers)


def subflow(name, plan, *needs, given=None, path=None, **layers):
    """A step that runs another flow."""
    action = FlowAction(path=path or f"{plan.flow}.flow.yaml", plan=plan, inputs=given or {})
    return step(name, action, *needs, **layers)


def plan_of(*steps, flow="test", effect="repeatable", on_unknown="fail", limits=None, **fields):
    """A plan of these steps, in this order, with every tool and assistant that they name."""
    actions = [one.action for one in steps]
    tools = dict.fromkeys(one.tool for one in actions if isinstance(one, ToolAction))
    guides = dict.fromkeys(one.assistant for one in actions if isinstance(one, AssistantAction))
    threads = dict.fromkeys(
        one.thread for one in actions if isinstance(one, AssistantAction) and one.thread
    )
    fields.setdefault("assistants", tuple(PlannedAssistant(name=n, model="m") for n in guides))
    fields.setdefault("threads", tuple(PlannedThread(name=name) for name in threads))
    fields.setdefault(
        "tools",
        tuple(
            PlannedTool(name=name, kind="python", effect=effect, on_unknown=on_unknown)
            for name in tools
        ),
    )
    return ExecutionPlan(
        flow=flow,
        steps=tuple(replace(one, number=number) for number, one in enumerate(steps, 1)),
        limits=PlannedLimits(**(limits or {})),
        **fields,
    )

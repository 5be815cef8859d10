"""A plan as a Mermaid flowchart: a lane a subgraph, an arrow for every need that no other implies.

Dotted arrows are the order of steps on one thread. A sub-flow is a subgraph with its own steps
inside. Step names are identifiers and so are their nodes; everything shown is escaped, because a
label is data and Mermaid's own syntax hides in ordinary punctuation.
"""

from collections.abc import Iterator
from itertools import count

from flowrun.graph.drawing import direct_needs
from flowrun.plan.plan import (
    AskAction,
    AssistantAction,
    ExecutionPlan,
    FlowAction,
    PlannedStep,
    SetAction,
    ToolAction,
)
from flowrun.plan.text import (
    form_fields,
    one_line,
    shown_items,
    shown_limits,
    shown_retry,
    shown_seconds,
    steps_by_lane,
)


def mermaid(plan: ExecutionPlan) -> str:
    """Return the diagram, the same for the same plan on every machine."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: ExecutionPlan) -> Iterator[str]:
    yield "---"
    yield f"title: {plan.flow}"
    yield "---"
    yield "flowchart TD"
    yield from _Drawing().flow(plan, "", "  ")


class _Drawing:
    """Numbers the sub-flows while it goes through them, so that no two nodes have one name."""

    def __init__(self) -> None:
        self._flows = count(1)

    def flow(self, plan: ExecutionPlan, prefix: str, indent: str) -> Iterator[str]:
        """Yield the limits of a flow, its lanes, then its arrows."""
        limits = shown_limits(plan.limits)
        if limits:
            yield f'{indent}{prefix}limits[/"{_escaped(", ".join(limits))}"/]'
        for number, (lane, steps) in enumerate(steps_by_lane(plan).items()):
            if lane.startswith("("):
                # a private thread is the step itself; a box round it says nothing
                for step in steps:
                    yield from self._step(step, prefix, indent)
                continue
            yield f'{indent}subgraph {prefix}lane{number}["thread {_escaped(lane)}"]'
            for step in steps:
                yield from self._step(step, prefix, indent + "  ")
            yield f"{indent}end"
        yield from (f"{indent}{arrow}" for arrow in _arrows(plan, prefix))

    def _step(self, step: PlannedStep, prefix: str, indent: str) -> Iterator[str]:
        node, label = _node(prefix, step.name), _label(step)
        match step.action:
            case AssistantAction():
                yield f'{indent}{node}["{label}"]'
            case ToolAction():
                yield f'{indent}{node}[["{label}"]]'
            case AskAction():
                yield f'{indent}{node}{{{{"{label}"}}}}'
            case SetAction():
                yield f'{indent}{node}("{label}")'
            case FlowAction(plan=inner):
                yield f'{indent}subgraph {node}["{label}"]'
                yield from self.flow(inner, f"flow{next(self._flows)}_", indent + "  ")
                yield f"{indent}end"


def _arrows(plan: ExecutionPlan, prefix: str) -> Iterator[str]:
    direct = direct_needs({step.name: step.needs for step in plan.steps})
    for step in plan.steps:
        node = _node(prefix, step.name)
        # one of several is enough: each of them matters
        needs = step.needs if step.join == "any" else direct[step.name]
        yield from (f"{_node(prefix, need)} --> {node}" for need in needs)
        yield from (f"{_node(prefix, before)} -.-> {node}" for before in step.after)


def _label(step: PlannedStep) -> str:
    return "<br/>".join(_escaped(line) for line in (step.name, _what(step), *_notes(step)))


def _what(step: PlannedStep) -> str:
    match step.action:
        case AssistantAction() as action:
            return action.assistant
        case ToolAction() as action:
            return action.tool
        case FlowAction() as action:
            return one_line(action.path)
        case AskAction(schema=None):
            return "a person approves"
        case AskAction() as action:
            return f"a person says {', '.join(form_fields(action))}"
        case SetAction() as action:
            return f"set {', '.join(action.values)}"


def _notes(step: PlannedStep) -> Iterator[str]:
    if step.join == "any":
        yield "after any of them"
    if step.condition:
        yield f"if {one_line(step.condition)}"
    if step.foreach is not None:
        yield f"for each of {shown_items(step.foreach)}, {step.foreach.max_parallel} at a time"
    if step.repeat is not None:
        yield f"until {one_line(step.repeat.until)}, at most {step.repeat.max} times"
    if step.retry is not None:
        yield f"retry {shown_retry(step.retry)}"
    if step.timeout_s is not None:
        yield f"timeout {shown_seconds(step.timeout_s)}"
    if step.on_error == "continue":
        yield "goes on when it fails"


def _node(prefix: str, step: str) -> str:
    """Names like `end` and `class` are words of Mermaid, so every node has a prefix."""
    return f"{prefix}step_{step}"


def _escaped(text: str) -> str:
    """Return the text with everything but letters, digits and a few marks as entity codes."""
    return "".join([one if one.isalnum() or one in " _-.,()" else f"#{ord(one)};" for one in text])

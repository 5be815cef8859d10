"""A plan as a Mermaid flowchart: a lane a subgraph, an edge for every need that no other implies.

Step names are identifiers and so are their nodes; everything shown is escaped, because a label is
data and Mermaid's own syntax hides in ordinary punctuation.
"""

from collections.abc import Iterable, Iterator

from flowrun.graph.drawing import direct_needs
from flowrun.plan.plan import AssistantAction, ExecutionPlan, PlannedStep


def mermaid(plan: ExecutionPlan) -> str:
    """Return the diagram, the same for the same plan on every machine."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: ExecutionPlan) -> Iterator[str]:
    yield "---"
    yield f"title: {plan.flow}"
    yield "---"
    yield "flowchart TD"
    for number, (lane, steps) in enumerate(_lanes(plan)):
        yield from _lane(number, lane, steps)
    for name, needs in direct_needs({step.name: step.needs for step in plan.steps}).items():
        yield from (f"  {_node(need)} --> {_node(name)}" for need in needs)


def _lanes(plan: ExecutionPlan) -> Iterable[tuple[str, list[PlannedStep]]]:
    lanes: dict[str, list[PlannedStep]] = {}
    for step in plan.steps:
        lanes.setdefault(step.lane, []).append(step)
    return lanes.items()


def _lane(number: int, lane: str, steps: list[PlannedStep]) -> Iterator[str]:
    if lane.startswith("("):  # a private thread is the step itself; a box round it says nothing
        yield from (f"  {_box(step)}" for step in steps)
        return
    yield f'  subgraph lane{number}["thread {_escaped(lane)}"]'
    yield from (f"    {_box(step)}" for step in steps)
    yield "  end"


def _box(step: PlannedStep) -> str:
    if isinstance(step.action, AssistantAction):
        return f'{_node(step.name)}["{_escaped(step.name)}<br/>{_escaped(step.action.assistant)}"]'
    return f'{_node(step.name)}[["{_escaped(step.name)}<br/>{_escaped(step.action.tool)}"]]'


def _node(step: str) -> str:
    """Names like `end` and `class` are words of Mermaid, so every node has a prefix."""
    return f"step_{step}"


def _escaped(text: str) -> str:
    """Return the text with everything but letters, digits and a few marks as entity codes."""
    return "".join([one if one.isalnum() or one in " _-.,()" else f"#{ord(one)};" for one in text])

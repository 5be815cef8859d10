"""From a bound flow to a flow graph, one named step at a time. None of them complains."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from flowrun.expression.template import analyse, analyse_expression, is_template
from flowrun.graph.flowgraph import (
    PROGRAM_RESULT,
    Edge,
    FlowGraph,
    PlacedTemplate,
    ResolvedTool,
    ToolKind,
    Where,
)
from flowrun.graph.parameters import expand, faults
from flowrun.ids import JsonObject, JsonValue
from flowrun.spec.flow import Step, Tool
from flowrun.spec.spans import DocPath

_EXPRESSIONS = frozenset({"if", "foreach", "until"})
"""Places where a text is an expression, with or without its braces."""
_BEFORE_IT_RUNS = frozenset({"if", "foreach"})
"""Places that are looked at before the first iteration of a step."""


def find_templates(graph: FlowGraph) -> FlowGraph:
    """Find and analyse every text that has something to fill in."""
    return replace(graph, templates=tuple(_found(graph)))


def _found(graph: FlowGraph) -> Iterator[PlacedTemplate]:
    for where, path, value in _places(graph):
        if where in _EXPRESSIONS and isinstance(value, str):
            yield PlacedTemplate(path, value, where, analyse_expression(value))
            continue
        for below, text in _texts(path, value):
            yield PlacedTemplate(below, text, where, analyse(text))


def describe_inputs(graph: FlowGraph) -> FlowGraph:
    """Give each input its JSON Schema: JSON Schema's own keys, `default` only if one was given."""
    schemas = {
        # models of JSON dump to JSON
        name: cast("JsonObject", one.model_dump(by_alias=True, exclude_unset=True))
        for name, one in graph.flow.inputs.items()
    }
    return replace(graph, inputs=schemas)


def resolve_tools(graph: FlowGraph) -> FlowGraph:
    """Say how each tool is called and what it returns."""
    tools = {name: _resolve(graph, name, tool) for name, tool in graph.flow.tools.items()}
    return replace(graph, tools=tools)


def assign_lanes(graph: FlowGraph) -> FlowGraph:
    """Give each step the lane of its thread, or one of its own."""
    lanes = {
        name: step.thread if step.thread is not None else f"({name})"
        for name, step in graph.flow.steps.items()
    }
    return replace(graph, lanes=lanes)


def connect_steps(graph: FlowGraph) -> FlowGraph:
    """Draw the edges: what a step needs, what it refers to, what comes before it on its thread."""
    edges: dict[str, dict[tuple[str, str], Edge]] = {name: {} for name in graph.flow.steps}
    for edge in (*_needed(graph), *_referred(graph), *_threaded(graph)):
        if edge.before in edges:
            edges[edge.after].setdefault((edge.before, edge.reason), edge)
    return replace(graph, edges={name: tuple(found.values()) for name, found in edges.items()})


def order_steps(graph: FlowGraph) -> FlowGraph:
    """Put the steps in order: of those that could come next, always the earliest in the file."""
    position = {name: number for number, name in enumerate(graph.flow.steps)}
    names = list(graph.flow.steps)
    waits = {name: {edge.before for edge in graph.edges[name]} for name in names}
    followers: dict[str, list[str]] = {name: [] for name in names}
    for name, before in waits.items():
        for one in before:
            followers[one].append(name)
    ready = [position[name] for name in names if not waits[name]]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for follower in followers[name]:
            waits[follower].discard(name)
            if not waits[follower]:
                heapq.heappush(ready, position[follower])
    return replace(graph, order=tuple(order))


def _places(graph: FlowGraph) -> Iterator[tuple[Where, DocPath, JsonValue]]:
    """Yield every place where templates may stand."""
    flow = graph.flow
    for name, tool in flow.tools.items():
        if tool.shell is not None:
            yield "shell", ("tools", name, "shell"), tool.shell
    for name, assistant in flow.assistants.items():
        yield "instructions", ("assistants", name, "instructions"), assistant.instructions
    for name, thread in flow.threads.items():
        yield "key", ("threads", name, "key"), thread.key
    for name, step in flow.steps.items():
        yield from _step_places(name, step)
    for name, output in flow.outputs.items():
        yield "outputs", ("outputs", name), output


def _step_places(name: str, step: Step) -> Iterator[tuple[Where, DocPath, JsonValue]]:
    """Yield the places of a step, in the order in which they are looked at."""
    if step.if_ is not None:
        yield "if", ("steps", name, "if"), step.if_
    if step.foreach is not None:
        yield "foreach", ("steps", name, "foreach"), step.foreach
    if step.message is not None:
        yield "message", ("steps", name, "message"), step.message
    if step.with_ is not None:
        yield "with", ("steps", name, "with"), step.with_
    if step.ask is not None:
        yield "ask", ("steps", name, "ask", "message"), step.ask.message
    if step.set_ is not None:
        yield "set", ("steps", name, "set"), step.set_
    if step.repeat is not None:
        yield "until", ("steps", name, "repeat", "until"), step.repeat.until


def _texts(path: DocPath, value: JsonValue) -> Iterator[tuple[DocPath, str]]:
    if isinstance(value, str):
        if is_template(value):
            yield path, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts((*path, key), one)
    elif isinstance(value, Sequence):
        for number, one in enumerate(value):
            yield from _texts((*path, number), one)


def _resolve(graph: FlowGraph, name: str, tool: Tool) -> ResolvedTool:
    written = tool.parameters
    lacking = written is None and graph.has_stray_keys("tools", name)
    declared = None if lacking or (written and faults(written)) else expand(written)
    if tool.python is not None:
        return _resolve_function(graph, name, tool, declared if written is not None else None)
    kind: ToolKind = "shell" if tool.shell is not None else "script"
    return ResolvedTool(
        name=name,
        kind=kind,
        description=tool.description or "",
        parameters=declared,
        result=PROGRAM_RESULT,
    )


def _resolve_function(
    graph: FlowGraph, name: str, tool: Tool, declared: JsonObject | None
) -> ResolvedTool:
    module, _, function = (tool.python or "").partition(":")
    source = graph.surroundings.modules.get(module)
    said = tool.description or ""
    if source is None:
        return ResolvedTool(name=name, kind="python", description=said, parameters=declared)
    from flowrun.spec.signature import (
        Signature,
        SignatureProblem,
        read_signature,
    )  # Python tools only

    found = read_signature(source, function, declared)
    match found:
        case SignatureProblem(kind="signature") if tool.parameters is not None and declared is None:
            return ResolvedTool(name=name, kind="python", description=said)  # it was not used
        case SignatureProblem():
            return ResolvedTool(name=name, kind="python", description=said, problem=found)
        case Signature():
            return ResolvedTool(
                name=name,
                kind="python",
                description=said or found.description,
                parameters=found.parameters,
                result=found.result,
            )


def _needed(graph: FlowGraph) -> Iterator[Edge]:
    for name, step in graph.flow.steps.items():
        for number, need in enumerate(step.needs):
            yield Edge(need, name, "needs", ("steps", name, "needs", number))


def _referred(graph: FlowGraph) -> Iterator[Edge]:
    for template in graph.templates:
        if template.path[0] != "steps":
            continue
        for one in template.references:
            if len(one.path) > 1 and one.path[0] == "steps":
                before = str(one.path[1])
                if before == template.owner and _sees_itself(graph, template):
                    continue
                words = template.text[one.start : one.end]
                place = (one.start, one.end)
                yield Edge(before, template.owner, "reference", template.path, place, words)


def _sees_itself(graph: FlowGraph, template: PlacedTemplate) -> bool:
    """Tell whether a step finds there what its iteration before came to."""
    return template.where not in _BEFORE_IT_RUNS and graph.may_have(template.owner, "repeat")


def _threaded(graph: FlowGraph) -> Iterator[Edge]:
    last: dict[str, str] = {}
    for name, step in graph.flow.steps.items():
        if step.thread is None:
            continue
        before = last.get(step.thread)
        if before is not None:
            path = ("steps", name, "thread")
            yield Edge(before, name, "thread", path, words=step.thread)
        last[step.thread] = name

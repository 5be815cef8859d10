"""What is declared is used. Warnings only, and only when the whole flow could be read."""

from collections.abc import Iterator

from flowrun.expression.terms import TemplateProblem
from flowrun.graph.flowgraph import FlowGraph
from flowrun.source.diagnostic import Diagnostic, Severity
from flowrun.spec.spans import DocPath


def check_unused(graph: FlowGraph) -> Iterator[Diagnostic]:
    """Assistants, tools, threads and inputs that nothing mentions."""
    if not graph.bound.whole:
        return
    flow = graph.flow
    steps = flow.steps.values()
    assistants = {step.assistant for step in steps}
    tools = {step.tool for step in steps}
    tools.update(tool for one in flow.assistants.values() for tool in one.tools)
    tools.update(one.probe for one in flow.tools.values())
    threads = {step.thread for step in steps}
    for name in flow.assistants:
        if name not in assistants:
            yield from _unused(graph, "assistant", ("assistants", name), "no step uses it")
    for name in flow.tools:
        if name not in tools:
            yield from _unused(
                graph, "tool", ("tools", name), "no assistant has it, and no step runs it"
            )
    for name in flow.threads:
        if name not in threads:
            yield from _unused(graph, "thread", ("threads", name), "no step is on it")
    yield from _unused_inputs(graph)


def _unused_inputs(graph: FlowGraph) -> Iterator[Diagnostic]:
    if any(isinstance(one.analysis, TemplateProblem) for one in graph.templates):
        return
    paths = [one.path for template in graph.templates for one in template.references]
    if ("inputs",) in paths:
        return  # all of them at once, or one chosen at run time
    used = {path[1] for path in paths if path[0] == "inputs"}
    for name in graph.flow.inputs:
        if name not in used:
            yield from _unused(graph, "input", ("inputs", name), "no template refers to it")


def _unused(graph: FlowGraph, noun: str, path: DocPath, why: str) -> Iterator[Diagnostic]:
    span = graph.spans.key(path)
    if span.path != graph.bound.document.path:
        return  # included files are shared; others may use it
    yield Diagnostic(
        code=f"lint/unused-{noun}",
        message=f"{noun} `{path[-1]}` is not used",
        span=span,
        label=why,
        hint="remove it, or use it",
        severity=Severity.WARNING,
    )

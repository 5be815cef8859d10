"""What a step runs as a sub-flow is there, is sound, and comes to an end."""

from collections.abc import Iterator

from flowrun.expression.template import is_template
from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.surroundings import MAX_DEPTH, MAX_STEPS, SubFlow, UnfitFlow
from flowrun.source.diagnostic import Diagnostic
from flowrun.source.document import Unreadable
from flowrun.source.resolve import unreadable
from flowrun.source.text import Span
from flowrun.spec.spans import DocPath


def check_flows(graph: FlowGraph) -> Iterator[Diagnostic]:
    """The files of `flow` steps can be run."""
    for name, step in graph.flow.steps.items():
        if step.flow is None:
            continue
        span = graph.spans.value(("steps", name, "flow"))
        if is_template(step.flow):
            yield Diagnostic(
                code="template/forbidden",
                message="the file of `flow` must be a plain path, found a template",
                span=span,
                label="a path is not filled in",
                hint="name the file; a step for each flow may have its own `if`",
            )
            continue
        match graph.surroundings.flows.get(step.flow):
            case SubFlow() | None:
                pass
            case Unreadable() as found:
                yield unreadable(found, step.flow, span)
            case UnfitFlow() as found:
                yield _unfit(found, step.flow, span)


def check_size(graph: FlowGraph) -> Iterator[Diagnostic]:
    """A flow is not so large, with all that it runs, that nobody could plan it."""
    total = steps_in_all(graph)
    if total <= MAX_STEPS:
        return
    sizes = {name: _inner_steps(graph, name) for name in graph.flow.steps}
    largest = max(sizes, key=sizes.__getitem__)
    path: DocPath = ("steps", largest, "flow") if sizes[largest] else ("steps",)
    yield Diagnostic(
        code="flow/too-large",
        message=f"a flow and those that it runs must have at most {MAX_STEPS:,} steps in all, "
        f"found {total:,}",
        span=graph.spans.value(path) if sizes[largest] else graph.spans.key(path),
        hint="run a flow for each item of a list with `foreach`: it then counts once",
    )


def steps_in_all(graph: FlowGraph) -> int:
    """Return how many steps a flow has with those of its sub-flows."""
    return len(graph.flow.steps) + sum(_inner_steps(graph, name) for name in graph.flow.steps)


def _inner_steps(graph: FlowGraph, step: str) -> int:
    flow = graph.surroundings.flows.get(graph.flow.steps[step].flow or "")
    return flow.steps if isinstance(flow, SubFlow) else 0


def _unfit(found: UnfitFlow, written: str, span: Span) -> Diagnostic:
    match found.reason:
        case "broken":
            return Diagnostic(
                code="flow/broken",
                message=f"flow `{written}` has errors of its own",
                span=span,
                related=() if found.first is None else (found.first,),
                hint="mend them first",
            )
        case "recursion":
            return Diagnostic(
                code="flow/recursion",
                message=f"flow `{found.path}` runs itself: {_links(found.chain)}",
                span=span,
                hint="do it again with `repeat` or `foreach`, or take this step away",
            )
        case "too-deep":
            return Diagnostic(
                code="flow/too-deep",
                message=f"at most {MAX_DEPTH} flows may run one another, found "
                f"{len(found.chain)}: {_links(found.chain)}",
                span=span,
                hint="put what this flow does into the one that runs it",
            )


def _links(chain: tuple[str, ...]) -> str:
    return " → ".join(f"`{one}`" for one in chain)

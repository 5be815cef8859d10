"""What a step runs as a sub-flow is there, is sound, and comes to an end."""

from collections.abc import Iterator

from flowrun.expression.template import is_template
from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.surroundings import (
    MAX_DEPTH,
    MAX_INNER_CHARACTERS,
    MAX_STEPS,
    SubFlow,
    UnfitFlow,
)
from flowrun.source.diagnostic import Diagnostic
from flowrun.source.document import Unreadable
from flowrun.source.resolve import unreadable
from flowrun.source.text import Span

_MIB = 1024**2


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
    flows = {name: _sub_flow(graph, name) for name in graph.flow.steps}
    inner = {name: flow for name, flow in flows.items() if flow is not None}
    total = len(flows) + sum(flow.steps for flow in inner.values())
    if total > MAX_STEPS:
        largest = max(inner, key=lambda name: inner[name].steps, default=None)
        said = f"must have at most {MAX_STEPS:,} steps in all, found {total:,}"
        yield _too_large(graph, largest, f"a flow and those that it runs {said}")
        return
    characters = sum(flow.characters for flow in inner.values())
    if characters > MAX_INNER_CHARACTERS:
        largest = max(inner, key=lambda name: inner[name].characters)
        said = f"at most {MAX_INNER_CHARACTERS // _MIB} MiB of text in all"
        found = f"found {-(-characters // _MIB)} MiB, each flow counted as often as a step runs it"
        yield _too_large(graph, largest, f"the flows that a flow runs must come to {said}, {found}")


def _too_large(graph: FlowGraph, step: str | None, message: str) -> Diagnostic:
    return Diagnostic(
        code="flow/too-large",
        message=message,
        span=graph.spans.key(("steps",))
        if step is None
        else graph.spans.value(("steps", step, "flow")),
        hint="run a flow for each item of a list with `foreach`: it then counts once",
    )


def steps_in_all(graph: FlowGraph) -> int:
    """Return how many steps a flow has with those of its sub-flows."""
    inner = (_sub_flow(graph, name) for name in graph.flow.steps)
    return len(graph.flow.steps) + sum(flow.steps for flow in inner if flow is not None)


def _sub_flow(graph: FlowGraph, step: str) -> SubFlow | None:
    flow = graph.surroundings.flows.get(graph.flow.steps[step].flow or "")
    return flow if isinstance(flow, SubFlow) else None


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

"""What is limited can be measured."""

from collections.abc import Iterator

from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.surroundings import SubFlow
from flowrun.source.diagnostic import Diagnostic, Label
from flowrun.spec.spans import DocPath


def check_prices(graph: FlowGraph) -> Iterator[Diagnostic]:
    """Every model that a run with a limit on its cost may use has a price."""
    if graph.flow.limits.max_cost_usd is None:
        return
    for path, model in _unpriced(graph):
        is_own = path[0] == "assistants"
        said = f"model `{model}`" if is_own else f"model `{model}` of flow `{_flow(graph, path)}`"
        yield Diagnostic(
            code="limits/no-price",
            message=f"{said} has no price, and the cost of a run is limited",
            span=graph.spans.value(path),
            label="no price",
            hint="give it one under `models:` in `flowrun.yaml`, and name it by that alias",
            related=(Label(graph.spans.key(("limits", "max_cost_usd")), "limited here"),),
        )


def unpriced_models(graph: FlowGraph) -> tuple[str, ...]:
    """Return the models without a price that a run of the flow may use, each once."""
    return tuple(dict.fromkeys(model for _, model in _unpriced(graph)))


def _unpriced(graph: FlowGraph) -> Iterator[tuple[DocPath, str]]:
    used = {step.assistant for step in graph.flow.steps.values()}
    for name, assistant in graph.flow.assistants.items():
        alias = graph.surroundings.aliases.get(assistant.model)
        if name in used and (alias is None or alias.prices is None):
            yield ("assistants", name, "model"), assistant.model
    for name, step in graph.flow.steps.items():
        flow = graph.surroundings.flows.get(step.flow or "")
        for model in flow.unpriced if isinstance(flow, SubFlow) else ():
            yield ("steps", name, "flow"), model


def _flow(graph: FlowGraph, path: DocPath) -> str:
    return graph.flow.steps[str(path[1])].flow or ""

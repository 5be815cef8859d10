"""A flow as the flow sees it whose step runs it."""

from flowrun.graph.check_flows import steps_in_all
from flowrun.graph.check_limits import unpriced_models
from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.results import outputs_schema
from flowrun.graph.surroundings import SubFlow


def seen_from_outside(graph: FlowGraph) -> SubFlow:
    """Return what others must know of a sound flow."""
    return SubFlow(
        path=graph.bound.document.path,
        inputs=graph.inputs,
        outputs=outputs_schema(graph),
        place=graph.spans.key(("inputs",)),
        steps=steps_in_all(graph),
        unpriced=unpriced_models(graph),
    )

"""A flow as the flow sees it whose step runs it."""

from flowrun.graph.check_again import once_only_step
from flowrun.graph.check_flows import steps_in_all
from flowrun.graph.check_limits import unpriced_models
from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.results import outputs_schema
from flowrun.graph.surroundings import SubFlow


def sub_flow(graph: FlowGraph, characters: int) -> SubFlow:
    """Return what others must know of a sound flow.

    Args:
        graph: Of the flow.
        characters: Of its plan's text.
    """
    return SubFlow(
        path=graph.bound.document.path,
        inputs=graph.inputs,
        outputs=outputs_schema(graph),
        place=graph.spans.key(("inputs",)),
        steps=steps_in_all(graph),
        characters=characters,
        unpriced=unpriced_models(graph),
        once_only=once_only_step(graph),
    )

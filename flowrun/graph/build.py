"""Build the flow graph: the ordered list of transforms, then the ordered list of checks.

This file is the table of contents of the room. A transform adds to the graph and complains of
nothing; a check complains and adds nothing. To add a rule: write the function, add its line here,
add a case under `tests/cases/check`.
"""

from collections.abc import Callable, Iterator

from flowrun.graph.check_again import check_lists, check_probes, check_retries
from flowrun.graph.check_arguments import check_arguments
from flowrun.graph.check_flows import check_flows, check_size
from flowrun.graph.check_limits import check_prices
from flowrun.graph.check_names import (
    check_assistant_tools,
    check_endpoints,
    check_environment,
    check_needs,
    check_step_names,
    check_tool_choices,
)
from flowrun.graph.check_order import check_cycles, check_messages
from flowrun.graph.check_references import check_literals, check_references, check_templates
from flowrun.graph.check_schemas import check_schemas
from flowrun.graph.check_tools import (
    check_folders,
    check_functions,
    check_parameters,
    check_programs,
)
from flowrun.graph.check_unused import check_unused
from flowrun.graph.check_values import check_values
from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.results import describe_results
from flowrun.graph.surroundings import Surroundings
from flowrun.graph.transforms import (
    assign_lanes,
    connect_steps,
    describe_inputs,
    find_templates,
    order_steps,
    resolve_tools,
)
from flowrun.source.diagnostic import Diagnostic, has_errors, in_order
from flowrun.spec.bind import BoundFlow

TRANSFORMS: tuple[Callable[[FlowGraph], FlowGraph], ...] = (
    find_templates,  # first: references become edges
    describe_inputs,
    resolve_tools,  # what each tool takes and returns
    assign_lanes,
    connect_steps,  # needs, references, thread order
    order_steps,  # follows from the edges
    describe_results,  # last: a step's result may be made of those before it
)

CHECKS: tuple[Callable[[FlowGraph], Iterator[Diagnostic]], ...] = (
    # names
    check_step_names,
    check_needs,
    check_assistant_tools,
    check_tool_choices,
    check_endpoints,
    check_environment,
    # templates
    check_templates,
    check_references,
    check_literals,  # what looks like a template and is none
    check_lists,  # `foreach`
    # sub-flows
    check_flows,
    check_size,
    # tools
    check_functions,
    check_programs,
    check_parameters,
    check_folders,
    check_probes,
    check_retries,
    # values
    check_arguments,
    check_values,
    check_schemas,
    # order
    check_cycles,
    check_messages,
    # limits
    check_prices,
)

WARNINGS: tuple[Callable[[FlowGraph], Iterator[Diagnostic]], ...] = (
    check_unused,  # only of a flow without errors: what is misspelt looks unused
)


def build_graph(
    bound: BoundFlow, surroundings: Surroundings
) -> tuple[FlowGraph | None, tuple[Diagnostic, ...]]:
    """Build and check a flow's graph.

    Args:
        bound: The flow; what binding left out of it is taken to be there and to be sound.
        surroundings: What was looked up for this flow.

    Returns:
        The graph and every diagnostic, in order. The graph is None exactly when one of them is
        an error.
    """
    graph = FlowGraph(bound=bound, surroundings=surroundings)
    for transform in TRANSFORMS:
        graph = transform(graph)
    found = in_order(one for check in CHECKS for one in check(graph))
    if found:
        from flowrun.source.conceal import conceal, without_echoes  # only a mistake needs it

        found = conceal(without_echoes(found, bound.document), bound.document)
    if has_errors(found):
        return None, found
    return graph, in_order((*found, *(one for check in WARNINGS for one in check(graph))))

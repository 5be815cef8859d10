"""What a drawing of a plan wants to know: edges without the implied ones, and the longest path.

The one user of networkx, which is imported only here and only when it is called.
"""

from collections.abc import Iterable, Mapping


def direct_needs(needs: Mapping[str, Iterable[str]]) -> Mapping[str, tuple[str, ...]]:
    """Return each step's needs without those that its other needs imply.

    Args:
        needs: By step, the steps it waits for; without cycles. The order is kept.
    """
    import networkx as nx  # slow to load, and only drawings use it

    graph: nx.DiGraph[str] = nx.DiGraph(_edges(needs))
    reduced = nx.transitive_reduction(graph)
    return {
        step: tuple(one for one in before if reduced.has_edge(one, step))
        for step, before in needs.items()
    }


def longest_path(needs: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the longest chain of steps that wait for one another, first to last.

    Of several, the one that networkx finds first in the order given, so it is the same each time.
    """
    import networkx as nx  # slow to load, and only drawings use it

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(needs)
    graph.add_edges_from(_edges(needs))
    return tuple(nx.dag_longest_path(graph))


def _edges(needs: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    return [(one, step) for step, before in needs.items() for one in before]

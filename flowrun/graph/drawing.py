"""What a drawing of a plan wants to know: edges without the implied ones, and the longest path."""

from collections.abc import Iterable, Mapping, Sequence


def direct_needs(needs: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    """Return each step's needs without those that its other needs imply.

    A chain costs a look at each step; networkx' reduction would cost a look at each pair.

    Args:
        needs: By step, in an order that every need respects, the steps it waits for.
    """
    place = {step: number for number, step in enumerate(needs)}
    return {step: _direct(needs, place, before) for step, before in needs.items()}


def longest_path(needs: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the longest chain of steps that wait for one another, first to last.

    Of several, the one that networkx finds first in the order given, so it is the same each time.
    """
    import networkx as nx  # slow to load, and only drawings use it; its one user

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(needs)
    graph.add_edges_from(_edges(needs))
    return tuple(nx.dag_longest_path(graph))


def _direct(
    needs: Mapping[str, Sequence[str]], place: Mapping[str, int], before: Sequence[str]
) -> tuple[str, ...]:
    lowest = min((place[one] for one in before), default=0)
    implied: set[str] = set()
    waiting = list(before) if len(before) > 1 else []
    while waiting:
        for far in needs[waiting.pop()]:
            if far not in implied and place[far] >= lowest:
                implied.add(far)
                waiting.append(far)
    return tuple(one for one in before if one not in implied)


def _edges(needs: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    return [(one, step) for step, before in needs.items() for one in before]

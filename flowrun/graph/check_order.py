"""Steps can be put in order, and each conversation begins with a message."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from flowrun.errors import name_list
from flowrun.graph.flowgraph import Edge, FlowGraph
from flowrun.source.diagnostic import Diagnostic, Label

_NAMED = 6


def check_cycles(graph: FlowGraph) -> Iterator[Diagnostic]:
    """No step waits for itself, by however many others."""
    done = set(graph.order)
    left = [name for name in graph.flow.steps if name not in done]
    if not left:
        return
    for knot in _knots(graph, left):
        cycle = _shortest(graph, knot)
        if cycle:
            yield _cycle(graph, _merged(cycle))


def check_messages(graph: FlowGraph) -> Iterator[Diagnostic]:
    """The first step of a thread that is empty says something."""
    opened: set[str] = set()
    for name, step in graph.flow.steps.items():
        if step.assistant is None:
            continue
        is_first = step.thread is None or step.thread not in opened
        if step.thread is not None:
            opened.add(step.thread)
            declared = graph.flow.threads.get(step.thread)
            if declared is None or declared.key is not None:
                continue
        if (
            is_first
            and not (step.message or "").strip()
            and not graph.has_stray_keys("steps", name)
        ):
            yield _no_message(graph, name, step.thread)


def _no_message(graph: FlowGraph, name: str, thread: str | None) -> Diagnostic:
    where = "a thread of its own" if thread is None else f"the empty thread `{thread}`"
    written = graph.flow.steps[name].message is not None
    path = ("steps", name, "message") if written else ("steps", name)
    return Diagnostic(
        code="graph/no-message",
        message=f"step `{name}` starts on {where} and has no message",
        span=graph.spans.key(path),
        label="nothing is said to the assistant",
        hint="add `message:`",
    )


def _knots(graph: FlowGraph, names: Sequence[str]) -> list[list[str]]:
    """Return the groups of steps that wait for each other, each in file order.

    Tarjan's algorithm with its own stack, for chains are longer than Python's.
    """
    position = {name: number for number, name in enumerate(names)}
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    knots: list[list[str]] = []
    for root in names:
        if root in index:
            continue
        work = [(root, iter(_waits(graph, root, position)))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            name, rest = work[-1]
            step = next(rest, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    knots.append(_unwind(path, on_path, name))
            elif step not in index:
                index[step] = low[step] = len(index)
                path.append(step)
                on_path.add(step)
                work.append((step, iter(_waits(graph, step, position))))
            elif step in on_path:
                low[name] = min(low[name], index[step])
    ordered = [sorted(knot, key=position.__getitem__) for knot in knots]
    return sorted(ordered, key=lambda knot: position[knot[0]])


def _waits(graph: FlowGraph, name: str, known: Mapping[str, int]) -> list[str]:
    return [edge.before for edge in graph.edges[name] if edge.before in known]


def _unwind(path: list[str], on_path: set[str], until: str) -> list[str]:
    knot: list[str] = []
    while True:
        name = path.pop()
        on_path.discard(name)
        knot.append(name)
        if name == until:
            return knot


def _shortest(graph: FlowGraph, knot: list[str]) -> list[Edge]:
    """Return the shortest way from a knot's earliest step back to it, as edges; empty if none."""
    first, inside = knot[0], frozenset(knot)
    came: dict[str, Edge] = {}
    front = [first]
    while front:
        following: list[str] = []
        for name in front:
            for edge in graph.edges[name]:
                if edge.before == first:
                    return [*_trail(came, name, first), edge]
                if edge.before in inside and edge.before not in came:
                    came[edge.before] = edge
                    following.append(edge.before)
        front = following
    return []


def _trail(came: Mapping[str, Edge], name: str, first: str) -> list[Edge]:
    trail: list[Edge] = []
    while name != first:
        trail.append(came[name])
        name = came[name].after
    return trail[::-1]


def _merged(cycle: Sequence[Edge]) -> list[Edge]:
    """Make one edge of those that follow each other along one thread."""
    merged: list[Edge] = []
    for edge in cycle:
        last = merged[-1] if merged else None
        if last and last.reason == edge.reason == "thread" and last.words == edge.words:
            merged[-1] = replace(last, before=edge.before)
        else:
            merged.append(edge)
    return merged


def _cycle(graph: FlowGraph, cycle: Sequence[Edge]) -> Diagnostic:
    first = cycle[0].after
    shown = [_because(graph, edge) for edge in cycle]
    more = len(shown) - _NAMED
    why = ", ".join(shown if more <= 0 else [*shown[:_NAMED], f"and {more} more"])
    names = [edge.after for edge in cycle]
    if len(cycle) == 1:
        said = f"step `{first}` waits for itself: {why}"
    elif more <= 0:
        said = f"steps {name_list(names)} wait for each other: {why}"
    else:
        said = f"{len(names)} steps wait for each other, from `{first}` on: {why}"
    return Diagnostic(
        code="graph/cycle",
        message=said,
        span=graph.edge_place(cycle[0]),
        label=_label(cycle[0]),
        related=tuple(Label(graph.edge_place(edge), _label(edge)) for edge in cycle[1:]),
        hint=_hint(graph, cycle),
    )


def _because(graph: FlowGraph, edge: Edge) -> str:
    return f"{_label(edge)} (line {graph.edge_place(edge).start.line})"


def _label(edge: Edge) -> str:
    match edge.reason:
        case "needs":
            return f"`{edge.after}` needs `{edge.before}`"
        case "reference":
            return f"`{edge.after}` refers to `{edge.words}`"
        case "thread":
            return f"`{edge.after}` comes after `{edge.before}` on thread `{edge.words}`"


def _hint(graph: FlowGraph, cycle: Sequence[Edge]) -> str:
    if len(cycle) == 1:
        edge = cycle[0]
        is_ahead = edge.path[2:] in {("if",), ("foreach",)} or edge.reason == "needs"
        if is_ahead or graph.flow.steps[edge.after].repeat is not None:
            return "a step cannot use its own result; remove it"
        return "a step has its own result under `repeat` only; add that, or remove this"
    if any(edge.reason == "thread" for edge in cycle):
        before = next(edge for edge in cycle if edge.reason == "thread")
        return (
            f"steps of one thread run in file order: move `{before.after}` above "
            f"`{before.before}`, or give it another thread"
        )
    return "remove one of these, so that one of the steps can begin"

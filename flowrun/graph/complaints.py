"""How the checks word what they find: places and suggestions, for every check alike."""

from collections.abc import Collection

from flowrun.expression.terms import Reference
from flowrun.graph.flowgraph import FlowGraph, PlacedTemplate
from flowrun.source.diagnostic import suggest
from flowrun.source.text import Span

_MANY = 400


def near(name: str, known: Collection[str], none: str) -> str:
    """Return the hint for a name that is not known; `none` when there is nothing to suggest."""
    if len(known) > _MANY:
        known = [one for one in known if one[:1] == name[:1] and abs(len(one) - len(name)) < 3]
        return suggest(name, known[:_MANY]) or none
    return suggest(name, known) or none


def part_of(graph: FlowGraph, template: PlacedTemplate, one: Reference, depth: int) -> Span:
    """Return the place of one part of a reference; of all of it where it is not plainly dotted."""
    parts = [str(part) for part in one.path]
    start, end = one.start, one.end
    if template.text[start:end] == ".".join(parts):
        start += sum(len(part) + 1 for part in parts[:depth])
        end = start + len(parts[depth])
    return graph.place(template.path, start, end)


def article(words: str) -> str:
    """Return `an assistant`, `a tool`."""
    return f"an {words}" if words[:1] in "aeio" else f"a {words}"

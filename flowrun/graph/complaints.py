"""How the checks word what they find: places and suggestions, for every check alike."""

from collections.abc import Collection

from flowrun.expression.terms import Reference
from flowrun.graph.flowgraph import FlowGraph, PlacedTemplate
from flowrun.source.diagnostic import suggest
from flowrun.source.nodes import Mapping
from flowrun.source.text import Span
from flowrun.spec.flow import Step

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


def has_stray_keys(graph: FlowGraph, step: str) -> bool:
    """Tell whether a step has a key that was refused, and that may have meant what is missing."""
    if graph.bound.whole:
        return False
    node = graph.spans.node(("steps", step))
    return isinstance(node, Mapping) and any(
        str(one.key.value) not in _STEP_KEYS and not str(one.key.value).startswith("x-")
        for one in node
    )


_STEP_KEYS = frozenset(one.alias or name for name, one in Step.model_fields.items())

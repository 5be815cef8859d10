"""How the checks word what they find: places and suggestions, for every check alike."""

import re
from collections.abc import Collection

from flowrun.expression.terms import Reference
from flowrun.graph.flowgraph import FlowGraph, PlacedTemplate
from flowrun.source.diagnostic import suggest
from flowrun.source.text import Span

_MANY = 400
_PART = re.compile(
    r"\.?(?P<dotted>[A-Za-z_][A-Za-z0-9_]*)|\[(?P<inside>-?[0-9]+|'[^'\\]*'|\"[^\"\\]*\")\]"
)
"""One part of a reference that is written plainly."""


def near(name: str, known: Collection[str], none: str) -> str:
    """Return the hint for a name that is not known; `none` when there is nothing to suggest."""
    if len(known) > _MANY:
        known = [one for one in known if one[:1] == name[:1] and abs(len(one) - len(name)) < 3]
        return suggest(name, known[:_MANY]) or none
    return suggest(name, known) or none


def is_near(name: str, others: Collection[str]) -> bool:
    """Tell whether one of the other names may have been meant to be this one."""
    if not others:
        return False
    from difflib import get_close_matches  # only a mistake needs it

    return bool(get_close_matches(name, others, n=1, cutoff=0.7))


def part_of(graph: FlowGraph, template: PlacedTemplate, one: Reference, depth: int) -> Span:
    """Return the place of one part of a reference; of all of it where it is not plainly dotted."""
    start, end = one.start, one.end
    parts = list(_PART.finditer(template.text, start, end))
    is_plain = sum(len(part.group()) for part in parts) == end - start
    if is_plain and len(parts) == len(one.path):
        start, end = parts[depth].span("dotted" if parts[depth]["dotted"] else "inside")
    return graph.place(template.path, start, end)

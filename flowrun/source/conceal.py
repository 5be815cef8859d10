"""Complaints with what an environment variable holds taken out of their sentences.

A value that was filled in is shown as the author wrote it, `${NAME}`. Whoever complains need not
think of it: the last step of a stage hands its complaints through here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from flowrun.source.diagnostic import Diagnostic, in_order
from flowrun.source.document import Document
from flowrun.source.nodes import FROM_ENVIRONMENT, UNKNOWN, Entry, Mapping, Node, Scalar
from flowrun.source.nodes import Sequence as Items
from flowrun.source.text import Span

Placed = TypeVar("Placed")
_ByLine: TypeAlias = ReadOnly[tuple[str, int], Sequence[Placed]]

_QUOTED = re.compile(r"`[^`]*`")
_WORD = re.compile(r"[^\W_]{4,}")
_LONGEST = 40
_PIECE = 4
"""Letters and digits that tell something of a value; fewer may be there by chance."""


@dataclass(frozen=True, slots=True)
class _Filled:
    """A value with something of the environment in it."""

    span: Span
    value: str
    written: str

    def is_in(self, shown: str) -> bool:
        """Tell whether a quoted part of a sentence tells of the value: all, a piece, or a word."""
        if shown == self.written:
            return False
        quoted, held = _folded(shown), _folded(self.value)
        if not quoted or not held:
            return False
        if quoted == held:
            return True
        words = set(_WORD.findall(self.value.casefold()))
        is_piece = len(quoted) >= _PIECE and quoted in held
        holds_it = len(held) >= _PIECE and held in quoted
        return is_piece or holds_it or not words.isdisjoint(_WORD.findall(shown.casefold()))


def conceal(found: Iterable[Diagnostic], document: Document) -> tuple[Diagnostic, ...]:
    """Return complaints, in order, that tell nothing of the values of environment variables.

    Args:
        found: Complaints of a stage after `resolve_document`.
        document: What they are about.
    """
    complaints = in_order(found)
    if not complaints:
        return ()
    filled = [_filled(one, document) for one in _leaves(document.root, FROM_ENVIRONMENT)]
    if not filled:
        return complaints
    near = _by_line((one.span, one) for one in filled)
    return in_order(_concealed(one, near) for one in complaints)


def without_echoes(found: Iterable[Diagnostic], document: Document) -> Iterator[Diagnostic]:
    """Yield the complaints that are not about a value that could not be had: that has been said."""
    unknown = _by_line((one.span, one.span) for one in _leaves(document.root, UNKNOWN))
    for one in found:
        if not any(_meet(one.span, span) for span in _on_lines(one.span, unknown)):
            yield one


def _leaves(root: Node, tag: str) -> Iterator[Scalar]:
    pending: list[Node] = [root]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if isinstance(node, Scalar):
            if node.tag == tag:
                yield node
        elif id(node) not in seen:  # aliases lead to one node by many ways
            seen.add(id(node))
            pending.extend(_below(node))


def _below(node: Mapping | Items) -> Sequence[Node]:
    if isinstance(node, Mapping):
        entries: tuple[Entry, ...] = node.entries
        return [one.value for one in entries]
    return node.items


def _filled(scalar: Scalar, document: Document) -> _Filled:
    source = document.sources[scalar.span.path]
    start, end = source.offset(scalar.span.start), source.offset(scalar.span.end)
    written = " ".join(source.text[start:end].strip("'\"").split()).replace("`", "'")
    shown = written if len(written) <= _LONGEST else "${…}"
    return _Filled(scalar.span, str(scalar.value), shown)


def _concealed(one: Diagnostic, filled: _ByLine[_Filled]) -> Diagnostic:
    places = [one.span, *(label.span for label in one.related)]
    near = [
        value for span in places for value in _on_lines(span, filled) if _meet(span, value.span)
    ]
    if not near:
        return one
    hint = one.hint
    if hint is not None and _without(hint, near) != hint:
        hint = f"the value is that of {_listed(near)}; correct it there, or write it out"
    related = tuple(replace(label, text=_without(label.text, near)) for label in one.related)
    message, label = _without(one.message, near), _without(one.label, near)
    return replace(one, message=message, label=label, hint=hint, related=related)


def _without(sentence: str, filled: Sequence[_Filled]) -> str:
    def shown(match: re.Match[str]) -> str:
        quoted = match.group()[1:-1]
        value = next((one for one in filled if one.is_in(quoted)), None)
        return match.group() if value is None else f"`{value.written}`"

    return _QUOTED.sub(shown, sentence)


def _listed(filled: Sequence[_Filled]) -> str:
    return ", ".join(dict.fromkeys(f"`{one.written}`" for one in filled))


def _folded(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def _by_line(placed: Iterable[tuple[Span, Placed]]) -> _ByLine[Placed]:
    """Return things by the lines that they stand on: a file may have very many."""
    lines: dict[tuple[str, int], list[Placed]] = {}
    for span, one in placed:
        for number in range(span.start.line, span.end.line + 1):
            lines.setdefault((span.path, number), []).append(one)
    return lines


def _on_lines(span: Span, lines: _ByLine[Placed]) -> Iterator[Placed]:
    for number in range(span.start.line, span.end.line + 1):
        yield from lines.get((span.path, number), ())


def _meet(one: Span, other: Span) -> bool:
    return one.path == other.path and one.start < other.end and other.start < one.end

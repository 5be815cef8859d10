"""From a path of keys to the place in the file where the author wrote it."""

from dataclasses import dataclass
from typing import TypeAlias

from flowrun.source.nodes import Entry, Mapping, Node, Scalar, Sequence
from flowrun.source.text import Span

DocPath: TypeAlias = tuple[str | int, ...]
"""Keys as written in YAML and item numbers from 0: `("steps", "report", "needs", 0)`."""


@dataclass(frozen=True, slots=True)
class SpanIndex:
    """Finds places by walking the tree when asked; nothing is flattened beforehand.

    A lookup costs the depth of its path, however many steps a flow has.
    """

    root: Mapping

    def value(self, path: DocPath) -> Span:
        """Return the place of the value at `path`; of the nearest key above where there is none."""
        node = self.node(path)
        return self.key(path) if node is None else node.span

    def key(self, path: DocPath) -> Span:
        """Return the place of the last key of `path`, or of the nearest key above it.

        Items of a sequence have no key, so their sequence's key stands for them. Where no key is
        above, the first key of the file is named.
        """
        node: Node = self.root
        place: Span | None = None
        for part in path:
            entry = _entry(node, part)
            below = entry.value if entry is not None else _item(node, part)
            if below is None:
                break
            if entry is not None:
                place = entry.key.span
            node = below
        return place or self.opening(())

    def opening(self, path: DocPath) -> Span:
        """Return the place that stands for a whole mapping: its key, or its own first key."""
        if path and isinstance(path[-1], str):
            return self.key(path)
        node = self.node(path)
        if isinstance(node, Mapping) and node.entries:
            return node.entries[0].key.span
        return node.span if node is not None else self.root.span

    def scalar(self, path: DocPath) -> Scalar | None:
        """Return the leaf at `path`, for places inside its text."""
        node = self.node(path)
        return node if isinstance(node, Scalar) else None

    def node(self, path: DocPath) -> Node | None:
        """Return what the author wrote at `path`."""
        node: Node = self.root
        for part in path:
            entry = _entry(node, part)
            below = entry.value if entry is not None else _item(node, part)
            if below is None:
                return None
            node = below
        return node


def _entry(node: Node, name: str | int) -> Entry | None:
    if isinstance(node, Mapping) and isinstance(name, str):
        return node.entry(name)
    return None


def _item(node: Node, number: str | int) -> Node | None:
    if isinstance(node, Sequence) and isinstance(number, int) and number < len(node.items):
        return node.items[number]
    return None

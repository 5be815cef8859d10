"""Reading YAML in tests: trees as plain values, places by marks in the text."""

from flowrun.source.diagnostic import Diagnostic
from flowrun.source.loader import parse_yaml
from flowrun.source.nodes import Mapping, Node, Scalar, Sequence
from flowrun.source.text import Position, SourceText


def plain(node: Node | None):
    match node:
        case Mapping():
            return {one.key.value: plain(one.value) for one in node}
        case Sequence():
            return [plain(one) for one in node.items]
        case Scalar():
            return node.value
    return None


def load(text: str):
    root, diagnostics = parse_yaml(SourceText("flow.yaml", text))
    assert not diagnostics, diagnostics
    return plain(root)


def complaints(text: str) -> tuple[Diagnostic, ...]:
    return parse_yaml(SourceText("flow.yaml", text))[1]


def the_complaint(text: str) -> Diagnostic:
    (one,) = complaints(text)
    return one


def marked(text: str) -> tuple[str, Position, Position]:
    """Cut the two `«»` marks out of a text; return it and where they stood."""
    start = text.index("«")
    bare = text.replace("«", "")
    end = bare.index("»")
    bare = bare.replace("»", "")
    source = SourceText("flow.yaml", bare)
    return bare, source.position(start), source.position(end)


def at(text: str, *path: str | int) -> Node:
    root, _ = parse_yaml(SourceText("flow.yaml", text))
    for one in path:
        if isinstance(root, Mapping):
            root = root.get(str(one))
        elif isinstance(root, Sequence):
            root = root.items[int(one)]
    assert root is not None
    return root

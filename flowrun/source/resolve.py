"""From a path to a document: parse, fill variables in, read other files, merge includes.

Asks for files through the reader it is given and touches nothing else. Each file's complaints are
its own: one that cannot be read as YAML hides nothing in the others.
"""

from collections.abc import Mapping as ReadOnly
from typing import TypeAlias

from flowrun.source.diagnostic import Diagnostic, in_order
from flowrun.source.document import (
    NO_SUCH_FILE,
    OUTSIDE_PROJECT,
    Document,
    Reader,
    Unreadable,
    remembering,
)
from flowrun.source.environment import interpolate, misplaced_secrets
from flowrun.source.include import IncludedFile, merge_includes, unfit_entries
from flowrun.source.loader import encoding_problem, parse_yaml
from flowrun.source.nodes import FILE_TAG, UNKNOWN, Entry, Mapping, Node, Scalar, Sequence
from flowrun.source.paths import directory_of, join_inside
from flowrun.source.pieces import text_pieces
from flowrun.source.text import Position, SourceText, Span

NodePath: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the root, as written."""

MAX_INCLUDES = 64
"""Files drawn in by `include`, in all."""

_PROMPT_KEYS = frozenset({"instructions", "message", "script", "description"})
_FREE_KEYS = frozenset(
    {"with", "set", "foreach", "env", "headers", "arguments", "default", "metadata"}
)
"""Below these the keys are the author's own, and `message` is no prompt."""


def resolve_document(
    path: str, read: Reader, environ: ReadOnly[str, str]
) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """Read a file and everything it draws in.

    Args:
        path: Relative to the project root, with slashes.
        read: Reads files by such paths.
        environ: What `${VAR}` may name. Its values appear in the document only.

    Returns:
        The document and all complaints in order. The document is None exactly when the file
        itself is missing, is not YAML, or is no mapping; with other complaints it is there, what
        could not be had being tagged `nodes.UNKNOWN`.
    """
    resolving = _Resolving(read, environ)
    root = resolving.open_root(path)
    if root is not None:
        root = resolving.with_includes(root, path)
    complaints = in_order(resolving.complaints)
    if root is None:
        return None, complaints
    return Document(root, path, resolving.sources), complaints


def is_prompt(path: NodePath) -> bool:
    """Tell whether a text is one for models or shells, where `${...}` is left alone."""
    if not path or path[-1] not in _PROMPT_KEYS or path[0] == "outputs":
        return False
    return not _is_free(path[:-1])


def secret_allowed(path: NodePath) -> bool:
    """Tell whether `${secret:NAME}` may stand in the text at a path."""
    match path:
        case ("endpoints", str(), "api_key"):
            return True
        case ("endpoints", str(), "headers", str()) | ("tools", str(), "env", str()):
            return True
        case _:
            return False


class _Resolving:
    """The reading of one document."""

    def __init__(self, read: Reader, environ: ReadOnly[str, str]) -> None:
        self.complaints: list[Diagnostic] = []
        self._read, self.sources = remembering(read)
        self._environ = environ
        self._included: list[IncludedFile] = []
        self._visited: set[str] = set()

    def open_root(self, path: str) -> Mapping | None:
        """Read the file that was asked for."""
        start = Span(path, Position(1, 1), Position(1, 1))
        found = self._read(path)
        if isinstance(found, Unreadable):
            self.complaints.append(unreadable(found, path, start))
            return None
        self._visited.add(path)
        return self._tree(found)

    def with_includes(self, root: Mapping, path: str) -> Mapping:
        """Read what the file includes, and merge it in."""
        self._include(root, (path,))
        merged, complaints = merge_includes(root, self._included)
        self.complaints.extend(complaints)
        return merged

    def _tree(self, source: SourceText) -> Mapping | None:
        root, complaints = parse_yaml(source)
        self.complaints.extend(complaints)
        if root is None:
            return None
        if not isinstance(root, Mapping):
            self.complaints.append(_not_a_mapping(root))
            return None
        if "${" in source.text or FILE_TAG in source.text:
            filling = _Filling(self, source.path)
            return filling.mapping(root, ())
        return root

    def _include(self, root: Mapping, chain: tuple[str, ...]) -> None:
        listed = root.get("include")
        items = listed.items if isinstance(listed, Sequence) else ()
        for item in items:
            if isinstance(item, Scalar) and isinstance(item.value, str) and item.tag != UNKNOWN:
                self._include_one(item, item.value, chain)

    def _include_one(self, item: Scalar, named: str, chain: tuple[str, ...]) -> None:
        path = join_inside(directory_of(chain[-1]), named)
        written = self._as_written(item)
        if path is None:
            self.complaints.append(_outside(written, item.span))
            return
        if path in chain:
            self.complaints.append(_cycle(path, chain, item.span))
            return
        if path in self._visited:
            return
        if len(self._visited) > MAX_INCLUDES:
            message = f"at most {MAX_INCLUDES} files can be included, and this is one more"
            hint = "put what belongs together into fewer files"
            self.complaints.append(
                Diagnostic(code="yaml/too-large", message=message, span=item.span, hint=hint)
            )
            return
        self._visited.add(path)
        source = self.read_file(written, path, item.span)
        tree = None if source is None else self._tree(source)
        if tree is not None:
            self.complaints.extend(unfit_entries(tree))
            self._included.append(IncludedFile(path, tree, item.span))
            self._include(tree, (*chain, path))

    def read_file(self, written: str, path: str, span: Span) -> SourceText | None:
        """Read a file that was named at a place; complain there if it cannot be had."""
        found = self._read(path)
        if isinstance(found, Unreadable):
            self.complaints.append(unreadable(found, written, span))
            return None
        return found

    def file_text(self, scalar: Scalar, directory: str) -> Scalar:
        """Return the scalar with the text of the file that it names."""
        path = join_inside(directory, str(scalar.value))
        written = self._as_written(scalar)
        if path is None:
            self.complaints.append(_outside(written, scalar.span))
            return _unknown(scalar)
        source = self.read_file(written, path, scalar.span)
        if source is None:
            return _unknown(scalar)
        broken = next((at for at, one in enumerate(source.text) if 0xD800 <= ord(one) < 0xE000), -1)
        if broken >= 0:
            self.complaints.append(encoding_problem(source, broken))
            return _unknown(scalar)
        text = source.text.replace("\r\n", "\n")
        return Scalar(text, scalar.span, text_pieces(source))

    def _as_written(self, scalar: Scalar) -> str:
        """Return the text of a path as it stands in the file: variables by name, not by value."""
        source = self.sources[scalar.span.path]
        written = source.text[source.offset(scalar.span.start) : source.offset(scalar.span.end)]
        return written.strip("'\"") if "${" in written else str(scalar.value)

    def fill(self, scalar: Scalar, path: NodePath) -> Scalar:
        """Fill variables in, unless the text is one where they are left alone."""
        if is_prompt(path) and scalar.tag is None:
            self.complaints.extend(misplaced_secrets(scalar))
            return scalar
        allowed = secret_allowed(path) and scalar.tag is None
        filled, complaints = interpolate(scalar, self._environ, allow_secrets=allowed)
        self.complaints.extend(complaints)
        return filled


class _Filling:
    """The walk through one file's tree. What nothing changes is kept, not copied."""

    def __init__(self, resolving: _Resolving, path: str) -> None:
        self._resolving = resolving
        self._directory = directory_of(path)

    def mapping(self, node: Mapping, path: NodePath) -> Mapping:
        """Return a mapping with its values filled in."""
        entries = tuple([self._entry(one, path) for one in node.entries])
        if all(new is old for new, old in zip(entries, node.entries, strict=True)):
            return node
        return Mapping(entries, node.span)

    def _entry(self, entry: Entry, path: NodePath) -> Entry:
        key = str(entry.key.value)
        if key.startswith("x-") and not _is_free(path):
            return entry  # the author's own; an alias to it is filled where it is used
        value = self._node(entry.value, (*path, key))
        return entry if value is entry.value else Entry(entry.key, value)

    def _node(self, node: Node, path: NodePath) -> Node:
        match node:
            case Scalar(tag=tag, value=value):
                if tag is None and (not isinstance(value, str) or "${" not in value):
                    return node
                return self._scalar(node, path)
            case Mapping():
                return self.mapping(node, path)
            case Sequence():
                items = tuple([self._node(one, (*path, at)) for at, one in enumerate(node.items)])
                if all(new is old for new, old in zip(items, node.items, strict=True)):
                    return node
                return Sequence(items, node.span)

    def _scalar(self, node: Scalar, path: NodePath) -> Scalar:
        if node.tag == UNKNOWN:
            return node
        filled = self._resolving.fill(node, path)
        if filled.tag != FILE_TAG:
            return filled
        text = self._resolving.file_text(filled, self._directory)
        if is_prompt(path) and text.tag is None:
            self._resolving.complaints.extend(misplaced_secrets(text))
        return text


def _is_free(path: NodePath) -> bool:
    """Tell whether the keys of the mapping at a path are the author's own, as in `headers`."""
    return any(one in _FREE_KEYS for one in path[2:])


def _unknown(scalar: Scalar) -> Scalar:
    return Scalar(scalar.value, scalar.span, scalar.content, UNKNOWN)


def _not_a_mapping(root: Node) -> Diagnostic:
    found = "a text or number"
    if isinstance(root, Sequence):
        found = "a list"
    elif isinstance(root, Scalar) and root.value is None:
        found = "an empty file"
    return Diagnostic(
        code="yaml/not-a-mapping",
        message=f"a mapping (`key: value` lines) expected, found {found}",
        span=Span(root.span.path, root.span.start, root.span.start),
        hint="`flowrun init` writes a flow to begin with",
    )


def unreadable(found: Unreadable, written: str, span: Span) -> Diagnostic:
    """Return the complaint about a file that could not be had, at the place that names it.

    Args:
        found: Why not.
        written: Its path, as the author wrote it.
        span: Where.
    """
    is_known = found.near is not None and "${" not in written
    near = f"did you mean `{found.near}`?" if is_known else None
    if found.reason == NO_SUCH_FILE:
        message = f"there is no file `{written}`"
        hint = near or "paths are relative to the file that names them"
        return Diagnostic(code="file/missing", message=message, span=span, hint=hint)
    if found.reason == OUTSIDE_PROJECT:
        return _outside(written, span)
    reason = found.reason[:1].lower() + found.reason[1:]
    message = f"`{written}` cannot be read: {reason}"
    return Diagnostic(code="file/unreadable", message=message, span=span, hint=near)


def _outside(written: str, span: Span) -> Diagnostic:
    said = f"`{written}` is not inside the project"
    return Diagnostic(
        code="file/outside-project",
        message=said if written else "the path of a file expected, found an empty text",
        span=span,
        hint="name a file below the project root, by a relative path with slashes",
    )


def _cycle(path: str, chain: tuple[str, ...], span: Span) -> Diagnostic:
    links = " → ".join(f"`{one}`" for one in (*chain[chain.index(path) :], path))
    return Diagnostic(
        code="file/include-cycle",
        message=f"`{path}` includes itself: {links}",
        span=span,
        hint="take one of these includes away",
    )

"""Builds the tree of nodes from what a YAML parser reports, one event at a time.

It has never heard of the YAML library: `source.loader` hands over the events' fields. Work is
bounded: depth, and what aliases and merge keys may add.
"""

import re
from typing import NamedTuple

from flowrun.source.diagnostic import Diagnostic, Label, suggest
from flowrun.source.nodes import FILE_TAG, UNKNOWN, Entry, Mapping, Node, Scalar, Sequence
from flowrun.source.pieces import Pieces, flow_pieces, folded_pieces, literal_pieces
from flowrun.source.scalars import resolve_plain
from flowrun.source.text import Position, SourceText, Span

MAX_DEPTH = 100
"""Mappings and lists inside each other."""

MAX_EXPANSION = 250_000
"""Nodes that aliases may add to those written in the file."""

_CORE = "tag:yaml.org,2002:"
_COLLECTION_TAGS = {True: _CORE + "map", False: _CORE + "seq"}
_SCALAR_TAGS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}
_PROPERTIES = re.compile(r"(?:[!&][^\s]*\s+)*")


class Refused(Exception):
    """The file cannot be read any further. Carries the complaint; never leaves this room."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class Text(NamedTuple):
    """What the parser says of one scalar."""

    value: str
    style: str
    """`"`, `'`, `|`, `>`, or nothing for a plain one."""
    tag: str | None
    anchor: str | None
    start: int
    """Offset of its first character; of its tag or anchor, if it has one."""
    end: int
    span: Span
    """The same as a place."""


class _Frame:
    """A mapping or list that is still open."""

    __slots__ = (
        "anchor", "entries", "has_key", "has_merge", "is_flow", "is_mapping", "is_refused", "items",
        "key", "keys", "start",
    )  # fmt: skip

    def __init__(self, *, is_mapping: bool, is_flow: bool, anchor: str | None) -> None:
        self.is_mapping = is_mapping
        self.is_flow = is_flow
        self.anchor = anchor
        self.start: Position | None = None
        self.items: list[Node] = []
        self.entries: list[Entry] = []
        self.keys: dict[str, Scalar] = {}
        self.has_key = False
        self.has_merge = False
        self.is_refused = False
        self.key: Scalar | None = None


class TreeBuilder:
    """Takes events in file order; holds the finished `root` and the complaints that do not stop."""

    def __init__(self, source: SourceText, masked: dict[int, str]) -> None:
        """Begin a tree.

        Args:
            source: The file as the author wrote it.
            masked: Texts that the parser did not get to see, by the offset where they begin.
        """
        self.root: Node | None = None
        self.diagnostics: list[Diagnostic] = []
        self.last_scalar: Text | None = None
        self._source = source
        self._masked = masked
        self._stack: list[_Frame] = []
        self._last_end = Position(1, 1)
        self._anchors: dict[str, Node] = {}
        self._sizes: dict[int, tuple[Node, int, int]] = {}
        self._refuses_next = False
        self._expansion = 0

    @property
    def open_bracket(self) -> int | None:
        """Where the innermost bracket or brace stands that is still open."""
        frame = self._stack[-1] if self._stack else None
        if frame is None or not frame.is_flow or frame.start is None:
            return None
        return self._source.offset(frame.start)

    @property
    def in_flow(self) -> bool:
        """Tell whether the innermost open collection is written with brackets or braces."""
        return bool(self._stack) and self._stack[-1].is_flow

    def scalar(self, text: Text) -> None:
        """Take a scalar."""
        self.last_scalar = text
        written, style, tag, anchor, _, _, span = text
        if style or tag is not None or anchor is not None or self._masked:
            node = self._special(text)
        else:
            value = resolve_plain(written)
            node = Scalar(value, span, self._plain_pieces(value, span, text))
        if anchor is not None:
            self._anchors[anchor] = node
        self._add(node, node.span.start, node.span.end)

    def alias(self, name: str, span: Span) -> None:
        """Take an alias: the very node it names, so that places lead to the definition."""
        node = self._anchors.get(name)
        if node is None:
            raise Refused(self._unknown_alias(name, span))
        size, depth = self._measure(node)
        self._expansion += size
        if self._expansion > MAX_EXPANSION:
            message = (
                f"aliases may add {MAX_EXPANSION:,} values to a file, and `*{name}` exceeds that"
            )
            hint = "write fewer aliases of aliases"
            raise Refused(Diagnostic(code="yaml/too-large", message=message, span=span, hint=hint))
        self._check_depth(len(self._stack) + depth, span)
        self._add(node, span.start, span.end)

    def open(self, *, is_mapping: bool, is_flow: bool, anchor: str | None, span: Span) -> None:
        """Take the beginning of a mapping or list. `span` is where its first token stands."""
        self._check_depth(len(self._stack) + 1, span)
        frame = _Frame(is_mapping=is_mapping, is_flow=is_flow, anchor=anchor)
        frame.is_refused, self._refuses_next = self._refuses_next, False
        if is_flow or anchor is None:  # else the token is the anchor, and the value comes later
            frame.start = span.start
        if anchor is not None:
            self._anchors.pop(anchor, None)
        self._stack.append(frame)

    def check_tag(self, tag: str | None, span: Span, *, is_mapping: bool) -> None:
        """Complain of a mapping's or list's tag, unless it says what stands there anyway."""
        if tag not in (None, "!", _COLLECTION_TAGS[is_mapping]):
            self._unknown_tag(str(tag), span, on_text=False)
            self._refuses_next = True

    def close(self, end: Position) -> None:
        """Take the end of the innermost mapping or list."""
        frame = self._stack.pop()
        if not frame.is_flow:
            end = self._last_end
        span = Span(self._source.path, frame.start or end, end)
        node: Node
        if frame.is_refused:
            node = Scalar("", span, (), UNKNOWN)
        elif frame.is_mapping:
            entries = self._merged(frame.entries) if frame.has_merge else frame.entries
            node = Mapping(tuple(entries), span)
        else:
            node = Sequence(tuple(frame.items), span)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = node
        self._add(node, span.start, end)

    def _add(self, node: Node, start: Position, end: Position) -> None:
        self._last_end = end
        if not self._stack:
            self.root = node
            return
        frame = self._stack[-1]
        if frame.start is None:
            frame.start = start
        if not frame.is_mapping:
            frame.items.append(node)
        elif not frame.has_key:
            frame.has_key = True
            frame.key = self._key(node, Span(self._source.path, start, end))
        else:
            self._add_value(frame, node)

    def _add_value(self, frame: _Frame, node: Node) -> None:
        key, frame.key, frame.has_key = frame.key, None, False
        if key is None:
            return
        first = frame.keys.setdefault(str(key.value), key)
        if first is not key:
            self._duplicate(first, key)
            return
        if key.value == "<<" and key.is_plain:
            frame.has_merge = True
        frame.entries.append(Entry(key, node))

    def _key(self, node: Node, span: Span) -> Scalar | None:
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.tag is None:
            return node
        if isinstance(node, Scalar) and node.tag is None:
            found = "nothing" if node.value is None else "a number or truth value"
            hint = f"write `{self._written(span)}` in quotes" if node.value is not None else None
        else:
            found, hint = "something else", "write the key as a plain text"
        message = f"a key must be a text, found {found}"
        self._complain("yaml/key-not-text", message, span, hint)
        return None

    def _special(self, text: Text) -> Scalar:
        """Build a scalar that is quoted, a block, tagged, anchored, or was masked."""
        has_properties = text.tag is not None or text.anchor is not None
        bare = self._without_properties(text) if has_properties else text
        masked = self._masked.get(bare.start)
        if masked is not None:
            span = self._source.span(bare.start, bare.start + len(masked))
            return Scalar(masked, span, ((0, span),))
        if text.style in ("|", ">"):
            return self._tagged(text, self._block(bare))
        if text.style:
            return self._tagged(text, Scalar(text.value, bare.span, self._quoted_pieces(bare)))
        value = resolve_plain(text.value)
        pieces = self._plain_pieces(value, bare.span, bare)
        return self._tagged(text, Scalar(value, bare.span, pieces))

    def _without_properties(self, text: Text) -> Text:
        properties = _PROPERTIES.match(self._source.text, text.start, text.end)
        start = text.start if properties is None else properties.end()
        span = Span(self._source.path, self._source.position(start), text.span.end)
        return text._replace(start=start, span=span)

    def _block(self, text: Text) -> Scalar:
        path, first = self._source.path, text.span.start
        pieces_of = literal_pieces if text.style == "|" else folded_pieces
        pieces = pieces_of(self._source, first.line, text.value)
        last = pieces[-1][1].end if pieces else Position(first.line, first.column + 1)
        return Scalar(text.value, Span(path, first, last), pieces)

    def _plain_pieces(self, value: object, span: Span, text: Text) -> Pieces:
        if not isinstance(value, str):
            return ()
        if len(value) == text.end - text.start and span[1][0] == span[2][0]:
            return ((0, span),)
        return flow_pieces(self._source, text.start, text.end, value=value, quote="")

    def _quoted_pieces(self, text: Text) -> Pieces:
        path, (line, column), (last_line, last_column) = text.span
        if line == last_line and len(text.value) == text.end - text.start - 2:
            inner = Span(path, Position(line, column + 1), Position(line, last_column - 1))
            return ((0, inner),)
        first, last = text.start + 1, text.end - 1
        return flow_pieces(self._source, first, last, value=text.value, quote=text.style)

    def _tagged(self, text: Text, node: Scalar) -> Scalar:
        tag = text.tag
        if tag is None:
            return node
        pieces = node.content or ((0, node.span),)
        if tag in ("!", _CORE + "str"):
            return Scalar(text.value, node.span, pieces)
        if tag == FILE_TAG:
            return Scalar(text.value, node.span, pieces, FILE_TAG)
        wanted = _SCALAR_TAGS.get(tag.removeprefix(_CORE)) if tag.startswith(_CORE) else None
        if wanted is None:
            self._unknown_tag(tag, self._tag_span(text), on_text=True)
            return Scalar(text.value, node.span, pieces, UNKNOWN)
        value = resolve_plain(text.value)
        if isinstance(value, wanted) and isinstance(value, bool) == (bool in wanted):
            return Scalar(value, node.span)
        self._complain(
            "yaml/syntax",
            f"`!!{tag.removeprefix(_CORE)}` expected, found `{self._written(node.span)}`",
            node.span,
            "take the tag away, or write a value that fits it",
        )
        return Scalar(text.value, node.span, pieces, UNKNOWN)

    def _tag_span(self, text: Text) -> Span:
        written = re.compile(r"!\S*").search(self._source.text, text.start, text.end)
        return text.span if written is None else self._source.span(*written.span())

    def _merged(self, entries: list[Entry]) -> list[Entry]:
        """Put what `<<` names in its place. Explicit keys win, then the mapping named first."""
        taken = {one.key.value for one in entries}
        result: list[Entry] = []
        for entry in entries:
            if entry.key.value != "<<" or not entry.key.is_plain:
                result.append(entry)
                continue
            for merged in self._merge_sources(entry):
                fresh = [one for one in merged if one.key.value not in taken]
                taken.update(one.key.value for one in fresh)
                result.extend(fresh)
        return result

    def _merge_sources(self, entry: Entry) -> tuple[Mapping, ...]:
        nodes = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
        mappings = tuple(one for one in nodes if isinstance(one, Mapping))
        if len(mappings) < len(nodes):
            self._complain(
                "yaml/merge",
                "`<<` expected a mapping or a list of mappings, found something else",
                entry.value.span,
                "name a mapping: `<<: *anchor`",
            )
        return mappings

    def _measure(self, node: Node) -> tuple[int, int]:
        """Count the values in a tree, as often as they are reached, and its depth."""
        known = self._sizes.get(id(node))
        if known is not None:
            return known[1:]
        size, depth = 0, 0
        pending: list[tuple[Node, int]] = [(node, 1)]
        while pending and size <= MAX_EXPANSION:
            one, level = pending.pop()
            measured = self._sizes.get(id(one))
            size += 1 if measured is None else measured[1]
            depth = max(depth, level if measured is None else level + measured[2] - 1)
            if measured is None:
                pending.extend((child, level + 1) for child in _children(one))
        self._sizes[id(node)] = node, size, depth  # the node is held, so that its id stays its own
        return size, depth

    def _check_depth(self, depth: int, span: Span) -> None:
        if depth > MAX_DEPTH:
            message = f"values may be nested {MAX_DEPTH} deep, and this is deeper"
            hint = "name the inner parts in mappings of their own"
            raise Refused(Diagnostic(code="yaml/too-deep", message=message, span=span, hint=hint))

    def _unknown_alias(self, name: str, span: Span) -> Diagnostic:
        if any(frame.anchor == name for frame in self._stack):
            message = f"`*{name}` stands inside `&{name}` itself"
            return Diagnostic(code="yaml/syntax", message=message, span=span)
        message = f"`*{name}` names nothing: no `&{name}` stands before it"
        hint = suggest(name, self._anchors) or "write a text that begins with `*` in quotes"
        return Diagnostic(code="yaml/syntax", message=message, span=span, hint=hint)

    def _duplicate(self, first: Scalar, again: Scalar) -> None:
        name = again.value
        hint = "keep one of the two"
        if name == "<<":
            hint = "merge several mappings with a list: `<<: [*one, *two]`"
        self.diagnostics.append(
            Diagnostic(
                code="yaml/duplicate-key",
                message=f"`{name}` is defined twice in the same mapping",
                span=again.span,
                label="defined again here",
                related=(Label(first.span, "first defined here"),),
                hint=hint,
            )
        )

    def _unknown_tag(self, tag: str, span: Span, *, on_text: bool) -> None:
        shown = "!!" + tag.removeprefix(_CORE) if tag.startswith(_CORE) else tag
        if not on_text:
            hint = "`!file` stands before a path" if tag == FILE_TAG else "take it away"
        else:
            close = suggest(tag, [FILE_TAG])
            near = (
                close if close is not None and close.startswith("did") else "`!file` reads a file"
            )
            hint = f"{near}; write a text that begins with `!` in quotes"
        self._complain("yaml/unknown-tag", f"the tag `{shown}` means nothing here", span, hint)

    def _written(self, span: Span) -> str:
        text = self._source.text[self._source.offset(span.start) : self._source.offset(span.end)]
        return text if len(text) <= 40 else text[:39] + "…"

    def _complain(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.diagnostics.append(Diagnostic(code=code, message=message, span=span, hint=hint))


def _children(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Mapping):
        return tuple(one.value for one in node.entries)
    return node.items if isinstance(node, Sequence) else ()

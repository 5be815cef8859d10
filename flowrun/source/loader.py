"""YAML 1.2 with places: the only module that knows the YAML library.

The library's parser (libyaml's, in C) reports events; `source.tree` makes nodes of them by the
YAML 1.2 core schema. Nothing is constructed by the library, so nothing of YAML 1.1 gets in.
"""

import re
from typing import Protocol

import yaml

from flowrun.source.collector import collector_paused
from flowrun.source.diagnostic import Diagnostic, in_order
from flowrun.source.nodes import Node, Scalar
from flowrun.source.syntax import (
    Stumble,
    Template,
    explain,
    explain_template,
    find_template,
    template_at,
)
from flowrun.source.text import Position, SourceText, Span
from flowrun.source.tree import Refused, Text, TreeBuilder

MAX_TEXT = 16 * 1024 * 1024
"""Code points in one file."""

_MAX_TEMPLATES = 16
"""Unquoted templates reported in one file; each costs another reading of it."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OLD_BREAKS = "\x85\u2028\u2029"
"""Line breaks in YAML 1.1, characters like any other in YAML 1.2."""


_new = tuple.__new__
"""Makes a named tuple in a third of the time; there are five to each value in a file."""


class _Mark(Protocol):
    """A place as the parser counts: lines and columns from 0, and an offset in code points."""

    line: int
    column: int
    index: int


class _Unquoted(Exception):
    """A template without quotes begins at an offset of the text."""

    def __init__(self, template: Template) -> None:
        super().__init__("unquoted template")
        self.template = template


def parse_yaml(source: SourceText) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """Read one file into a tree.

    Returns:
        The tree and all complaints in order. The tree is None exactly when the text cannot be read
        as YAML; then what comes after that place is not reported. An empty file is a scalar of
        value None. Never raises, whatever the text.
    """
    refusal = _unreadable(source)
    if refusal is not None:
        return None, (refusal,)
    with collector_paused():
        return _parse(source)


def _parse(source: SourceText) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    reading = _Reading(source)
    for _ in range(_MAX_TEMPLATES):
        try:
            root = reading.run()
        except _Unquoted as found:
            reading.mask(found.template)
            continue
        except Refused as refused:
            return None, in_order((*reading.complaints, *reading.found, refused.diagnostic))
        return root, in_order((*reading.complaints, *reading.found))
    return None, in_order(reading.complaints)


def _unreadable(source: SourceText) -> Diagnostic | None:
    start = Span(source.path, Position(1, 1), Position(1, 1))
    if len(source.text) > MAX_TEXT:
        message = f"a file may hold {MAX_TEXT:,} characters, found {len(source.text):,}"
        hint = "split the file with `include`, or move texts to files of their own with `!file`"
        return Diagnostic(code="yaml/too-large", message=message, span=start, hint=hint)
    found = _UNREADABLE.search(source.text)
    return None if found is None else encoding_problem(source, found.start())


def encoding_problem(source: SourceText, at: int) -> Diagnostic:
    """Complain of a character that no YAML file may hold, or of a byte that is not UTF-8."""
    character = ord(source.text[at])
    if 0xDC80 <= character <= 0xDCFF:
        what = f"UTF-8 text expected, found the byte 0x{character - 0xDC00:02X}"
        hint = "save the file as UTF-8"
    else:
        what = f"the character U+{character:04X} may not stand in a file"
        hint = "take it away, or write it as an escape in double quotes"
    return Diagnostic(code="yaml/encoding", message=what, span=source.span(at, at + 1), hint=hint)


class _Reading:
    """The reading of one file, begun anew for each template that had to be put out of sight."""

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.masked: dict[int, str] = {}
        self.complaints: list[Diagnostic] = []
        self.found: list[Diagnostic] = []
        # The library skips a byte order mark without counting it.
        self._text = source.text.lstrip("\ufeff")
        self._shift = len(source.text) - len(self._text)
        self._restored = self._hide_old_breaks()
        self._is_regular = not self._shift and not _has_bare_return(source.text)

    def run(self) -> Node:
        """Read the text once.

        Raises:
            Refused: It is not YAML, or too much.
            _Unquoted: It would be YAML if that template stood in quotes.
        """
        builder = TreeBuilder(self.source, self.masked)
        self.found = builder.diagnostics
        try:
            self._read(builder)
        except yaml.YAMLError as error:
            raise self._stumbled(builder, error) from None
        if builder.root is None:
            return Scalar(None, Span(self.source.path, Position(1, 1), Position(1, 1)))
        return builder.root

    def _read(self, builder: TreeBuilder) -> None:
        parser = _LOADER(self._text)
        take_scalar, scalar_event = builder.scalar, yaml.ScalarEvent
        try:
            event = parser.get_event()
            while event is not None:
                if type(event) is scalar_event:
                    take_scalar(self._scalar(event))
                elif not self._take(builder, event):
                    break
                event = parser.get_event()
        finally:
            parser.dispose()

    def mask(self, template: Template) -> None:
        """Put a template out of the parser's sight, keeping every offset, and complain of it."""
        start, end = template.start, template.end
        self.complaints.append(explain_template(self.source, template))
        self.masked[start] = self.source.text[start:end]
        begin = start - self._shift
        self._text = self._text[:begin] + "x" * (end - start) + self._text[end - self._shift :]
        self._is_regular = False

    def _take(self, builder: TreeBuilder, event: yaml.Event) -> bool:
        """Hand one event over. False: nothing after it is wanted."""
        match event:
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(builder, event)
            case yaml.CollectionEndEvent():
                builder.close(self._span(event).end)
            case yaml.AliasEvent():
                builder.alias(str(event.anchor), self._span(event))
            case yaml.DocumentStartEvent() if builder.root is not None:
                builder.diagnostics.append(self._several(event))
                return False
            case _:
                pass
        return True

    def _scalar(self, event: yaml.ScalarEvent) -> Text:
        start, end = _marks(event)
        value, style, shift = event.value, event.style or "", self._shift
        if self._restored is not None:
            value = value.translate(self._restored)
        span = self._span(event)
        first, last = start.index + shift, end.index + shift
        return _new(Text, (value, style, event.tag, event.anchor, first, last, span))

    def _open(
        self, builder: TreeBuilder, event: yaml.MappingStartEvent | yaml.SequenceStartEvent
    ) -> None:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        start = _marks(event)[0].index
        if is_mapping and event.flow_style and self._text.startswith("{{", start):
            template = template_at(self.source.text, start + self._shift, in_flow=builder.in_flow)
            raise _Unquoted(template)
        span = self._span(event)
        if event.tag is not None:
            builder.check_tag(event.tag, span, is_mapping=is_mapping)
        builder.open(
            is_mapping=is_mapping, is_flow=bool(event.flow_style), anchor=event.anchor, span=span
        )

    def _several(self, event: yaml.Event) -> Diagnostic:
        return Diagnostic(
            code="yaml/several-documents",
            message="one document expected, and a second one begins here",
            span=self._span(event),
            hint="put it into a file of its own, or take the `---` away",
        )

    def _stumbled(self, builder: TreeBuilder, error: yaml.YAMLError) -> Exception:
        stumble = self._stumble(builder, error)
        template = find_template(self.source.text, stumble)
        if template is not None and template.start not in self.masked:
            return _Unquoted(template)
        return Refused(explain(self.source, stumble))

    def _stumble(self, builder: TreeBuilder, error: yaml.YAMLError) -> Stumble:
        if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
            return Stumble("the text is not what YAML allows", 0)
        context, last = error.context_mark, builder.last_scalar
        return Stumble(
            problem=error.problem or "",
            at=error.problem_mark.index + self._shift,
            context=error.context or "",
            opener=None if context is None else context.index + self._shift,
            bracket=builder.open_bracket,
            last_scalar=None if last is None else (last.start, last.end, last.style),
        )

    def _span(self, event: yaml.Event) -> Span:
        start, end = _marks(event)
        path = self.source.path
        if not self._is_regular:
            return self.source.span(start.index + self._shift, end.index + self._shift)
        line = start.line + 1
        last = line if end.line + 1 == line else end.line + 1
        first = _new(Position, (line, start.column + 1))
        return _new(Span, (path, first, _new(Position, (last, end.column + 1))))

    def _hide_old_breaks(self) -> dict[int, str] | None:
        """Put stand-ins for characters that the library would take for line breaks."""
        hidden: dict[int, str] = {}
        stand_ins = (chr(one) for one in range(0xE000, 0xF900) if chr(one) not in self._text)
        for character in _OLD_BREAKS:
            if character in self._text:
                stand_in = next(stand_ins)
                hidden[ord(stand_in)] = character
                self._text = self._text.replace(character, stand_in)
        return hidden or None


def _marks(event: yaml.Event) -> tuple[_Mark, _Mark]:
    start, end = event.start_mark, event.end_mark
    assert start is not None, "the parser marks every event"
    assert end is not None
    return start, end


def _has_bare_return(text: str) -> bool:
    return "\r" in text and text.count("\r") != text.count("\r\n")

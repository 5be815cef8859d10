"""A report for people: the sentence, the place, the line with a caret, and what to do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flowrun.source.diagnostic import Diagnostic, Label, Severity
from flowrun.source.report import Report
from flowrun.source.text import SourceText, Span
from flowrun.views.diagnostics_excerpt import Clipping, clip_around
from flowrun.views.text import Style, count, one_line, paint, width

_MOST_LINES = 3
"""Lines of source in one complaint, the one at fault included."""

_PLAIN = str.maketrans({"…": "...", "→": "->", "·": "-", "“": '"', "”": '"', "–": "-", "—": "-"})


def render_text(report: Report, *, width: int, ascii_only: bool, colour: bool) -> str:
    """Return every complaint with its excerpt, and a line that counts them."""
    if not report.diagnostics:
        return ""
    drawing = _Drawing(report, width, ascii_only=ascii_only, colour=colour)
    blocks = ["\n".join(drawing.complaint(one)) for one in report.diagnostics]
    text = "\n\n".join([*blocks, summary(report)]) + "\n"
    return text.translate(_PLAIN).encode("ascii", "replace").decode() if ascii_only else text


def summary(report: Report) -> str:
    """Return `4 errors, 1 warning in 2 files`."""
    parts = []
    if report.errors:
        parts.append(count(report.errors, "error"))
    if report.warnings:
        parts.append(count(report.warnings, "warning"))
    return f"{', '.join(parts) or 'nothing wrong'} in {count(report.files, 'file')}"


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place to point at, in the file at hand."""

    span: Span
    text: str
    sign: str
    style: Style


class _Drawing:
    """How complaints are drawn: the width, the colours, the files."""

    def __init__(self, report: Report, width: int, *, ascii_only: bool, colour: bool) -> None:
        self._sources = report.sources
        self._width = max(width, 40)
        self._ascii_only = ascii_only
        self._colour = colour

    def complaint(self, one: Diagnostic) -> Iterator[str]:
        """Yield the lines of one complaint."""
        is_error = one.severity is Severity.ERROR
        style: Style = "red" if is_error else "yellow"
        head = self._paint(f"{one.severity}[{one.code}]", style)
        yield f"{head}: {self._paint(one_line(one.message), 'bold')}"
        shown, rest = self._shown(one, style)
        gutter = max(len(str(mark.span.start.line)) for mark in shown)
        for path in dict.fromkeys(mark.span.path for mark in shown):
            here = [mark for mark in shown if mark.span.path == path]
            sign = "-->" if path == one.span.path else ":::"
            yield f"{' ' * gutter}{self._paint(sign, 'blue')} {one_line(str(here[0].span))}"
            yield from self._excerpt(here, gutter)
        for label in rest:
            yield f"note: {one_line(label.text)}, at {one_line(str(label.span))}"
        if one.hint:
            yield f"{self._paint('help', 'cyan')}: {one_line(one.hint)}"
        yield f"docs: flowrun explain {one.code}"

    def _shown(self, one: Diagnostic, style: Style) -> tuple[list[_Mark], list[Label]]:
        """Choose what is drawn, the place at fault first; what is left is told in words."""
        shown = [_Mark(one.span, one_line(one.label), "^", style)]
        rest: list[Label] = []
        for label in one.related:
            lines = {(mark.span.path, mark.span.start.line) for mark in shown}
            place = (label.span.path, label.span.start.line)
            fits = place in lines or len(lines) < _MOST_LINES
            if fits and label.span.path in self._sources:
                shown.append(_Mark(label.span, one_line(label.text), "-", "blue"))
            else:
                rest.append(label)
        return shown, rest

    def _excerpt(self, marks: Sequence[_Mark], gutter: int) -> Iterator[str]:
        """Draw the lines of one file, from top to bottom, each with its marks below."""
        source = self._sources.get(marks[0].span.path)
        if source is None:
            return
        bar = self._paint(f"{' ' * gutter} |", "blue")
        yield bar
        before = None
        for number in sorted({mark.span.start.line for mark in marks}):
            if before is not None and number > before + 1:
                yield self._paint("...", "blue")
            before = number
            here = [mark for mark in marks if mark.span.start.line == number]
            yield from self._line(source, here, gutter)
        yield bar

    def _line(self, source: SourceText, marks: Sequence[_Mark], gutter: int) -> Iterator[str]:
        number = marks[0].span.start.line
        line = source.line(number)
        shown = self._cut(line, marks[0], gutter)
        bar = self._paint(f"{number:>{gutter}} |", "blue")
        yield f"{bar} {shown.text}".rstrip()
        for mark in marks:
            cut = self._cut(line, mark, gutter)
            if cut.text == shown.text:
                yield from self._marked(mark, cut.column, cut.length, gutter)
            else:  # out of sight where the line was cut for the first mark
                yield f"{' ' * gutter} = {mark.text or 'here'}, at column {mark.span.start.column}"

    def _cut(self, line: str, mark: _Mark, gutter: int) -> Clipping:
        start, end = _columns(mark.span, len(line))
        room = self._width - gutter - 3
        return clip_around(line, start, end, room=room, ascii_only=self._ascii_only)

    def _marked(self, mark: _Mark, column: int, length: int, gutter: int) -> Iterator[str]:
        bar = self._paint(f"{' ' * gutter} |", "blue")
        room = self._width - gutter - 3
        signs = self._paint(mark.sign * length, mark.style)
        line = f"{bar} {' ' * column}{signs}"
        if not mark.text:
            yield line
        elif column + length + 1 + width(mark.text) <= room:
            yield f"{line} {self._paint(mark.text, mark.style)}"
        else:
            yield line
            indent = max(0, min(column, room - width(mark.text)))
            yield f"{bar} {' ' * indent}{self._paint(mark.text, mark.style)}"

    def _paint(self, text: str, style: Style) -> str:
        return paint(text, style, colour=self._colour)


def _columns(span: Span, length: int) -> tuple[int, int]:
    """Return a span's characters in its first line, from 0; a longer one goes to the line's end."""
    start = min(span.start.column - 1, length)
    end = span.end.column - 1 if span.end.line == span.start.line else length
    return start, max(min(end, length), start)

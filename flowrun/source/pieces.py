"""Where the characters of a text value stand in its file: the `content` of a scalar.

Each function walks what the author wrote beside what the parser made of it. Where the two cannot
be matched, the pieces end early; a place is then the nearest one before.
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

from flowrun.source.text import Position, SourceText, Span

Pieces: TypeAlias = tuple[tuple[int, Span], ...]

_ESCAPE = {
    '"': re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.|\Z)"),
    "'": re.compile(r"''"),
}


def literal_pieces(source: SourceText, header: int, value: str) -> Pieces:
    """Return one piece for each line of a literal block whose `|` stands at line `header`."""
    lines = value.split("\n")
    if lines[-1] == "":
        lines.pop()
    indent = _indent(source, header, lines)
    pieces = []
    offset = 0
    for number, line in enumerate(lines, header + 1):
        if number > len(source.line_starts):
            break  # bare carriage returns: lines to YAML, none to anybody else
        end = len(source.line(number)) + 1
        start = min(indent + 1, end)
        pieces.append((offset, Span(source.path, Position(number, start), Position(number, end))))
        offset += len(line) + 1
    return tuple(pieces)


def folded_pieces(source: SourceText, header: int, value: str) -> Pieces:
    """Return one piece for each written line of a folded block, `>` being at line `header`."""
    pieces = []
    cursor = 0
    size = len(value.rstrip("\n"))
    number = header
    while cursor < size and number < len(source.line_starts):
        number += 1
        raw = source.line(number)
        written = raw.strip()
        found = value.find(written, cursor)
        if found < 0:
            break
        if written:
            pieces.append((found, _on_line(source, number, raw.index(written), len(written))))
            cursor = found + len(written)
    return tuple(pieces)


def flow_pieces(source: SourceText, start: int, end: int, *, value: str, quote: str) -> Pieces:
    """Return the pieces of a plain or quoted scalar.

    Args:
        source: The file.
        start: Offset of its first character, past an opening quote.
        end: Offset past its last character, before a closing quote.
        value: What the parser made of it.
        quote: `"`, `'` or nothing.
    """
    pieces: list[tuple[int, Span]] = []
    cursor = 0
    for at, written, escaped in _segments(source.text, start, end, quote):
        if escaped:
            if len(written) > 1:  # a lone backslash joins two lines and stands for nothing
                pieces.append((cursor, source.span(at, at + len(written))))
                cursor += 1
            continue
        found = value.find(written, cursor)
        if found < 0:
            break
        pieces.append((found, source.span(at, at + len(written))))
        cursor = found + len(written)
    return tuple(pieces)


def text_pieces(source: SourceText) -> Pieces:
    """Return one piece for each line of a whole file, taken as one text with bare line feeds."""
    pieces = []
    offset = 0
    for number in range(1, len(source.line_starts) + 1):
        length = len(source.line(number))
        pieces.append((offset, _on_line(source, number, 0, length)))
        offset += length + 1
    return tuple(pieces)


def _indent(source: SourceText, header: int, lines: list[str]) -> int:
    for number, line in enumerate(lines, header + 1):
        if line:
            return max(len(source.line(number)) - len(line), 0)
    return 0


def _on_line(source: SourceText, number: int, column: int, length: int) -> Span:
    start = Position(number, column + 1)
    return Span(source.path, start, Position(number, column + 1 + length))


def _segments(text: str, start: int, end: int, quote: str) -> Iterator[tuple[int, str, bool]]:
    escape = _ESCAPE.get(quote)
    for at, line in _folded_lines(text, start, end):
        cursor = 0
        for match in escape.finditer(line) if escape is not None else ():
            if match.start() > cursor:
                yield at + cursor, line[cursor : match.start()], False
            yield at + match.start(), match.group(), True
            cursor = match.end()
        if cursor < len(line):
            yield at + cursor, line[cursor:], False


def _folded_lines(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Lines of a scalar without the white space that folding takes away around line breaks."""
    lines = text[start:end].split("\n")
    at = start
    for index, line in enumerate(lines):
        kept = line.rstrip(" \t\r") if index < len(lines) - 1 else line
        skipped = len(kept) - len(kept.lstrip(" \t")) if index else 0
        yield at + skipped, kept[skipped:]
        at += len(line) + 1

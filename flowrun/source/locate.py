"""From an offset in a text value to the place in the file where that character stands."""

from bisect import bisect_right

from flowrun.source.nodes import Scalar
from flowrun.source.text import Position, Span


def locate(scalar: Scalar, offset: int, length: int = 1) -> Span:
    """Return the place of `length` characters of a text value, from `offset` (code points, from 0).

    What an escape or a variable put into the value is found at the escape or the variable. Offsets
    past the end mean the end. A scalar without pieces is found as a whole.
    """
    if not scalar.content or not isinstance(scalar.value, str):
        return scalar.span
    size = len(scalar.value)
    first = min(max(offset, 0), size)
    path, start, end = _place(scalar, first, size)
    if length <= 0:
        return Span(path, start, start)
    last = min(first + length, size) - 1
    if last > first:
        end = _place(scalar, last, size).end
    return Span(path, start, end)


def _place(scalar: Scalar, offset: int, size: int) -> Span:
    pieces = scalar.content
    index = max(bisect_right(pieces, offset, key=lambda piece: piece[0]) - 1, 0)
    begin, place = pieces[index]
    until = pieces[index + 1][0] if index + 1 < len(pieces) else size
    written = place.end.column - place.start.column
    if until - begin not in (written, written + 1):
        return place  # an escape or a variable: its value is not its spelling
    column = min(place.start.column + max(offset - begin, 0), place.end.column)
    line = place.start.line
    return Span(
        place.path, Position(line, column), Position(line, min(column + 1, place.end.column))
    )

"""One line of a file, cut around the place that matters, and the marks below it.

A line is never wrapped, and never shown beyond what fits: prompts can be a line of a whole page.
"""

from dataclasses import dataclass

from flowrun.views.text import neutralise, width

_TAB = "    "


@dataclass(frozen=True, slots=True)
class Clipping:
    """What is shown of a line, and which columns of that (from 0) are to be marked."""

    text: str
    column: int
    length: int


def clip_around(line: str, start: int, end: int, *, room: int, ascii_only: bool) -> Clipping:
    """Cut a line so that a token stays in sight.

    Args:
        line: The line, without its ending.
        start: Where the token begins, in characters from 0.
        end: Past its last character; equal to `start` for a place between two.
        room: Columns there are; at least 16 are taken.
        ascii_only: Whether to do without `…` and letters beyond ASCII.
    """
    room = max(room, 16)
    dots = "..." if ascii_only else "…"
    low, high = max(0, start - room), min(len(line), start + 2 * room)
    cells = [_cell(one, ascii_only=ascii_only) for one in line[low:high]]
    columns = _columns(cells)
    token, past = (
        columns[min(start - low, len(cells))],
        columns[min(max(end, start) - low, len(cells))],
    )
    length = max(past - token, 1)
    if low == 0 and high == len(line) and columns[-1] <= room:
        return Clipping("".join(cells).rstrip(), token, length)
    first = _first_cell(columns, token, length, room - 2 * len(dots)) if token else 0
    head = dots if low or first else ""
    left = columns[first] - len(head)
    last = first
    while last < len(cells) and columns[last + 1] - left <= room - len(dots):
        last += 1
    tail = dots if last < len(cells) or high < len(line) else ""
    shown = head + "".join(cells[first:last]) + tail
    return Clipping(shown.rstrip(), token - left, max(min(length, columns[last] - token), 1))


def _first_cell(columns: list[int], token: int, length: int, room: int) -> int:
    """Return the first cell to show: the first of all, or one a bit before the token."""
    if token + min(length, room // 2) <= room:
        return 0
    wanted = min(token - room // 3, max(columns[-1] - room, 0))
    return next(index for index, column in enumerate(columns) if column >= wanted)


def _columns(cells: list[str]) -> list[int]:
    """Return the column at which each cell begins, and the one past the last."""
    columns = [0]
    for cell in cells:
        columns.append(columns[-1] + width(cell))
    return columns


def _cell(character: str, *, ascii_only: bool) -> str:
    if character == "\t":
        return _TAB
    if ascii_only and not character.isascii():
        return "?"
    return neutralise(character)

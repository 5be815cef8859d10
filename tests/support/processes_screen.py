"""What stands on a terminal after all that was written to it: just enough of one for our output.

Rows never scroll away, and a sequence that is not known here is an error, so that nothing new goes
by unnoticed.
"""

import re

_PIECES = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)|(.)", re.DOTALL)
_COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-9]|4[0-9]|9[0-7]|10[0-7])(?:;[0-9]+)*m")


def screen_lines(written: str) -> list[str]:
    """Return the lines of the screen, blanks at their ends removed."""
    screen = _Screen()
    for match in _PIECES.finditer(written):
        numbers, letter, move, text, other = match.groups()
        assert other is None, f"a control character reached the terminal: {match[0]!r}"
        if letter is not None:
            screen.obey(numbers, letter)
        elif move is not None:
            screen.move(move)
        else:
            screen.write(text)
    return [line.rstrip() for line in screen.lines]


def is_coloured(written: str) -> bool:
    """Tell whether any colour was set; bold and dim are none."""
    return bool(_COLOUR.search(written))


class _Screen:
    def __init__(self) -> None:
        self.lines = [""]
        self._row = 0
        self._column = 0

    def write(self, text: str) -> None:
        line = self.lines[self._row].ljust(self._column)
        self.lines[self._row] = line[: self._column] + text + line[self._column + len(text) :]
        self._column += len(text)

    def move(self, character: str) -> None:
        if character == "\r":
            self._column = 0
            return
        self._row += 1
        if self._row == len(self.lines):
            self.lines.append("")

    def obey(self, numbers: str, letter: str) -> None:
        match letter, numbers:
            case ("m", _) | ("l" | "h", "?25"):
                pass
            case "A", _:
                self._row = max(0, self._row - int(numbers or 1))
            case "K", "2":
                self.lines[self._row] = ""
            case _:
                raise AssertionError(f"unknown to this terminal: {numbers}{letter}")

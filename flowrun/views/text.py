"""Small pieces that every text view is made of: widths, columns, times, colours.

What models, tools and files say is data: `neutralise` it before it reaches a terminal, where a
stray escape sequence could move the cursor, hide text or rename the window.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, Protocol, TypeAlias

from flowrun.ids import JsonValue

ColourChoice: TypeAlias = Literal["auto", "always", "never"]
Style: TypeAlias = Literal["bold", "dim", "red", "green", "yellow", "blue", "cyan"]

_CODES: Mapping[Style, str] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}
_CONFUSING = frozenset(
    "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
"""Characters that reorder or break lines without being seen."""
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters that count as letters, marks or signs and show nothing."""


class Stream(Protocol):
    """Where a view writes."""

    def write(self, text: str, /) -> object:
        """Take text."""
        ...

    def flush(self) -> object:
        """Pass it on."""
        ...

    def isatty(self) -> bool:
        """Tell whether a person's terminal is at the other end."""
        ...


def use_colour(stream: Stream, environ: Mapping[str, str], choice: ColourChoice = "auto") -> bool:
    """Decide about colour: the option, then NO_COLOR, TERM=dumb, FORCE_COLOR, then the terminal."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty()


def paint(text: str, style: Style | None, *, colour: bool) -> str:
    """Return the text in a style, or as it is; colour is never the only carrier of a meaning."""
    if not colour or style is None or not text:
        return text
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def neutralise(text: str) -> str:
    r"""Return the text with control characters spelt out, `\x1b` for one; lines and tabs stay."""
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join([one if _is_harmless(one) else _spelt(one) for one in text])


def one_line(text: str) -> str:
    """Return the text on one line: neutralised, each run of white space one blank."""
    return neutralise(" ".join(text.split()))


def width(text: str) -> int:
    """Return how many columns a terminal gives the text: wide characters two, combining ones none.

    An estimate for emoji that are built from several characters.
    """
    return len(text) if text.isascii() else sum(_columns(one) for one in text)


def clip(text: str, columns: int) -> str:
    """Return the text on one line, cut to so many columns with `…` where it was cut."""
    line = one_line(text[: columns * 8 + 64])
    return cut(line, columns, is_whole=len(text) <= columns * 8 + 64)


def cut(line: str, columns: int, *, is_whole: bool = True) -> str:
    """Return a harmless line, cut like `clip` where it is longer, or not the whole of a text."""
    if is_whole and width(line) <= columns:
        return line
    return _fitting(line, columns - 1).rstrip() + "…"


def clip_front(text: str, columns: int) -> str:
    """Return the end of the text on one line, with `…` in front where it was cut."""
    line = one_line(text[-(columns * 8 + 64) :])
    if width(line) <= columns and len(text) <= columns * 8 + 64:
        return line
    return "…" + _fitting(line[::-1], columns - 1)[::-1].lstrip()


def pad(text: str, columns: int) -> str:
    """Return the text with blanks up to so many columns."""
    return text + " " * max(0, columns - width(text))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield lines in columns, as wide as they need to be, no trailing blanks.

    Nothing is wrapped or cut: that would damage ids and paths on their way into other programs.
    Blanks in front of a cell stay, as an indent.
    """
    lines = [list(headings), *[[_cell(cell) for cell in row] for row in rows]]
    widths = [max(width(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        yield "  ".join(map(pad, line, widths)).rstrip()


def elapsed(seconds: float) -> str:
    """Return a duration as people say it: `9ms`, `0.4s`, `12.3s`, `2m 05s`, `1h 02m`."""
    seconds = max(0.0, seconds)
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    return f"{minutes // 60}h {minutes % 60:02d}m"


def instant(at: float) -> str:
    """Return a time as `2026-11-20 13:35:07Z`; UTC, so that two machines say the same."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def count(number: int, noun: str) -> str:
    """Return `1 step`, `2 steps`, `1,240 tokens`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(number: int) -> str:
    """Return an amount of bytes as people say it: `812 B`, `4.2 KiB`, `17.0 MiB`."""
    if number < 1024:
        return f"{number} B"
    amount, units = float(number), iter(("KiB", "MiB", "GiB", "TiB"))
    unit = "B"
    while amount >= 1024 and unit != "TiB":
        amount, unit = amount / 1024, next(units)
    return f"{amount:.1f} {unit}"


def say(value: JsonValue) -> str:
    """Return a value as text: a text as it is, anything else as readable JSON."""
    if isinstance(value, str):
        return value
    return pretty_json(value)


def pretty_json(value: JsonValue) -> str:
    """Return JSON for people and programs: two blanks of indent, keys in the order they came.

    What a terminal would obey is escaped, which means the same in JSON.
    """
    return harmless_json(json.dumps(value, ensure_ascii=False, indent=2, default=dict))


def harmless_json(text: str) -> str:
    """Return JSON with what a terminal would obey escaped, which means the same in JSON."""
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join([one if _is_harmless(one) else f"\\u{ord(one):04x}" for one in text])


def exact_json(value: JsonValue, *, indent: int | None = None) -> str:
    """Return JSON in which everything is seen: what a person approves is what will be done.

    Escaped is also what has no shape of its own, as blanks that are not the usual one, joiners and
    tags. On one line unless an indent is given.
    """
    marks = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=marks, default=dict)
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join([one if _is_seen(one) else json.dumps(one)[1:-1] for one in text])


def indented(text: str, by: str = "  ") -> str:
    """Return the text, neutralised, each line moved to the right."""
    return "\n".join(by + line if line else "" for line in neutralise(text).split("\n"))


def _cell(text: str) -> str:
    return " " * (len(text) - len(text.lstrip(" "))) + one_line(text)


def _is_harmless(character: str) -> bool:
    if character in "\n\t":
        return True
    if character in _CONFUSING:
        return False
    return unicodedata.category(character) not in ("Cc", "Cs")


def _is_seen(character: str) -> bool:
    if character in "\n ":
        return True
    category = unicodedata.category(character)
    return category[0] not in "CZ" and not _BLANK.match(character)


def _spelt(character: str) -> str:
    point = ord(character)
    return f"\\x{point:02x}" if point < 256 else f"\\u{point:04x}"


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _fitting(line: str, columns: int) -> str:
    """Return as many characters from the left as fit."""
    used = 0
    for index, character in enumerate(line):
        used += _columns(character)
        if used > columns:
            return line[:index]
    return line

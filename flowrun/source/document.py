"""One readable file with everything it draws in, and how files are asked for."""

from collections.abc import Callable
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import TypeAlias

from flowrun.source.nodes import Mapping
from flowrun.source.text import SourceText

NO_SUCH_FILE = "no such file"
"""The reason of an `Unreadable` that is not there."""

OUTSIDE_PROJECT = "outside the project"
"""The reason of an `Unreadable` that a link leads out of the project to."""


@dataclass(frozen=True, slots=True)
class Document:
    """The tree of a file: variables filled in, texts of other files and includes in place."""

    root: Mapping
    path: str
    sources: ReadOnly[str, SourceText]
    """Every file that was read for it, by the path that its spans name."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be read."""

    path: str
    reason: str
    """`NO_SUCH_FILE`, `OUTSIDE_PROJECT`, or a few words for people: `permission denied`."""
    near: str | None = None
    """A file that is there and whose name is nearly the same, if the reader looked for one."""


Reader: TypeAlias = Callable[[str], SourceText | Unreadable]
"""Reads a file by its path relative to the project root, with slashes. Follows no link that leads
out of the project. Bytes become text with `decode_source`."""


def decode_source(path: str, data: bytes) -> SourceText:
    """Return a file's text, without a byte order mark, line endings as they are.

    Bytes that are not UTF-8 are kept as lone surrogates; whoever reads the text next complains of
    them at their place (`yaml/encoding`).
    """
    return SourceText(path, data.decode("utf-8", "surrogateescape").removeprefix("\ufeff"))


def remembering(read: Reader) -> tuple[Reader, dict[str, SourceText]]:
    """Return a reader that reads each file once, and what it has read so far.

    The excerpts of a report come from there when there is no document.
    """
    seen: dict[str, SourceText] = {}

    def read_once(path: str) -> SourceText | Unreadable:
        known = seen.get(path)
        if known is not None:
            return known
        found = read(path)
        if isinstance(found, SourceText):
            seen[path] = found
        return found

    return read_once, seen

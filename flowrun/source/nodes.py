"""YAML after the loader: trees whose every key and value knows its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from flowrun.source.text import Span

ScalarValue: TypeAlias = str | int | float | bool | None

FILE_TAG = "!file"
"""Tag of a scalar whose text stands in another file; `source.resolve` puts it in place."""

UNKNOWN = "!unknown"
"""Tag of a scalar whose value could not be had (variable not set, file missing). The complaint has
been made already: a later stage that finds its value unfit says nothing."""


FROM_ENVIRONMENT = "!environment"
"""Tag of a scalar that holds the value of an environment variable: usable, and not to be shown in
any message."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. `value` follows the YAML 1.2 core schema."""

    value: ScalarValue
    span: Span
    """The token in the file that names it, quotes and block header included."""
    content: tuple[tuple[int, Span], ...] = ()
    """For texts: pieces `(offset in value, place in a file)`, in order, each within one line, so
    that an offset in the value can be found in the file: one piece a line of a block scalar, one in
    all for a plain one. `source.locate` reads them."""
    tag: str | None = None
    """`FILE_TAG`, `UNKNOWN`, `FROM_ENVIRONMENT`, or nothing."""

    @property
    def is_plain(self) -> bool:
        """Tell whether a text was written without quotes and not as a block."""
        return bool(self.content) and self.content[0][1].start == self.span.start


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping and its value."""

    key: Scalar
    value: "Node"


@dataclass(frozen=True)
class Mapping:
    """Keys in file order, each at most once, merge keys already applied.

    Not slotted, because `get` keeps an index: a file of ten thousand steps is looked up by name.
    """

    entries: tuple[Entry, ...]
    span: Span

    def get(self, name: str) -> "Node | None":
        """Return the value under a key."""
        entry = self._by_name.get(name)
        return None if entry is None else entry.value

    def entry(self, name: str) -> Entry | None:
        """Return the key and value under a key."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[ScalarValue, Entry]:
        return {one.key.value: one for one in self.entries}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Items in file order."""

    items: tuple["Node", ...]
    span: Span


Node: TypeAlias = Scalar | Mapping | Sequence

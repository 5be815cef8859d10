"""What a docstring says: a description, and a line or two for each parameter."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_SECTION = re.compile(r"(Args|Arguments|Parameters|Params)\s*:\s*\Z")
_ENDS_DESCRIPTION = re.compile(
    r"((Args|Arguments|Parameters|Params|Returns?|Yields|Raises|Examples?|Notes?)\s*:\s*\Z|:\w)"
)
_GOOGLE = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)\Z")
_SPHINX = re.compile(r":param\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)\Z")


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring, read."""

    description: str
    """The first paragraph, on one line."""
    parameters: Mapping[str, str]
    """By name, what is said of a parameter, on one line."""


def read_docstring(text: str | None) -> Docstring:
    """Read a docstring that is laid out as Google's or Sphinx's."""
    lines = inspect.cleandoc(text or "").splitlines()
    parameters = {name: said for name, said in (*_google(lines), *_sphinx(lines)) if said}
    return Docstring(_description(lines), parameters)


def _description(lines: list[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if not line.strip() or _ENDS_DESCRIPTION.match(line):
            break
        kept.append(line.strip())
    return " ".join(kept)


def _google(lines: list[str]) -> Iterator[tuple[str, str]]:
    start = next((number for number, one in enumerate(lines) if _SECTION.match(one)), None)
    if start is None:
        return
    # Cleaning takes the indentation away from what follows a docstring's very first line.
    body = _indented(lines[start + 1 :], 0 if start else -1)
    margin = min((_indent(one) for one in body if one.strip()), default=0)
    for head, rest in _items(body, margin, _GOOGLE):
        yield head[1], _joined(head[2], rest)


def _sphinx(lines: list[str]) -> Iterator[tuple[str, str]]:
    for head, rest in _items(lines, 0, _SPHINX):
        yield head[1], _joined(head[2], rest)


def _items(
    lines: list[str], margin: int, pattern: re.Pattern[str]
) -> Iterator[tuple[re.Match[str], list[str]]]:
    """Yield each line at the margin that matches, with the deeper lines that follow it."""
    for number, line in enumerate(lines):
        head = pattern.match(line[margin:]) if _indent(line) == margin else None
        if head:
            yield head, _indented(lines[number + 1 :], margin)


def _indented(lines: list[str], margin: int) -> list[str]:
    kept: list[str] = []
    for line in lines:
        if line.strip() and _indent(line) <= margin:
            break
        kept.append(line)
    return kept


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _joined(first: str, rest: list[str]) -> str:
    return " ".join(one for one in (first.strip(), *(line.strip() for line in rest)) if one)

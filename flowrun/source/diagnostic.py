"""A complaint about the author's input: a value with a place, never an exception."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from flowrun.source.text import Position, Span


class Severity(StrEnum):
    """How bad: an error refuses the flow, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains the first: `first defined here`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One complaint. `code` is a key of `source.catalog.CATALOG`, permanent once released."""

    code: str
    message: str
    """One sentence, no final stop, identifiers in backticks, expected before found."""
    span: Span
    label: str = ""
    """What to write beside the caret; may be empty."""
    related: tuple[Label, ...] = ()
    hint: str | None = None
    """What to do, as an action."""
    severity: Severity = Severity.ERROR

    def sort_key(self) -> tuple[str, Position, str, str]:
        """Order of a report: file, line, column, code."""
        return (self.span.path, self.span.start, self.code, self.message)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return each distinct diagnostic once, sorted by place."""
    return tuple(sorted(set(diagnostics), key=Diagnostic.sort_key))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Tell whether anything here refuses the flow."""
    return any(one.severity is Severity.ERROR for one in diagnostics)


def suggest(name: str, known: Iterable[str]) -> str | None:
    """Return a hint: the one near miss, else the allowed names if they are few, else nothing."""
    from difflib import get_close_matches  # only a mistake needs it

    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.7)
    if close:
        return f"did you mean `{close[0]}`?"
    if 0 < len(names) <= 12:
        return "known: " + ", ".join(f"`{one}`" for one in names)
    return None

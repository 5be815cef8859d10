"""What is said about a template: where it refers to, what is wrong with it, why it failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from flowrun.errors import FlowrunError
from flowrun.ids import JsonValue

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a name of the scope, as far as it can be followed without running anything."""

    path: tuple[str | int, ...]
    """`("steps", "report", "output", "city")`; a subscript that is not constant ends it."""
    start: int
    """Offset of the first character in the template's text."""
    end: int
    """Offset after the last character of the path."""
    used_by: str = ""
    """The filter that its value is handed to directly, or `for`; empty otherwise."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """A sound template."""

    references: tuple[Reference, ...] = ()
    """In the order of the text; local names (`for`, `set`, macro arguments) are not among them."""
    native: bool = False
    """The text is exactly one expression, so its value keeps its type."""


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """Why a text is not a template. Offsets count characters of the text."""

    code: str
    """`template/syntax`, `template/unknown-filter` or `template/forbidden`."""
    message: str
    start: int
    end: int
    hint: str | None = None


class Value(Protocol):
    """Something that has a value once the scope is known."""

    def evaluate(self, scope: Mapping[str, object]) -> JsonValue:
        """Return the value. The scope is only read, and its values are never templates.

        Raises:
            ExpressionFailed: a name is missing, or the values do not fit the expression.
        """
        ...


Template = Value
"""A compiled text: its native value if it is exactly one expression, else a text."""


class ExpressionFailed(FlowrunError):
    """An expression that has no value in this scope. Says which expression, and what is missing."""

    def __init__(self, expression: str, reason: str) -> None:
        shown = " ".join(expression.split())
        if len(shown) > _SHOWN:
            shown = shown[: _SHOWN - 1] + "…"
        tagged = shown if "{{" in shown or "{%" in shown else f"{{{{ {shown} }}}}"
        super().__init__(f"`{tagged}`: {reason}")
        self.expression = expression
        self.reason = reason


class Refused(Exception):
    """An operation said no; the evaluation that meets it adds which expression it was."""

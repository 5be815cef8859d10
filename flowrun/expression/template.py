"""Templates: analyse, compile, evaluate. The one door of this room.

A template is text with `{{ expressions }}`; `{% if %}`, `{% for %}`, `{% set %}` and `{# notes #}`
work inside it. A text that is exactly one expression keeps its value's type. The values put in are
data and are never read as templates. What is in scope is the caller's business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flowrun.expression.plain import analyse_plain, is_template, read_plain, read_plain_expression
from flowrun.expression.terms import (
    Analysis,
    ExpressionFailed,
    Reference,
    Template,
    TemplateProblem,
    Value,
)
from flowrun.ids import JsonValue

__all__ = [
    "Analysis",
    "ExpressionFailed",
    "Reference",
    "Template",
    "TemplateProblem",
    "Value",
    "analyse",
    "analyse_expression",
    "compile_expression",
    "compile_template",
    "compile_value",
    "is_template",
    "only_inserts",
]


def analyse(text: str) -> Analysis | TemplateProblem:
    """Return what a text refers to and whether it is native, or the first thing wrong with it."""
    if not is_template(text):
        return Analysis()
    plain = read_plain(text)
    if plain is not None:
        return analyse_plain(plain)
    from flowrun.expression.engine import analyse_with_jinja  # loaded only where it is needed

    return analyse_with_jinja(text, bare=False)


def analyse_expression(text: str) -> Analysis | TemplateProblem:
    """As `analyse`, for a text that is always one expression, with or without its braces."""
    outer = text.strip()
    if _is_braced(outer):
        found = analyse(outer)
        if isinstance(found, Analysis) and not found.native:
            found = TemplateProblem("template/syntax", _TWO, 0, len(outer), "leave out the braces")
        return _shifted(found, text.index("{{"))
    plain = read_plain_expression(text)
    if plain is not None:
        return analyse_plain(plain)
    from flowrun.expression.engine import analyse_with_jinja  # loaded only where it is needed

    return _about_braces(analyse_with_jinja(text, bare=True), text)


def only_inserts(text: str) -> bool:
    """Tell whether a text inserts what it refers to and does nothing else: all of it must exist."""
    return read_plain(text) is not None


def compile_template(text: str) -> Template:
    """Compile a text.

    Raises:
        ExpressionFailed: `analyse` finds a problem in it.
    """
    if not is_template(text):
        return _Constant(text)
    plain = read_plain(text)
    if plain is not None:
        return plain
    from flowrun.expression.engine import compile_with_jinja  # loaded only where it is needed

    return compile_with_jinja(text, bare=False)


def compile_expression(text: str) -> Value:
    """As `compile_template`, for a text that is always one expression."""
    if _is_braced(text.strip()):
        return compile_template(text.strip())
    plain = read_plain_expression(text)
    if plain is not None:
        return plain
    from flowrun.expression.engine import compile_with_jinja  # loaded only where it is needed

    return compile_with_jinja(text, bare=True)


def compile_value(value: JsonValue) -> Value:
    """Compile every text in a value; what has nothing to fill in is given back as it is.

    Raises:
        ExpressionFailed: `analyse` finds a problem in one of the texts.
    """
    match value:
        case str():
            return compile_template(value)
        case Mapping():
            fields = {key: compile_value(one) for key, one in value.items()}
            if all(isinstance(one, _Constant) for one in fields.values()):
                return _Constant(value)
            return _Object(fields)
        case list() | tuple():
            items = [compile_value(one) for one in value]
            if all(isinstance(one, _Constant) for one in items):
                return _Constant(value)
            return _List(items)
        case _:
            return _Constant(value)


@dataclass(frozen=True, slots=True)
class _Constant:
    """A value with nothing to fill in."""

    value: JsonValue

    def evaluate(self, scope: Mapping[str, object]) -> JsonValue:
        return self.value


@dataclass(frozen=True, slots=True)
class _Object:
    fields: Mapping[str, Value]

    def evaluate(self, scope: Mapping[str, object]) -> JsonValue:
        return {key: one.evaluate(scope) for key, one in self.fields.items()}


@dataclass(frozen=True, slots=True)
class _List:
    items: list[Value]

    def evaluate(self, scope: Mapping[str, object]) -> JsonValue:
        return [one.evaluate(scope) for one in self.items]


_TWO = "expected one expression, found a text with several"
_BRACES = re.compile(r"\{[{%]|[}%]\}")


def _about_braces(found: Analysis | TemplateProblem, text: str) -> Analysis | TemplateProblem:
    """Braces around a part of an expression are what is wrong, not what they may mean in one."""
    braces = _BRACES.search(text)
    if isinstance(found, Analysis) or found.code != "template/syntax" or braces is None:
        return found
    said = f"expected an expression without braces inside, found `{braces.group()}`"
    return TemplateProblem(found.code, said, *braces.span(), "leave out the braces")


def _is_braced(text: str) -> bool:
    return text.startswith("{{") and text.endswith("}}")


def _shifted(found: Analysis | TemplateProblem, by: int) -> Analysis | TemplateProblem:
    if by == 0:
        return found
    if isinstance(found, TemplateProblem):
        place = (found.start + by, found.end + by)
        return TemplateProblem(found.code, found.message, *place, found.hint)
    moved = [
        Reference(one.path, one.start + by, one.end + by, one.used_by) for one in found.references
    ]
    return Analysis(tuple(moved), native=found.native)

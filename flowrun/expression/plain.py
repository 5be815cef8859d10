"""Texts that hold nothing but `{{ dotted.path }}`: most templates, read without a template engine.

What is not certainly of that form is left to `expression.syntax`; the two agree on every value and
every sentence, which a property test holds them to.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flowrun.expression.lookup import (
    ABSENT,
    TEXT_LIMIT,
    TOO_LONG,
    absence,
    find,
    show,
    to_json,
    unknown_name,
)
from flowrun.expression.terms import Analysis, ExpressionFailed, Reference, Refused
from flowrun.ids import JsonValue

_PATH = (
    r"(?P<path>[A-Za-z][A-Za-z0-9_]*"
    r"(?:\.[A-Za-z][A-Za-z0-9_]*"
    r"|\[(?:-?(?:0|[1-9][0-9]{0,8})|'(?!__)[^'\\\n\r]*'|\"(?!__)[^\"\\\n\r]*\")\])*)"
)
_TAG = re.compile(r"\{\{[ \t\n]*" + _PATH + r"[ \t\n]*\}\}")
_BARE = re.compile(r"[ \t\n]*" + _PATH + r"[ \t\n]*")
_PART = re.compile(r"([A-Za-z][A-Za-z0-9_]*)|\[(?:(-?[0-9]+)|'([^']*)'|\"([^\"]*)\")\]")
_NOT_NAMES = frozenset(
    {
        *("true", "false", "none", "True", "False", "None"),
        *("not", "and", "or", "in", "is", "if", "else"),
        *("loop", "self", "super", "caller", "varargs", "kwargs", "range"),
    }
)
"""First names that mean something of their own."""


@dataclass(frozen=True, slots=True)
class Path:
    """One `{{ dotted.path }}`."""

    text: str
    reference: Reference

    def look_up(self, scope: Mapping[str, object]) -> object:
        """Return what the path leads to."""
        root, *rest = self.reference.path
        value = scope.get(str(root), ABSENT)
        if value is ABSENT:
            raise ExpressionFailed(self.text, unknown_name(str(root)))
        for key in rest:
            found = find(value, key)
            if found is ABSENT:
                raise ExpressionFailed(self.text, absence(value, key))
            value = found
        return value


@dataclass(frozen=True, slots=True)
class PlainExpression:
    """A text that is exactly one path: it keeps its type."""

    path: Path

    def evaluate(self, scope: Mapping[str, object]) -> JsonValue:
        """Return the value the path leads to; see `Value`."""
        value = self.path.look_up(scope)
        if isinstance(value, (str, int)) or value is None:
            return value
        try:
            return to_json(value)
        except Refused as no:
            raise ExpressionFailed(self.path.text, str(no)) from no


@dataclass(frozen=True, slots=True)
class PlainText:
    """Literal pieces and paths in turn: `pieces` has one more than `paths`."""

    pieces: tuple[str, ...]
    paths: tuple[Path, ...]

    def evaluate(self, scope: Mapping[str, object]) -> JsonValue:
        """Return the text with every path filled in; see `Value`."""
        parts = [self.pieces[0]]
        size = len(self.pieces[0])
        for path, piece in zip(self.paths, self.pieces[1:], strict=True):
            shown = _show(path, scope)
            size += len(shown) + len(piece)
            if size > TEXT_LIMIT:
                raise ExpressionFailed(path.text, TOO_LONG)
            parts += (shown, piece)
        return "".join(parts)


def is_template(text: str) -> bool:
    """Tell whether a text has anything to fill in; if not, it stands for itself."""
    if "{" not in text:
        return False
    return "{{" in text or "{%" in text or ("{#" in text and "#}" in text)


def read_plain(text: str) -> PlainExpression | PlainText | None:
    """Return the text's pieces and paths, or None where it takes more than that to read it."""
    if "{%" in text or "{#" in text or "\r" in text:
        return None
    pieces: list[str] = []
    paths: list[Path] = []
    done = 0
    at = text.find("{{")
    while at >= 0:
        found = _TAG.match(text, at)
        path = _path(found) if found else None
        if found is None or path is None:
            return None
        pieces.append(text[done:at])
        paths.append(path)
        done = found.end()
        at = text.find("{{", done)
    pieces.append(text[done:])
    if len(paths) == 1 and pieces == ["", ""]:
        return PlainExpression(paths[0])
    return PlainText(tuple(pieces), tuple(paths))


def read_plain_expression(text: str) -> PlainExpression | None:
    """Return the path that an expression without braces is, or None if it is more than a path."""
    found = _BARE.fullmatch(text)
    path = _path(found) if found else None
    return PlainExpression(path) if path else None


def analyse_plain(plain: PlainExpression | PlainText) -> Analysis:
    """Return where a plain text refers to."""
    if isinstance(plain, PlainExpression):
        return Analysis((plain.path.reference,), native=True)
    return Analysis(tuple(path.reference for path in plain.paths))


def _path(found: re.Match[str]) -> Path | None:
    text = found["path"]
    keys = tuple(_key(part) for part in _PART.finditer(text))
    if keys[0] in _NOT_NAMES:
        return None
    return Path(text, Reference(keys, found.start("path"), found.end("path")))


def _key(part: re.Match[str]) -> str | int:
    name, index, single, double = part.groups()
    if index is not None:
        return int(index)
    return next(one for one in (name, single, double) if one is not None)


def _show(path: Path, scope: Mapping[str, object]) -> str:
    value = path.look_up(scope)
    if isinstance(value, str):
        return value
    try:
        return show(value)
    except Refused as no:
        raise ExpressionFailed(path.text, str(no)) from no

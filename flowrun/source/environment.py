"""Variables in texts: `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, `${secret:NAME}`, `$${`.

Pure: the environment is handed in. What a variable holds goes into the value and nowhere else,
never into a complaint.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flowrun.source.diagnostic import Diagnostic, suggest
from flowrun.source.locate import locate
from flowrun.source.nodes import FROM_ENVIRONMENT, UNKNOWN, Scalar
from flowrun.source.pieces import Pieces
from flowrun.source.scalars import resolve_plain
from flowrun.source.text import Position, Span

SECRET = re.compile(r"\$\{secret:([A-Za-z_][A-Za-z0-9_]*)\}")
"""A reference to a secret; group 1 is its name. It stays in the value until the last moment."""

_REFERENCE = re.compile(r"\$\$\{|\$\{((?:[^{}$]|\$(?!\{))*)(\}?)")
_FORM = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:-|:\?)(.*))?", re.DOTALL)
_NEAR_FORM = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)([-?])")


@dataclass(frozen=True, slots=True)
class _Problem:
    code: str
    message: str
    hint: str | None


def interpolate(
    scalar: Scalar, environ: Mapping[str, str], *, allow_secrets: bool
) -> tuple[Scalar, tuple[Diagnostic, ...]]:
    """Fill the variables of one text in.

    Args:
        scalar: Any scalar; without `${` it is returned as it is.
        environ: The environment.
        allow_secrets: Whether `${secret:NAME}` may stand here. It is left as it is.

    Returns:
        The scalar, and complaints. With complaints its tag is `UNKNOWN`, with values of variables
        `FROM_ENVIRONMENT`, unless it has a tag. An unquoted scalar is
        typed anew: `${PORT}` is a number if the variable holds one.
    """
    if not isinstance(scalar.value, str) or "${" not in scalar.value:
        return scalar, ()
    filling = _Filling(scalar, environ, allow_secrets=allow_secrets)
    value, content = filling.run()
    if filling.complaints:
        unknown = Scalar(scalar.value, scalar.span, scalar.content, UNKNOWN)
        return unknown, tuple(filling.complaints)
    tag = scalar.tag or (FROM_ENVIRONMENT if filling.took_values else None)
    if scalar.is_plain and scalar.tag is None:
        typed = resolve_plain(value)
        if not isinstance(typed, str):
            return Scalar(typed, scalar.span, (), tag), ()
    return Scalar(value, scalar.span, content, tag), ()


def misplaced_secrets(scalar: Scalar) -> tuple[Diagnostic, ...]:
    """Complain of each secret in a text that may hold none."""
    if not isinstance(scalar.value, str) or "${secret:" not in scalar.value:
        return ()
    return tuple(
        _misplaced(locate(scalar, one.start(), len(one.group())))
        for one in SECRET.finditer(scalar.value)
    )


class _Filling:
    """The filling of one text."""

    def __init__(self, scalar: Scalar, environ: Mapping[str, str], *, allow_secrets: bool) -> None:
        self.complaints: list[Diagnostic] = []
        self.took_values = False
        self._scalar = scalar
        self._text = str(scalar.value)
        self._environ = environ
        self._allow_secrets = allow_secrets
        self._parts: list[str] = []
        self._size = 0
        self._content: list[tuple[int, Span]] = []
        self._piece = 0
        self._secrets = 0

    def run(self) -> tuple[str, Pieces]:
        """Return the filled text and where its characters stand."""
        cursor = 0
        for match in _REFERENCE.finditer(self._text):
            self._keep(cursor, match.start())
            cursor = match.end()
            span = locate(self._scalar, match.start(), len(match.group()))
            replacement = self._replacement(match, span)
            if replacement is None:
                self._keep(match.start(), match.end())
            elif replacement:
                self._append(replacement, span)
        self._keep(cursor, len(self._text))
        value = "".join(self._parts)
        if self._allow_secrets and len(SECRET.findall(value)) != self._secrets:
            self._complain_of_composed_secret()
        return value, tuple(self._content)

    def _keep(self, start: int, end: int) -> None:
        """Take characters over as they are, with the places they have. Called in file order."""
        content = self._scalar.content
        while start < end and self._piece < len(content):
            begin, span = content[self._piece]
            is_last = self._piece + 1 == len(content)
            until = len(self._text) if is_last else content[self._piece + 1][0]
            first, last = max(begin, start), min(until, end)
            if first < last:
                whole = first == begin and last == until
                place = span if whole else locate(self._scalar, first, last - first)
                self._content.append((self._size + first - start, place))
            if until > end:
                break
            self._piece += 1
        self._parts.append(self._text[start:end])
        self._size += end - start

    def _append(self, replacement: str, span: Span) -> None:
        if span.start.line == span.end.line:
            place = span
        else:
            place = Span(span.path, span.start, Position(span.start.line, span.start.column + 1))
        self._content.append((self._size, place))
        self._parts.append(replacement)
        self._size += len(replacement)

    def _replacement(self, match: re.Match[str], span: Span) -> str | None:
        """Return what stands for a reference; None for one that is left as it is."""
        if match.group() == "$${":
            return "${"
        if SECRET.match(self._text, match.start()):
            self._secrets += 1
            if not self._allow_secrets:
                self.complaints.append(_misplaced(span))
            return None
        found = self._value(match)
        if isinstance(found, str):
            return found
        self.complaints.append(
            Diagnostic(code=found.code, message=found.message, span=span, hint=found.hint)
        )
        return None

    def _complain_of_composed_secret(self) -> None:
        self.complaints.append(
            Diagnostic(
                code="env/syntax",
                message="variables and escapes must not put a `${secret:...}` together",
                span=self._scalar.span,
                hint="write the reference to the secret itself",
            )
        )

    def _value(self, match: re.Match[str]) -> str | _Problem:
        inner, closed = match.group(1), match.group(2)
        if not closed:
            return _not_closed(self._text, match)
        form = _FORM.fullmatch(inner)
        if form is None:
            return _bad_form(inner)
        name, operator, argument = form.groups()
        value = self._environ.get(name)
        if value or (value is not None and operator is None):
            self.took_values = True
            return value
        if operator == ":-":
            return str(argument)
        return self._missing(name, argument if operator else None)

    def _missing(self, name: str, said: str | None) -> _Problem:
        hint = f"set `{name}`, or give a default: `${{{name}:-...}}`"
        if said:
            return _Problem("env/missing", f"environment variable `{name}`: {said.strip()}", hint)
        near = suggest(name, self._environ)
        if near is not None and near.startswith("did you mean"):
            hint = near
        return _Problem("env/missing", f"environment variable `{name}` is not set", hint)


def _misplaced(span: Span) -> Diagnostic:
    return Diagnostic(
        code="secret/not-here",
        message="a secret may not stand here",
        span=span,
        hint="name it in a tool's `env`, or in `api_key` or `headers` of an endpoint",
    )


def _not_closed(text: str, match: re.Match[str]) -> _Problem:
    if text[match.end() : match.end() + 1] in ("$", "{"):
        message = "a default cannot hold braces or another `${...}`"
        return _Problem("env/syntax", message, "write the default out; `$${` is a literal `${`")
    hint = "close it: `${NAME}`; for a literal `${` write `$${`"
    return _Problem("env/syntax", "`}` expected after `${`", hint)


def _bad_form(inner: str) -> _Problem:
    message = "`${NAME}`, `${NAME:-default}` or `${NAME:?message}` expected"
    near = _NEAR_FORM.match(inner)
    hint = "for a literal `${` write `$${`"
    if near is not None:
        hint = f"write `${{{near.group(1)}:{near.group(2)}...}}`, with a colon"
    elif inner.startswith("secret:"):
        hint = "a secret is named like a variable: letters, digits and `_`"
    return _Problem("env/syntax", message, hint)

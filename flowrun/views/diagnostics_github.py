"""A report as GitHub workflow commands, which become annotations of a pull request."""

from flowrun.source.diagnostic import Diagnostic, Severity
from flowrun.source.report import Report

MOST_COMMANDS = 10
"""Annotations that GitHub shows of one step."""


def render_github(report: Report) -> str:
    """Return a command a line, errors first; what is beyond GitHub's limit is counted."""
    worst = sorted(report.diagnostics, key=lambda one: one.severity is not Severity.ERROR)
    if len(worst) <= MOST_COMMANDS:
        return "".join(_command(one) for one in worst)
    shown = worst[: MOST_COMMANDS - 1]
    more = f"::notice title=flowrun::{len(worst) - len(shown)} more, see summary\n"
    return "".join(_command(one) for one in shown) + more


def _command(one: Diagnostic) -> str:
    span = one.span
    properties = {"file": span.path, "line": span.start.line, "endLine": span.end.line}
    if span.start.line == span.end.line:  # columns mean nothing over several lines
        properties |= {"col": span.start.column, "endColumn": span.end.column}
    properties["title"] = one.code
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    message = one.message if one.hint is None else f"{one.message}\nhelp: {one.hint}"
    return f"::{one.severity} {written}::{_escaped(message)}\n"


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

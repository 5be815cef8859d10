"""A report of complaints in the form that was asked for: text, JSON, SARIF or GitHub commands.

Each form is a module of its own, imported when asked for: a check that prints text does not pay
for the catalogue's pages, which only SARIF quotes.
"""

from typing import Literal, TypeAlias

from flowrun.source.report import Report

ReportForm: TypeAlias = Literal["text", "json", "sarif", "github"]

WIDTH = 100
"""Columns of an excerpt when nobody says how wide the terminal is."""


def render_report(
    report: Report,
    form: str = "text",
    *,
    width: int = WIDTH,
    ascii_only: bool = False,
    colour: bool = False,
) -> str:
    """Return a report as text that ends with a line feed; empty for text without complaints.

    Args:
        report: What to show, in order.
        form: One of `ReportForm`.
        width: Columns that an excerpt may take. For text alone, as are the next two.
        ascii_only: Whether to do without `…`, arrows and letters beyond ASCII.
        colour: Whether to paint for a terminal.

    Raises:
        ValueError: There is no such form.
    """
    match form:
        case "text":
            from flowrun.views.diagnostics_text import render_text

            return render_text(report, width=width, ascii_only=ascii_only, colour=colour)
        case "json":
            from flowrun.views.diagnostics_json import render_json

            return render_json(report)
        case "sarif":
            from flowrun.views.diagnostics_sarif import render_sarif

            return render_sarif(report)
        case "github":
            from flowrun.views.diagnostics_github import render_github

            return render_github(report)
        case _:
            raise ValueError(form)

"""What several commands do alike: load or refuse, and show findings."""

import os
import sys
from typing import IO

from flowrun.app.load import Loaded, load_flow
from flowrun.cli.streams import deliver
from flowrun.source.report import Report
from flowrun.views.diagnostics import WIDTH, render_report
from flowrun.views.text import use_colour

FORMATS = ("text", "json", "sarif", "github")


def load_or_exit(path: str, *, quiet: bool = False) -> Loaded:
    """Return a flow that has a plan; warnings go to stderr unless it is to be quiet.

    Raises:
        InvalidSource: it has none; `cli.main` shows why and exits 3.
    """
    loaded = load_flow(path)
    loaded.require_plan()
    if not quiet:
        show_report(loaded.report, sys.stderr)
    return loaded


def show_report(report: Report, stream: IO[str], form: str = "text") -> None:
    """Write findings; as text, nothing is written when there are none.

    Raises:
        OutputLost: they cannot be written.
    """
    if form == "text" and not report.diagnostics:
        return
    terminal = stream.isatty()
    text = render_report(
        report,
        form,
        width=_columns(stream) if terminal else WIDTH,
        ascii_only=terminal and os.environ.get("TERM") == "dumb",
        colour=use_colour(stream, os.environ),
    )
    deliver(text, stream)


def _columns(stream: IO[str]) -> int:
    """Return how wide a terminal is; many that are made by programs say nothing, or 0."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or WIDTH
    except OSError:
        return WIDTH

"""What several commands do alike: load or refuse, show findings, and exit by how a run stands."""

import os
import sys
from pathlib import Path
from typing import IO

from flowrun.app.load import Loaded, load_flow
from flowrun.app.project import Project, find_root, open_project
from flowrun.source.report import Report
from flowrun.views.diagnostics import WIDTH, render_report
from flowrun.views.text import use_colour

FORMATS = ("text", "json", "sarif", "github")


def load_or_exit(path: str) -> Loaded:
    """Return a flow that has a plan; warnings go to stderr.

    Raises:
        InvalidSource: it has none; `cli.main` shows why and exits 3.
    """
    loaded = load_flow(path)
    loaded.require_plan()
    show_report(loaded.report, sys.stderr)
    return loaded


def show_report(report: Report, stream: IO[str], form: str = "text") -> None:
    """Write findings; as text, nothing is written when there are none."""
    if form == "text" and not report.diagnostics:
        return
    terminal = stream.isatty()
    text = render_report(
        report,
        form,
        width=os.get_terminal_size(stream.fileno()).columns if terminal else WIDTH,
        ascii_only=terminal and os.environ.get("TERM") == "dumb",
        colour=use_colour(stream, os.environ),
    )
    stream.write(text)


def here() -> Project:
    """Return the project around the current directory."""
    return open_project(find_root(Path.cwd()), os.environ)

"""`flowrun doctor`: this machine and this project, in a form fit for an issue."""

import os
import shutil
import sys
from collections.abc import Iterator

import click

from flowrun.app.doctor import Finding, count_broken, examine
from flowrun.app.project import here
from flowrun.views.doctor import findings_object, findings_text
from flowrun.views.text import pretty_json, use_colour


@click.command(name="doctor", short_help="Report on this machine and project.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How the report is written.",
)
def command(form: str) -> int:
    """Report on this machine and project: versions, settings, store, endpoints, terminal, Git.

    Nothing is written and no network is asked. Keys are reported as present or missing, never
    shown. Exit code 1 when something is broken.
    """
    findings = (*examine(here(), os.environ), *_terminal())
    if form == "json":
        click.echo(pretty_json(findings_object(findings)))
    else:
        colour = use_colour(sys.stdout, os.environ)
        click.echo(findings_text(findings, colour=colour), nl=False, color=colour)
    return 1 if count_broken(findings) else 0


def _terminal() -> Iterator[Finding]:
    section = "terminal"
    for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
        kind = "a terminal" if stream.isatty() else "not a terminal"
        yield Finding(section, name, "ok", f"{kind}, {stream.encoding}")
    size = shutil.get_terminal_size()
    kind = os.environ.get("TERM") or "not set"
    yield Finding(section, "TERM", "ok", f"{kind}, {size.columns} columns, {size.lines} lines")
    colour = "yes" if use_colour(sys.stderr, os.environ) else "no"
    yield Finding(section, "colour", "ok", colour)

"""Options and rows that several of the `runs` commands share."""

from dataclasses import asdict

import click

from flowrun.app.project import Project, told_apart
from flowrun.ports.engine import FlowRunHead
from flowrun.views.runs import RunRow

FORM = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
PROJECT = click.option(
    "--project", "folder", metavar="DIR", help="A folder of the project; otherwise the current one."
)
ENDPOINT = click.option("--endpoint", metavar="ENDPOINT", help="Who answers from now on.")
PLAIN = click.option("--plain", is_flag=True, help="Lines instead of a live table.")
QUIET = click.option("-q", "--quiet", is_flag=True, help="No narrative on standard error.")
NO_ASK = click.option(
    "--no-ask", is_flag=True, help="Ask nothing on the terminal; stop when a person is waited for."
)
SENDER = click.option("--as", "sender", metavar="NAME", help="Who you are; otherwise your login.")


def row_of(head: FlowRunHead, project: Project) -> RunRow:
    """Return a run as the views take it."""
    return RunRow(**asdict(head), project=told_apart(project.root))

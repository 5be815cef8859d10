"""Options and rows that several of the `runs` commands share."""

from dataclasses import asdict

import click

from flowrun.app.project import Project, told_apart
from flowrun.errors import BadRequest
from flowrun.ports.engine import FlowRunHead
from flowrun.views.commands import resume_command
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


def named_sender(given: str | None) -> str:
    """Return who answers or cancels: as `--as` says, on one line, or by the login.

    Raises:
        BadRequest: `--as` names nobody.
    """
    if given is None:
        from flowrun.cli.terminal import who_asks  # a list of runs needs no terminal

        return who_asks()
    name = " ".join(given.split())
    if not name:
        raise BadRequest("expected a name after `--as`")
    return name


def row_of(head: FlowRunHead, project: Project) -> RunRow:
    """Return a run as the views take it."""
    return RunRow(**asdict(head), project=told_apart(project.root))


def resumable(run_id: str, project: Project) -> str:
    """Return the command that goes on with a run, to be typed where we are."""
    return resume_command(run_id, told_apart(project.root))

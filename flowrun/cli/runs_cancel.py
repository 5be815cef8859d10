"""`flowrun runs cancel`: end a run for good."""

import asyncio
import os

import click

from flowrun.app.cancel import cancel_run
from flowrun.app.project import project_around
from flowrun.cli.run_options import PROJECT, QUIET, SENDER, named_sender
from flowrun.cli.streams import tell


@click.command(name="cancel")
@click.argument("run_id", metavar="RUN")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept with the run.")
@SENDER
@PROJECT
@QUIET
def command(
    run_id: str, reason: str, sender: str | None, folder: str | None, *, quiet: bool
) -> int:
    """Cancel a run: one that is executed elsewhere, that waits, or that crashed.

    Nothing new begins, models and programs at work are stopped, and the run is over for good. What
    was finished is kept.
    """
    project = project_around(folder, os.environ)
    who = named_sender(sender)
    asyncio.run(cancel_run(project, run_id, by=who, reason=reason))
    if not quiet:
        tell(f"run {run_id} cancelled")
    return 0

"""`flowrun runs resume`: go on with a run."""

import asyncio
import os

import click

from flowrun.app.execute import resume_run
from flowrun.app.project import project_around
from flowrun.cli.audience import OUTPUT_FORMATS, carry_out
from flowrun.cli.run_options import ENDPOINT, NO_ASK, PLAIN, PROJECT, QUIET


@click.command(name="resume")
@click.argument("run_id", metavar="RUN")
@PROJECT
@ENDPOINT
@click.option("--format", "form", type=click.Choice(OUTPUT_FORMATS), default="text")
@click.option("--force", is_flag=True, help="Go on even with a run that keeps killing its process.")
@NO_ASK
@PLAIN
@QUIET
def command(
    run_id: str,
    folder: str | None,
    endpoint: str | None,
    form: str,
    *,
    force: bool,
    no_ask: bool,
    plain: bool,
    quiet: bool,
) -> int:
    """Go on with a parked or crashed run, by the plan it was started with."""
    project = project_around(folder, os.environ)
    return asyncio.run(
        carry_out(
            lambda occasion: resume_run(
                project, run_id, endpoint=endpoint, occasion=occasion, force=force
            ),
            form=form,
            live=not plain and not quiet,
            quiet=quiet,
            ask=not no_ask,
        )
    )

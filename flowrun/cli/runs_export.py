"""`flowrun runs export`: a run as one document."""

import os
import sys
from pathlib import Path

import click

from flowrun.app.project import project_around
from flowrun.app.runs import export_run
from flowrun.cli.run_options import PROJECT, row_of
from flowrun.cli.streams import deliver
from flowrun.errors import ProjectError
from flowrun.views.export import export_object
from flowrun.views.text import pretty_json


@click.command(name="export")
@click.argument("run_id", metavar="RUN")
@click.option("-o", "--output", metavar="FILE", help="Write it there, not to standard output.")
@PROJECT
def command(run_id: str, output: str | None, folder: str | None) -> int:
    """Write a run out as one JSON document: head, plan, setting, inputs and every event.

    It holds no secrets: those are in no plan and in no event, and values of environment variables
    are left out. `flowrun schema export` describes it.
    """
    project = project_around(folder, os.environ)
    run = export_run(project, run_id)
    document = export_object(
        row_of(run.head, project),
        plan=run.plan,
        origin=run.setting.origin,
        environment=run.setting.environment,
        only=run.setting.only,
        events=run.events,
    )
    text = pretty_json(document) + "\n"
    if output is None:
        deliver(text, sys.stdout)
        return 0
    try:
        Path(output).write_text(text, "utf-8")
    except OSError as failure:
        reason = (failure.strerror or "no reason given").lower()
        raise ProjectError(f"`{output}` cannot be written: {reason}") from failure
    return 0

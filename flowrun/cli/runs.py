"""`flowrun runs`: what ran, what it did, and going on with what was left."""

import asyncio
import os
import sys
from dataclasses import asdict

import click

from flowrun.app.execute import resume_run
from flowrun.app.project import Project, project_around, told_apart
from flowrun.app.runs import StoredRun, list_runs, show_run
from flowrun.cli.audience import OUTPUT_FORMATS, carry_out
from flowrun.cli.streams import deliver
from flowrun.clock import SystemClock
from flowrun.ports.engine import FlowRunHead
from flowrun.views.run_result import RunSummary, fold
from flowrun.views.runs import RunRow, run_object, run_text, runs_object, runs_text
from flowrun.views.text import neutralise, pretty_json

_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


_PROJECT = click.option(
    "--project", "folder", metavar="DIR", help="A folder of the project; otherwise the current one."
)


@click.group(name="runs", short_help="List, show and resume runs.")
def command() -> None:
    """Look at runs and go on with them.

    \b
      flowrun runs list
      flowrun runs show weather-report-k3m9x2pq
      flowrun runs resume weather-report-k3m9x2pq

    The store is that of the project around the current directory, or around `--project DIR`.
    """


@command.command(name="list")
@_PROJECT
@_FORMAT
def list_command(folder: str | None, form: str) -> int:
    """List runs, the latest first."""
    project = project_around(folder, os.environ)
    rows = [_row(head, project) for head in list_runs(project)]
    if form == "json":
        deliver(pretty_json(runs_object(rows)) + "\n", sys.stdout)
    else:
        deliver(runs_text(rows, now=SystemClock().now()), sys.stdout)
    return 0


@command.command(name="show")
@click.argument("run_id", metavar="RUN")
@click.option("--full", is_flag=True, help="Long texts in full.")
@_PROJECT
@_FORMAT
def show_command(run_id: str, folder: str | None, form: str, *, full: bool) -> int:
    """Show one run: steps, tool calls with arguments and results, tokens, timings."""
    project = project_around(folder, os.environ)
    stored = show_run(project, run_id)
    row, summary = _row(stored.head, project), _summary(stored)
    if form == "json":
        deliver(pretty_json(run_object(row, summary)) + "\n", sys.stdout)
    else:
        deliver(neutralise(run_text(row, summary, full=full)), sys.stdout)
    return 0


@command.command(name="resume")
@click.argument("run_id", metavar="RUN")
@_PROJECT
@click.option("--endpoint", metavar="ENDPOINT", help="Who answers from now on.")
@click.option("--format", "form", type=click.Choice(OUTPUT_FORMATS), default="text")
@click.option("--plain", is_flag=True, help="Lines instead of a live table.")
@click.option("-q", "--quiet", is_flag=True, help="No narrative on standard error.")
def resume_command(
    run_id: str, folder: str | None, endpoint: str | None, form: str, *, plain: bool, quiet: bool
) -> int:
    """Go on with a parked or crashed run, by the plan it was started with."""
    project = project_around(folder, os.environ)
    return asyncio.run(
        carry_out(
            lambda occasion: resume_run(
                project,
                run_id,
                endpoint=endpoint,
                occasion=occasion,
            ),
            form=form,
            live=not plain and not quiet,
            quiet=quiet,
        )
    )


def _row(head: FlowRunHead, project: Project) -> RunRow:
    return RunRow(**asdict(head), project=told_apart(project.root))


def _summary(stored: StoredRun) -> RunSummary:
    steps = [step.name for step in stored.plan.steps]
    return fold(stored.head.run_id, stored.events, steps=steps)

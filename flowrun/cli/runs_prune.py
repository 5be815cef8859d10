"""`flowrun runs prune`: delete old runs."""

import asyncio
import os
import sys

import click

from flowrun.app.project import project_around
from flowrun.app.prune import TERMINAL, Retention, prune_runs
from flowrun.cli.run_options import FORM, PROJECT
from flowrun.cli.runs_list import read_age
from flowrun.cli.streams import deliver
from flowrun.clock import SystemClock
from flowrun.ports.engine import FlowRunStatus
from flowrun.views.runs import pruned_object, pruned_text
from flowrun.views.text import pretty_json


@click.command(name="prune")
@click.option(
    "--older-than", "age", required=True, metavar="AGE", help="Runs that ended before: `30d`."
)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(sorted(TERMINAL)),
    help="Only runs that ended so; may be given again.",
)
@click.option(
    "--keep", type=click.IntRange(min=0), default=0, metavar="N", help="Keep the N latest anyway."
)
@click.option("--dry-run", is_flag=True, help="Delete nothing, only say what would be.")
@PROJECT
@FORM
def command(
    age: str,
    statuses: tuple[FlowRunStatus, ...],
    keep: int,
    folder: str | None,
    form: str,
    *,
    dry_run: bool,
) -> int:
    """Delete runs that are over: their journals, and the threads that were theirs alone.

    \b
      flowrun runs prune --older-than 30d --dry-run
      flowrun runs prune --older-than 12h --status completed --keep 100

    Runs that wait, that crashed or that are at work are never deleted; threads with a `key` stay.
    """
    retention = Retention(
        before=SystemClock().now() - read_age(age),
        statuses=frozenset(statuses) or TERMINAL,
        keep=keep,
    )
    project = project_around(folder, os.environ)
    pruned = asyncio.run(prune_runs(project, retention, dry_run=dry_run))
    facts = (pruned.run_ids, pruned.weight, pruned.threads)
    if form == "json":
        deliver(pretty_json(pruned_object(*facts, dry_run=dry_run)) + "\n", sys.stdout)
    else:
        deliver(pruned_text(*facts, dry_run=dry_run), sys.stdout)
    return 0

"""`flowrun runs show`: one run."""

import os
import sys

import click

from flowrun.app.project import project_around
from flowrun.app.runs import StoredRun, show_run
from flowrun.cli.run_options import FORM, PROJECT, row_of
from flowrun.cli.streams import deliver
from flowrun.errors import BadRequest, name_list
from flowrun.views.run_summary import RunSummary, fold
from flowrun.views.run_text import find_step, full_step_object, run_object, run_text, step_text
from flowrun.views.text import neutralise, pretty_json


@click.command(name="show")
@click.argument("run_id", metavar="RUN")
@click.option("--step", metavar="NAME", help="Only this step, or one part of it: `files[3]`.")
@click.option("--full", is_flag=True, help="Long texts in full, and every item.")
@PROJECT
@FORM
def command(run_id: str, step: str | None, folder: str | None, form: str, *, full: bool) -> int:
    """Show one run: steps, tool calls with arguments and results, tokens, cost, what it waits for.

    \b
      flowrun runs show trip-report-k3m9x2pq
      flowrun runs show trip-report-k3m9x2pq --step 'files[3]' --full
    """
    project = project_around(folder, os.environ)
    stored = show_run(project, run_id)
    row, summary = row_of(stored.head, project), _summary(stored)
    if step is not None:
        _show_step(summary, step, form, full=full)
    elif form == "json":
        deliver(pretty_json(run_object(row, summary)) + "\n", sys.stdout)
    else:
        deliver(neutralise(run_text(row, summary, full=full)), sys.stdout)
    return 0


def _show_step(summary: RunSummary, label: str, form: str, *, full: bool) -> None:
    found = find_step(summary, label)
    if found is None:
        names = name_list([step.name for step in summary.steps])
        raise BadRequest(f"run `{summary.run_id}` has no step `{label}`", f"there are {names}")
    if form == "json":
        deliver(pretty_json({"name": label, **full_step_object(found)}) + "\n", sys.stdout)
    else:
        deliver(neutralise(step_text(found, full=full)), sys.stdout)


def _summary(stored: StoredRun) -> RunSummary:
    steps = [step.name for step in stored.plan.steps]
    return fold(stored.head.run_id, stored.events, steps=steps)

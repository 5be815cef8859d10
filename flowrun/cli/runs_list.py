"""`flowrun runs list`: which runs there are."""

import os
import re
import sys
from typing import get_args

import click

from flowrun.app.project import project_around
from flowrun.app.runs import ListedStatus, list_runs
from flowrun.cli.run_options import FORM, PROJECT, row_of
from flowrun.cli.streams import deliver
from flowrun.clock import SystemClock
from flowrun.engines.row_text import storable
from flowrun.errors import BadRequest
from flowrun.ports.engine import FlowRunStatus, RunFilter
from flowrun.views.runs import runs_object, runs_text
from flowrun.views.text import pretty_json

STATUSES = (*get_args(FlowRunStatus), "interrupted")
MOST = 1_000_000
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@click.command(name="list")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(STATUSES),
    help="Only runs in this state; may be given again.",
)
@click.option("--flow", metavar="NAME", help="Only runs of this flow.")
@click.option("--since", metavar="AGE", help="Only runs begun so long ago or later: `2d`, `12h`.")
@click.option(
    "--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many."
)
@PROJECT
@FORM
def command(
    statuses: tuple[ListedStatus, ...],
    flow: str | None,
    since: str | None,
    limit: int,
    folder: str | None,
    form: str,
) -> int:
    """List runs, the latest first."""
    now = SystemClock().now()
    wanted = RunFilter(
        flow=None if flow is None else storable(flow),
        since=None if since is None else now - read_age(since),
        limit=limit,
    )
    project = project_around(folder, os.environ)
    listed = list_runs(project, wanted, frozenset(statuses))
    rows = [row_of(head, project) for head in listed.heads]
    if form == "json":
        deliver(pretty_json(runs_object(rows, more=listed.more)) + "\n", sys.stdout)
    else:
        deliver(runs_text(rows, now=now, more=listed.more), sys.stdout)
    return 0


def read_age(text: str) -> float:
    """Return the seconds of an age as people write it: `90s`, `30m`, `12h`, `2d`, `4w`.

    Raises:
        BadRequest: it is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if match is None:
        raise BadRequest(f"expected an age such as `12h`, `2d` or `4w`, found `{text}`")
    return float(match[1]) * _UNITS[match[2]]

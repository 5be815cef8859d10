"""`flowrun check`: everything that is wrong, before anything runs."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from flowrun.app.load import load_flow
from flowrun.app.project import find_root, here, is_file, is_folder
from flowrun.app.replies import REPLIES_SUFFIX, check_replies, replies_beside
from flowrun.cli.shared import FORMATS, show_report
from flowrun.cli.streams import deliver
from flowrun.errors import ProjectError, plural
from flowrun.source.report import Report, merge_reports


@click.command(name="check", short_help="Say everything that is wrong with flows.")
@click.argument("paths", nargs=-1, metavar="[FLOW|DIRECTORY]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How findings are written, on standard output.",
)
def command(paths: tuple[str, ...], form: str) -> int:
    """Check flows: YAML, keys, references, templates, cycles, tools; and the replies beside them.

    \b
      flowrun check flows/report.flow.yaml
      flowrun check flows/ --format github

    A directory stands for every *.flow.yaml below it; nothing at all for the project's `flows/`.
    Nothing is imported, run or asked. Exit code 3 when there is an error, 0 when there is none.
    """
    flows = _flows(paths)
    report = merge_reports(one for path in flows for one in _reports(path))
    show_report(report, sys.stdout, form)
    if form == "text" and not report.diagnostics:
        deliver(f"{plural(len(flows), 'flow')} checked, nothing wrong\n", sys.stdout)
    return 3 if report.errors else 0


def _reports(path: str) -> Iterator[Report]:
    """Yield what is wrong with a flow, and with the replies that would answer it offline."""
    if path.endswith(REPLIES_SUFFIX):
        yield check_replies(path, os.environ)
        return
    yield load_flow(path).report
    replies = replies_beside(path)
    if is_file(Path(replies)):
        yield check_replies(replies, os.environ)


def _flows(paths: tuple[str, ...]) -> list[str]:
    """Return every flow once, directories filled in."""
    found: list[str] = []
    for path in paths or (_own_flows(),):
        if not is_folder(Path(path)):
            found.append(path)
            continue
        below = sorted(str(one) for one in Path(path).rglob("*.flow.yaml"))
        if not below:
            raise ProjectError(f"no *.flow.yaml below `{path}`", "`flowrun init` makes a first one")
        found += below
    return list(dict.fromkeys(found))


def _own_flows() -> str:
    """Return the project's `flows/`, as a path from the current directory."""
    flows = Path(os.path.relpath(find_root(here()) / "flows", here()))
    if not is_folder(flows):
        raise ProjectError(
            "there is no directory `flows` in this project", "name a flow, or a directory of flows"
        )
    return str(flows)

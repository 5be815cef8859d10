"""`flowrun check`: everything that is wrong, before anything runs."""

import sys
from pathlib import Path

import click

from flowrun.app.load import load_flow
from flowrun.app.project import find_root
from flowrun.cli.shared import FORMATS, show_report
from flowrun.errors import ProjectError
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
    """Check flows: YAML, keys, references, templates, cycles, tools.

    \b
      flowrun check flows/report.flow.yaml
      flowrun check flows/ --format github

    A directory stands for every *.flow.yaml below it; nothing at all for the project's `flows/`.
    Nothing is imported, run or asked. Exit code 3 when there is an error, 0 when there is none.
    """
    flows = _flows(paths)
    report = merge_reports(_report(path) for path in flows)
    show_report(report, sys.stdout, form)
    if form == "text" and not report.diagnostics:
        noun = "flow" if len(flows) == 1 else "flows"
        click.echo(f"{len(flows)} {noun} checked, nothing wrong")
    return 3 if report.errors else 0


def _report(path: str) -> Report:
    return load_flow(path).report


def _flows(paths: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for path in paths or (str(find_root(Path.cwd()) / "flows"),):
        if Path(path).is_dir():
            found += sorted(str(one) for one in Path(path).rglob("*.flow.yaml"))
        else:
            found.append(path)
    if not found:
        raise ProjectError(f"no *.flow.yaml below `{paths[0] if paths else 'flows'}`")
    return found

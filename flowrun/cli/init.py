"""`flowrun init`: a small project that runs at once."""

import os
from pathlib import Path

import click

from flowrun.app.init import FLOW_PATH, REPLIES_PATH, make_project

SCHEMAS = ("flow", "project", "replies")


@click.command(name="init", short_help="Make a small project that runs at once.")
@click.argument("directory", default=".", metavar="[DIR]")
def command(directory: str) -> int:
    """Make a small project in DIR, or here: a flow, its replies, a tool, settings, schemas.

    \b
      flowrun init my-project

    It runs offline: a scripted model answers from the replies file. Files that exist are kept.
    """  # \b keeps click from filling the examples
    from flowrun.views.schemas import all_schemas

    schemas = all_schemas()
    made = make_project(Path(directory), {f"{name}.schema.json": schemas[name] for name in SCHEMAS})
    for path in made.written:
        click.echo(f"written  {_joined(directory, path)}", err=True)
    for path in made.kept:
        click.echo(f"kept     {_joined(directory, path)}", err=True)
    click.echo("\nnext:", err=True)
    click.echo(f"  {_next_command(directory)}")
    return 0


def _next_command(directory: str) -> str:
    """Return the command that runs the flow offline, whatever key the environment holds."""
    command = f"flowrun execute {_joined(directory, FLOW_PATH)}"
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        command += f" --endpoint scripted:{_joined(directory, REPLIES_PATH)}"
    return command


def _joined(directory: str, path: str) -> str:
    return (Path(directory) / path).as_posix()

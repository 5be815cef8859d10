"""`flowrun runs`: what ran, what it did, and going on with what was left.

Each command has a file of its own, imported when it is used: a list need not load an engine.
"""

from importlib import import_module

import click

from flowrun.source.collector import collector_paused

COMMANDS: dict[str, str] = {
    "list": "List runs, the latest first.",
    "show": "Show one run: steps, tool calls, tokens, cost, what it waits for.",
    "resume": "Go on with a parked or crashed run.",
    "answer": "Answer what a run asks, and go on with it.",
    "cancel": "Cancel a run.",
    "export": "Write a run out as one JSON document.",
    "prune": "Delete old runs.",
}
"""Name and short help. The file is `cli/runs_NAME.py`."""


class _RunsGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with collector_paused():  # see `cli.main`
            command: click.Command = import_module(f"flowrun.cli.runs_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(name="runs", cls=_RunsGroup, short_help="List runs, answer what they ask, go on.")
def command() -> None:
    """Look at runs, answer what they ask, and go on with them.

    \b
      flowrun runs list --status parked
      flowrun runs show weather-report-k3m9x2pq
      flowrun runs answer refund-desk-x8p2m4ka refund --approve
      flowrun runs resume weather-report-k3m9x2pq

    The store is that of the project around the current directory, or around `--project DIR`.
    """

"""The `flowrun` command: which file holds which command, and what every failure exits with."""

import errno
import os
import re
import sys
from collections.abc import Callable
from importlib import import_module

import click

from flowrun.cli.streams import OutputLost, deliver, secure_streams, settle, silence, tell
from flowrun.errors import FlowrunError, InvalidSource
from flowrun.ids import VERSION
from flowrun.source.collector import collector_paused

COMMANDS: dict[str, str] = {
    "execute": "Run a flow to its end.",
    "check": "Say everything that is wrong with flows, before anything runs.",
    "graph": "Show a flow's plan: lanes, order, what waits for what.",
    "runs": "List, show and resume runs.",
    "schema": "Print a JSON Schema: of flows, projects, replies, results, events.",
    "explain": "Explain a diagnostic code, offline.",
    "init": "Make a small project that runs at once.",
    "doctor": "Report on this machine and project, fit for an issue.",
}
"""Name and short help. The file is `cli/NAME.py`; it is imported when the command is used."""

EXIT_USAGE = 64
EXIT_BUG = 70
EXIT_INTERRUPTED = 130

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO))
"""What a disk under standard output says; every other file that we write has its own sentence."""

HELP = """Execute declarative flows of AI assistants.

\b
  flowrun init my-project                     a first project, runs offline
  flowrun check flows/report.flow.yaml        what is wrong, before anything runs
  flowrun execute flows/report.flow.yaml      run it
  flowrun runs list                           what ran

Exit codes: 0 done, 1 the run failed, 3 configuration invalid, 64 bad usage;
`flowrun explain exit-codes` has them all.
"""


class LazyGroup(click.Group):
    """A group that imports a command's file when it is called, not to list its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every command, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, importing its file."""
        if cmd_name not in COMMANDS:
            return None
        with collector_paused():  # what is imported stays; looking through it is in vain
            command: click.Command = import_module(f"flowrun.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from flowrun.source.diagnostic import suggest  # only a mistyped name needs it

            hint = suggest(name, COMMANDS)
            raise click.UsageError(f"no command `{name}`" + (f": {hint}" if hint else ""), ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, "--version", message="flowrun %(version)s")
def main() -> None:
    """Hold the commands."""


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code. The last place any exception can reach."""
    secure_streams()
    given = sys.argv[1:] if arguments is None else arguments
    command = next((one for one in given[:1] if one in COMMANDS), "none")
    code = exit_code_of(lambda: _dispatch(given), command)
    settle()
    sys.exit(code)


def exit_code_of(work: Callable[[], int], command: str = "none") -> int:
    """Do the work and turn whatever comes of it into an exit code and one sentence on stderr.

    Args:
        work: Returns its own exit code.
        command: What to call the work in a crash file.
    """
    try:
        code = work()
        deliver("", sys.stdout)  # what waits in the buffer
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except (Exception, SystemExit) as failure:  # noqa: BLE001  # the last-resort handler
        return _failed(failure, command)
    return code


def _failed(failure: BaseException, command: str) -> int:
    match failure:
        case click.ClickException():
            return _misused(failure)
        case FlowrunError():
            return _refuse(failure)
        case BrokenPipeError():
            silence(sys.stdout)
            return 0
        case OSError() if failure.errno in _FULL:
            silence(sys.stdout)
            return _refuse(OutputLost(os.strerror(failure.errno).lower()))
        case _:
            return _reported(failure, command)


def _reported(failure: BaseException, command: str) -> int:
    from flowrun.cli.crash import write_crash

    _complain(*write_crash(failure, command))
    return EXIT_BUG


def _refuse(failure: FlowrunError) -> int:
    if isinstance(failure, InvalidSource):
        from flowrun.cli.shared import show_report

        show_report(failure.report, sys.stderr)  # type: ignore[arg-type]  # see InvalidSource
    else:
        _complain(str(failure), failure.hint)
    return failure.exit_code


def _dispatch(given: list[str]) -> int:
    if not given:
        context = main.make_context("flowrun", [], resilient_parsing=True)
        tell(main.get_help(context))
        return EXIT_USAGE
    streams = sys.stdout, sys.stderr
    try:
        result = main.main(args=given, prog_name="flowrun", standalone_mode=False)
    except SystemExit as ended:
        # Click wraps both streams and exits by 1 when the reader of standard output has gone.
        if sys.stdout is streams[0]:
            raise
        sys.stdout, sys.stderr = streams
        raise BrokenPipeError from ended
    return result if isinstance(result, int) else 0


def _misused(failure: click.ClickException) -> int:
    if isinstance(failure, click.exceptions.NoArgsIsHelpError):
        tell(failure.format_message())
        return EXIT_USAGE
    context = failure.ctx if isinstance(failure, click.UsageError) else None
    command = context.command_path if context else "flowrun"
    said = re.sub(r"(?<!\w)'([^'`]*)'", r"`\1`", failure.format_message())
    _complain(f"{said[:1].lower()}{said[1:].rstrip('.')}", f"{command} --help")
    return EXIT_USAGE


def _complain(message: str, hint: str | None = None) -> None:
    from flowrun.views.text import neutralise  # only a complaint needs it

    tell(f"error: {neutralise(message)}")
    if hint:
        tell(f"help: {neutralise(hint)}")

"""How the commands that run something show it, take Ctrl-C, and exit."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from flowrun.app.follow import Occasion, RunOutcome
from flowrun.cli.streams import OutputLost, delivering, silence
from flowrun.cli.terminal import can_ask
from flowrun.cli.watching import TerminalAudience
from flowrun.events.records import FlowRunFinished
from flowrun.views.run_result import result_object, write_outputs
from flowrun.views.run_summary import fold
from flowrun.views.text import pretty_json

OUTPUT_FORMATS = ("text", "json", "jsonl")

Carry = Callable[[Occasion], Awaitable[RunOutcome]]

_EXIT_BY_ERROR = {"denied": 4, "budget": 5, "rejected": 5}
EXIT_WAITING = 5
"""The run waits for a person."""


async def carry_out(carry: Carry, *, form: str, live: bool, quiet: bool, ask: bool = False) -> int:
    """Run something, showing it as it goes; return the exit code.

    The first SIGINT or SIGTERM parks the run; a second SIGINT ends the process at once. A run whose
    events go to a program that has ended is parked, too.

    Args:
        carry: Runs it.
        form: What goes to standard output; see `OUTPUT_FORMATS`.
        live: Whether a table may be drawn.
        quiet: Whether nothing is narrated.
        ask: Whether a person may be asked, if there is one at a terminal.

    Raises:
        OutputLost: the result cannot be written; the run itself stands as it stands.
    """
    received: list[signal.Signals] = []
    loop = asyncio.get_running_loop()
    asks = ask and can_ask()
    with ExitStack() as stack:
        audience = TerminalAudience(form, live=live, quiet=quiet, asks=asks, stack=stack)

        def halt(number: signal.Signals) -> None:
            received.append(number)
            audience.stop.set()
            loop.remove_signal_handler(number)  # the next one is Python's own: KeyboardInterrupt

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, halt, number)
        outcome = await carry(
            Occasion(
                environ=os.environ,
                audience=audience,
                stop=audience.stop,
                asker=audience if asks else None,
            )
        )
        audience.conclude()
    if audience.lost is not None:
        if isinstance(audience.lost, BrokenPipeError):
            silence(sys.stdout)
        else:
            raise OutputLost((audience.lost.strerror or "no reason given").lower())
    write_result(outcome, form)
    return _exit_code(outcome, received)


def write_result(outcome: RunOutcome, form: str) -> None:
    """Write what became of a run to stdout; events have been written already."""
    steps = [step.name for step in outcome.plan.steps]
    summary = fold(outcome.head.run_id, outcome.events, steps=steps)
    with delivering(sys.stdout):
        if form == "json":
            sys.stdout.write(pretty_json(result_object(summary, outcome.project)) + "\n")
        elif form == "text":
            write_outputs(summary, sys.stdout)


def _exit_code(outcome: RunOutcome, received: list[signal.Signals]) -> int:
    match outcome.head.status:
        case "completed":
            return 0
        case "parked" if outcome.head.questions and not received:
            return EXIT_WAITING
        case "parked":
            return 143 if signal.SIGTERM in received else 130
        case _:
            last = outcome.events[-1].event
            code = last.error_code if isinstance(last, FlowRunFinished) else None
            return _EXIT_BY_ERROR.get(code or "", 1)

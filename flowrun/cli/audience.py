"""How the commands that run something show it, take Ctrl-C, and exit."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TextIO, cast

from flowrun.app.execute import Occasion, RunOutcome, RunStart
from flowrun.clock import SystemClock
from flowrun.events.bus import Sink, StampedEvent
from flowrun.events.codec import envelope
from flowrun.events.records import FlowRunFinished
from flowrun.tools.stdout import reserved_stdout
from flowrun.views.run_lines import RunLines
from flowrun.views.run_result import fold, result_object, write_outputs
from flowrun.views.text import pretty_json, use_colour

OUTPUT_FORMATS = ("text", "json", "jsonl")

Carry = Callable[[Occasion], Awaitable[RunOutcome]]

_EXIT_BY_ERROR = {"denied": 4, "budget": 5}


class TerminalAudience:
    """Narrates on stderr, live or line by line; writes events to stdout when asked to."""

    def __init__(
        self, form: str, results: TextIO, *, live: bool, quiet: bool, stack: ExitStack
    ) -> None:
        self._form = form
        self._results = results
        self._live = live and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._quiet = quiet
        self._stack = stack
        self._narrate: Sink = lambda event: None
        self._run_id = ""

    def begin(self, start: RunStart) -> None:
        """Choose how to narrate; tell first what must be told first."""
        self._run_id = start.run_id
        if start.notice:
            print(start.notice, file=sys.stderr)
        if self._quiet:
            return
        colour = use_colour(sys.stderr, os.environ)
        steps = [step.name for step in start.plan.steps]
        if not self._live:
            lines = RunLines(sys.stderr, start.run_id, steps=steps, colour=colour)
            lines.catch_up(start.earlier)
            self._narrate = lines
            return
        from flowrun.views.run_live import RunLive, live_console  # loads rich

        console = live_console(sys.stderr, os.environ, colour=colour)
        view = RunLive(console, start.run_id, steps=steps, clock=SystemClock())
        view.catch_up(start.earlier)
        self._narrate = self._stack.enter_context(view)

    def see(self, event: StampedEvent) -> None:
        """Show an event."""
        if self._form == "jsonl":
            line = envelope(event.event, seq=event.seq, at=event.at, run_id=self._run_id)
            self._results.write(line + "\n")
            self._results.flush()
        self._narrate(event)


async def carry_out(carry: Carry, *, form: str, live: bool, quiet: bool) -> int:
    """Run something, showing it as it goes; return the exit code.

    The first SIGINT or SIGTERM parks the run; a second SIGINT ends the process at once.
    """
    stop = asyncio.Event()
    received: list[signal.Signals] = []
    loop = asyncio.get_running_loop()

    def halt(number: signal.Signals) -> None:
        received.append(number)
        stop.set()
        loop.remove_signal_handler(number)  # the next one is Python's own: KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, halt, number)
    with ExitStack() as stack:
        results = stack.enter_context(reserved_stdout())
        audience = TerminalAudience(form, results, live=live, quiet=quiet, stack=stack)
        outcome = await carry(Occasion(environ=os.environ, audience=audience, stop=stop))
    _conclude(outcome, form)
    return _exit_code(outcome, received)


def _conclude(outcome: RunOutcome, form: str) -> None:
    """Write the result to stdout."""
    steps = [step.name for step in outcome.plan.steps]
    summary = fold(outcome.head.run_id, outcome.events, steps=steps)
    if form == "json":
        sys.stdout.write(pretty_json(result_object(summary)) + "\n")
    elif form == "text":
        write_outputs(summary, sys.stdout)
    sys.stdout.flush()


def _exit_code(outcome: RunOutcome, received: list[signal.Signals]) -> int:
    match outcome.head.status:
        case "completed":
            return 0
        case "parked":
            return 143 if signal.SIGTERM in received else 130
        case _:
            last = cast("FlowRunFinished", outcome.events[-1].event)
            return _EXIT_BY_ERROR.get(last.error_code or "", 1)

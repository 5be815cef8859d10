"""How the commands that run something show it, take Ctrl-C, and exit."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from flowrun.app.execute import Occasion, RunOutcome, RunStart
from flowrun.cli.streams import OutputLost, delivering, silence, tell
from flowrun.clock import SystemClock
from flowrun.events.codec import envelope
from flowrun.events.records import FlowRunFinished
from flowrun.events.stamped import Sink, StampedEvent
from flowrun.tools.stdout import reserved_stdout
from flowrun.views.run_lines import RunLines
from flowrun.views.run_result import fold, result_object, write_outputs
from flowrun.views.text import harmless_json, pretty_json, use_colour

OUTPUT_FORMATS = ("text", "json", "jsonl")

Carry = Callable[[Occasion], Awaitable[RunOutcome]]

_EXIT_BY_ERROR = {"denied": 4, "budget": 5}


class TerminalAudience:
    """Narrates on stderr, live or line by line; writes events to stdout when asked to."""

    def __init__(self, form: str, *, live: bool, quiet: bool, stack: ExitStack) -> None:
        self._form = form
        self._results = stack.enter_context(reserved_stdout())
        self._live = live and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        if form == "jsonl" and self._results.isatty():
            self._live = False  # a table would be drawn over the events
        self._quiet = quiet
        self._stack = stack
        self._narrate: Sink = lambda event: None
        self._run_id = ""
        self.stop = asyncio.Event()
        """Set when the run is to be parked, also by us: when nobody takes the events any more."""
        self.lost: OSError | None = None
        """Why the events do not arrive, if they do not."""

    def begin(self, start: RunStart) -> None:
        """Choose how to narrate; tell first what must be told first."""
        self._run_id = start.run_id
        if start.notice:
            tell(start.notice)
        if self._quiet:
            return
        colour = use_colour(sys.stderr, os.environ)
        steps = [step.name for step in start.plan.steps]
        if not self._live:
            lines = RunLines(
                sys.stderr, start.run_id, steps=steps, project=start.project, colour=colour
            )
            lines.catch_up(start.earlier)
            self._narrate = lines
            return
        from flowrun.views.run_live import RunLive, live_console  # loads rich

        console = live_console(sys.stderr, os.environ, colour=colour)
        view = RunLive(
            console, start.run_id, steps=steps, clock=SystemClock(), project=start.project
        )
        view.catch_up(start.earlier)
        self._narrate = self._stack.enter_context(view)

    def see(self, event: StampedEvent) -> None:
        """Show an event."""
        if self._form == "jsonl":
            line = envelope(event.event, seq=event.seq, at=event.at, run_id=self._run_id)
            self._write(harmless_json(line))
        self._narrate(event)

    def _write(self, line: str) -> None:
        if self.lost is not None:
            return
        try:
            self._results.write(line + "\n")
            self._results.flush()
        except OSError as failure:
            self.lost = failure
            silence(self._results)
            self.stop.set()


async def carry_out(carry: Carry, *, form: str, live: bool, quiet: bool) -> int:
    """Run something, showing it as it goes; return the exit code.

    The first SIGINT or SIGTERM parks the run; a second SIGINT ends the process at once. A run whose
    events go to a program that has ended is parked, too.

    Raises:
        OutputLost: the result cannot be written; the run itself stands as it stands.
    """
    received: list[signal.Signals] = []
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        audience = TerminalAudience(form, live=live, quiet=quiet, stack=stack)

        def halt(number: signal.Signals) -> None:
            received.append(number)
            audience.stop.set()
            loop.remove_signal_handler(number)  # the next one is Python's own: KeyboardInterrupt

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, halt, number)
        outcome = await carry(Occasion(environ=os.environ, audience=audience, stop=audience.stop))
    if audience.lost is not None:
        if isinstance(audience.lost, BrokenPipeError):
            silence(sys.stdout)
        else:
            raise OutputLost((audience.lost.strerror or "no reason given").lower())
    _conclude(outcome, form)
    return _exit_code(outcome, received)


def _conclude(outcome: RunOutcome, form: str) -> None:
    """Write the result to stdout."""
    steps = [step.name for step in outcome.plan.steps]
    summary = fold(outcome.head.run_id, outcome.events, steps=steps)
    with delivering(sys.stdout):
        if form == "json":
            sys.stdout.write(pretty_json(result_object(summary)) + "\n")
        elif form == "text":
            write_outputs(summary, sys.stdout)


def _exit_code(outcome: RunOutcome, received: list[signal.Signals]) -> int:
    match outcome.head.status:
        case "completed":
            return 0
        case "parked":
            return 143 if signal.SIGTERM in received else 130
        case _:
            last = outcome.events[-1].event
            code = last.error_code if isinstance(last, FlowRunFinished) else None
            return _EXIT_BY_ERROR.get(code or "", 1)

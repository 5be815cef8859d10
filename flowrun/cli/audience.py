"""How the commands that run something show it, take Ctrl-C, and exit."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext

from flowrun.app.follow import Occasion, Reply, RunOutcome, RunStart
from flowrun.cli.streams import OutputLost, delivering, silence, tell
from flowrun.cli.terminal import can_ask, read_line, who_asks
from flowrun.clock import SystemClock
from flowrun.errors import AlreadyAnswered
from flowrun.events.codec import envelope
from flowrun.events.records import (
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    QuestionAsked,
)
from flowrun.events.stamped import Sink, StampedEvent
from flowrun.tools.stdout import reserved_stdout
from flowrun.views.run_lines import RunLines
from flowrun.views.run_result import result_object, write_outputs
from flowrun.views.run_summary import fold
from flowrun.views.text import harmless_json, neutralise, pretty_json, use_colour

OUTPUT_FORMATS = ("text", "json", "jsonl")

Carry = Callable[[Occasion], Awaitable[RunOutcome]]

_EXIT_BY_ERROR = {"denied": 4, "budget": 5, "rejected": 5}
EXIT_WAITING = 5
"""The run waits for a person."""


class TerminalAudience:
    """Narrates on stderr, live or line by line; writes events to stdout when asked to.

    It is also the one that asks the person at the terminal, where there is one: what is drawn there
    then gives way.
    """

    def __init__(self, form: str, *, live: bool, quiet: bool, asks: bool, stack: ExitStack) -> None:
        self._form = form
        self._results = stack.enter_context(reserved_stdout())
        self._live = live and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        if form == "jsonl" and self._results.isatty():
            self._live = False  # a table would be drawn over the events
        self._quiet = quiet
        self._asks = asks
        self._stack = stack
        self._narrate: Sink = lambda event: None
        self._giving_way: Callable[[], AbstractContextManager[None]] = nullcontext
        self._withheld: StampedEvent | None = None
        """That the run waits for an answer: not told to somebody who is about to give it."""
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
        self._giving_way = view.suspended

    def see(self, event: StampedEvent) -> None:
        """Show an event."""
        if self._form == "jsonl":
            line = envelope(event.event, seq=event.seq, at=event.at, run_id=self._run_id)
            self._write(harmless_json(line))
        match event.event:
            case FlowRunParked(questions=questions) if self._asks and questions:
                self._withheld = event
            case FlowRunResumed() if self._withheld is not None:
                self._withheld = None
            case _:
                if isinstance(event.event, FlowRunFinished):
                    self._withheld = None
                self._narrate(event)

    async def ask(self, asked: QuestionAsked) -> Reply | None:
        """Ask the person at the terminal; None when they leave the question open."""
        from flowrun.cli.dialogue import converse  # only a run that asks needs it

        with self._giving_way():
            value = await converse(asked, tell, read_line)
        return None if value is None else Reply(value=value, sender=who_asks())

    def refused(self, asked: QuestionAsked, problem: AlreadyAnswered) -> None:
        """Say that somebody else was first."""
        tell(neutralise(str(problem)))

    def conclude(self) -> None:
        """Tell what was withheld, if it is how things stand now."""
        if self._withheld is not None:
            self._narrate(self._withheld)

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

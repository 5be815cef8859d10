"""The person at a terminal, or whoever reads a log of it: told of a run, and asked when it asks."""

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext

from flowrun.app.follow import Reply, RunStart
from flowrun.cli.streams import silence, tell
from flowrun.cli.terminal import forget_typed, read_line, who_asks
from flowrun.clock import SystemClock
from flowrun.events.codec import envelope
from flowrun.events.records import FlowRunFinished, FlowRunParked, FlowRunResumed, QuestionAsked
from flowrun.events.stamped import Sink, StampedEvent
from flowrun.tools.stdout import reserved_stdout
from flowrun.views.run_lines import RunLines
from flowrun.views.text import harmless_json, neutralise, use_colour


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
            forget_typed()
            value = await converse(asked, tell, read_line)
        return None if value is None else Reply(value=value, sender=who_asks())

    def refused(self, asked: QuestionAsked, problem: Exception) -> None:
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

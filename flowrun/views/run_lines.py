"""A run as plain lines, for logs, pipes and `--plain`: one line for everything worth telling.

No cursor movement, no boxes, no streamed text; each line stands alone and says when and where.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from flowrun.events.records import (
    Event,
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
    StepFinished,
    StepStarted,
    ToolCallFinished,
    ToolCallsRequested,
)
from flowrun.events.stamped import StampedEvent
from flowrun.views.run_result import add_usage, resume_command
from flowrun.views.text import Stream, Style, clip, count, elapsed, one_line, pad, paint

ARGUMENT_COLUMNS = 120
SENTENCE_COLUMNS = 500
NAME_COLUMNS = 24


class RunTally:
    """How many steps ended how, and what they used: what the last lines of a run say."""

    def __init__(self, run_id: str, project: str = "") -> None:
        self._again = resume_command(run_id, project)
        self._steps: Counter[str] = Counter()
        self._tokens = 0

    def take(self, event: Event) -> None:
        """Count a finished step."""
        if isinstance(event, StepFinished):
            self._steps[event.status] += 1
            self._tokens += add_usage([event.usage])["total_tokens"]

    def closing(self, event: FlowRunFinished | FlowRunParked) -> list[tuple[str, Style | None]]:
        """Return the last lines of the run, each with its style."""
        if isinstance(event, FlowRunParked):
            reason = clip(event.reason, SENTENCE_COLUMNS)
            return [(f"parked: {reason}", "yellow"), (f"continue with: {self._again}", None)]
        style: Style = "green" if event.status == "completed" else "red"
        lines: list[tuple[str, Style | None]] = [
            (f"{event.status} in {elapsed(event.duration_s)}: {self._said()}", style)
        ]
        if event.error is not None:
            lines.append((f"error: {clip(event.error, SENTENCE_COLUMNS)}", "red"))
        if event.hint is not None:
            lines.append((f"help: {one_line(event.hint)}", None))
        return lines

    def _said(self) -> str:
        ended = [
            f"{count(self._steps[status], 'step')} {status}"
            for status in ("completed", "failed", "skipped")
            if self._steps[status]
        ]
        tokens = [count(self._tokens, "token")] if self._tokens else []
        return ", ".join([*ended, *tokens]) or "no steps"


def opening(run_id: str, event: FlowRunStarted) -> str:
    """Return the first line of a run."""
    return f"run {run_id} (flow {event.flow}, plan {event.plan_digest[:12]})"


class RunLines:
    """A sink that writes a line for each event worth one."""

    def __init__(
        self,
        stream: Stream,
        run_id: str,
        *,
        steps: Sequence[str] = (),
        project: str = "",
        colour: bool = False,
    ) -> None:
        """Write to `stream`; `steps` are names that come, so that columns line up.

        `project` is where the run is to be found, unless that is here.
        """
        self._stream: Stream | None = stream
        self._run_id = run_id
        self._colour = colour
        self._column = min(NAME_COLUMNS, max(map(len, steps), default=0))
        self._began: float | None = None
        self._tally = RunTally(run_id, project)

    def catch_up(self, items: Iterable[StampedEvent]) -> None:
        """Count what happened before a resume, without telling it again."""
        for item in items:
            self._tally.take(item.event)

    def __call__(self, item: StampedEvent) -> None:
        """Tell about an event."""
        if self._began is None:
            self._began = item.at
        self._tally.take(item.event)
        match item.event:
            case FlowRunStarted() as event:
                self._write(opening(self._run_id, event), "bold")
            case FlowRunResumed(entry=entry):
                self._write(f"run {self._run_id} resumed, entry {entry}", "bold")
            case FlowRunFinished() | FlowRunParked() as event:
                for line, style in self._tally.closing(event):
                    self._write(line, style)
            case StepStarted(step=step):
                self._tell(item, step, "started", "dim")
            case StepFinished() as event:
                self._tell_step(item, event)
            case _:
                self._tell_calls(item)

    def _tell_calls(self, item: StampedEvent) -> None:
        match item.event:
            case ToolCallsRequested() as event:
                for call in event.calls:
                    said = clip(f"calls {call.tool} {call.arguments}", ARGUMENT_COLUMNS)
                    self._tell(item, event.step, said, None)
            case ToolCallFinished() as event:
                self._tell_call(item, event)
            case _:
                pass

    def _tell_step(self, item: StampedEvent, event: StepFinished) -> None:
        took = f"in {elapsed(event.duration_s)}"
        reason = "" if event.error is None else ": " + clip(event.error, SENTENCE_COLUMNS)
        match event.status:
            case "completed":
                tokens = add_usage([event.usage])["total_tokens"]
                used = f", {count(tokens, 'token')}" if tokens else ""
                self._tell(item, event.step, f"completed {took}{used}", "green")
            case "failed":
                self._tell(item, event.step, f"failed {took}{reason}", "red")
            case "skipped":
                self._tell(item, event.step, f"skipped{reason}", "yellow")

    def _tell_call(self, item: StampedEvent, event: ToolCallFinished) -> None:
        took = f"{one_line(event.tool)} {event.status} in {elapsed(event.duration_s)}"
        if event.status == "completed":
            self._tell(item, event.step, took, None)
        else:
            said = f"{took} ({event.error}): {clip(event.output, SENTENCE_COLUMNS)}"
            self._tell(item, event.step, said, "yellow")

    def _tell(self, item: StampedEvent, step: str, said: str, style: Style | None) -> None:
        since = elapsed(item.at - (self._began or item.at)).rjust(7)
        self._write(
            f"{since}  {pad(step, self._column)}  {paint(said, style, colour=self._colour)}"
        )

    def _write(self, line: str, style: Style | None = None) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(paint(line, style, colour=self._colour) + "\n")
            self._stream.flush()
        except OSError:
            # Whoever read the narrative has gone. The run goes on: its journal tells the story.
            self._stream = None

"""A run as plain lines, for logs, pipes and `--plain`: one line for everything worth telling.

No cursor movement, no boxes, no streamed text; each line stands alone and says when and where. Of
many items there are a few lines: how far they are, and the first that went wrong.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from flowrun.events.labels import base_label, is_among_items, level_of
from flowrun.events.records import (
    Event,
    FlowRunCancelling,
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
    QuestionAnswered,
    QuestionAsked,
    StepFinished,
    StepRetrying,
    StepStarted,
    ToolCallFinished,
    ToolCallsRequested,
)
from flowrun.events.stamped import StampedEvent
from flowrun.views.questions import answer_text, cancelled_text, question_text
from flowrun.views.run_progress import (
    SENTENCE_COLUMNS,
    Progress,
    RunTally,
    cost_said,
    is_asleep,
)
from flowrun.views.step_summary import add_usage
from flowrun.views.text import Stream, Style, clip, count, elapsed, one_line, pad, paint

ARGUMENT_COLUMNS = 120
NAME_COLUMNS = 24
PROGRESS_LINES = 10
"""Lines that say how far a `foreach` is, at most."""
ITEM_LINES = 5
"""Lines about single items of a step, at most; the others are only counted."""
ITERATION_LINES = 10
"""Iterations of a step that are told one by one; then every tenth."""


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
        self._sleeps = False
        self._progress = Progress()
        self._told: Counter[str] = Counter()
        """Lines about single items, by step."""
        self._tally = RunTally(run_id, project)

    def catch_up(self, items: Iterable[StampedEvent]) -> None:
        """Count what happened before a resume, without telling it again."""
        for item in items:
            self._tally.take(item)
            self._progress.take(item.event)

    def __call__(self, item: StampedEvent) -> None:
        """Tell about an event."""
        if self._began is None:
            self._began = item.at
        self._tally.take(item)
        item_ended = self._progress.take(item.event)
        match item.event:
            case FlowRunStarted() as event:
                self._write(opening(self._run_id, event), "bold")
            case FlowRunResumed(entry=entry):
                if not self._sleeps:  # a timer's end is expected and says nothing
                    self._write(f"run {self._run_id} resumed, entry {entry}", "bold")
            case FlowRunFinished() | FlowRunParked() as event:
                self._sleeps = is_asleep(event)
                for line, style in self._tally.closing(event):
                    self._write(line, style)
            case FlowRunCancelling(by=by, reason=reason):
                self._write(cancelled_text(by, reason), "yellow")
            case _:
                self._tell_event(item)
        if item_ended and isinstance(item.event, StepFinished):
            self._tell_progress(item, item.event.step)

    def _tell_event(self, item: StampedEvent) -> None:
        match item.event:
            case StepStarted() | StepFinished() as event:
                self._tell_step(item, event)
            case StepRetrying() as event:
                wait = elapsed(event.retry_at - item.at)
                said = f"retrying in {wait}: {clip(event.error, SENTENCE_COLUMNS)}"
                self._tell_one(item, event.step, said, "yellow")
            case QuestionAsked(step=step) as event:
                self._tell_one(item, step, f"asks: {question_text(event)}", "yellow")
            case QuestionAnswered(step=step) as event:
                self._tell_one(item, step, answer_text(event), None)
            case ToolCallsRequested(step=step) | ToolCallFinished(step=step):
                if not is_among_items(step):
                    self._tell_calls(item, item.event)
            case _:
                pass

    def _tell_step(self, item: StampedEvent, event: StepStarted | StepFinished) -> None:
        level = level_of(event.step)
        if isinstance(event, StepFinished) and event.status == "failed" and level != "step":
            if level == "item":
                self._tell_one(item, event.step, _ended(event), "red")
        elif is_among_items(event.step) or level == "try":
            pass
        elif level == "iteration":
            self._tell_iteration(item, event)
        elif isinstance(event, StepStarted):
            items = "" if event.items is None else f", {count(event.items, 'item')}"
            self._tell(item, event.step, f"started{items}", "dim")
        else:
            self._tell(item, event.step, _ended(event), _STYLES[event.status])

    def _tell_iteration(self, item: StampedEvent, event: StepStarted | StepFinished) -> None:
        number = self._progress.of(event.step).iteration
        if isinstance(event, StepStarted) and (number <= ITERATION_LINES or number % 10 == 0):
            self._tell(item, base_label(event.step), f"iteration {number}", "dim")

    def _tell_progress(self, item: StampedEvent, label: str) -> None:
        """Say how far the items are, ten times at most."""
        one = self._progress.of(label)
        total = one.total or 0
        if base_label(label) == label or not total:
            return
        if one.over * PROGRESS_LINES // total > (one.over - 1) * PROGRESS_LINES // total:
            over, comma, failed = one.said().partition(",")
            self._tell(item, base_label(label), f"{over} items{comma}{failed}", "dim")

    def _tell_calls(self, item: StampedEvent, event: Event) -> None:
        if isinstance(event, ToolCallsRequested):
            for call in event.calls:
                said = clip(f"calls {call.tool} {call.arguments}", ARGUMENT_COLUMNS)
                self._tell(item, event.step, said, None)
        elif isinstance(event, ToolCallFinished):
            took = f"{one_line(event.tool)} {event.status} in {elapsed(event.duration_s)}"
            if event.status == "completed":
                self._tell(item, event.step, took, None)
            else:
                said = f"{took} ({event.error}): {clip(event.output, SENTENCE_COLUMNS)}"
                self._tell(item, event.step, said, "yellow")

    def _tell_one(self, item: StampedEvent, step: str, said: str, style: Style | None) -> None:
        """Tell about a single item as well, unless it is one of many that went the same way."""
        if is_among_items(step):
            base = base_label(step)
            self._told[base] += 1
            if self._told[base] > ITEM_LINES:
                return
        self._tell(item, step, said, style)

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


_STYLES: dict[str, Style] = {"completed": "green", "failed": "red", "skipped": "yellow"}


def _ended(event: StepFinished) -> str:
    took = f"in {elapsed(event.duration_s)}"
    told = (event.error or "").removeprefix("skipped: ")  # said once, by the status
    reason = ": " + clip(told, SENTENCE_COLUMNS) if told else ""
    if event.status == "completed":
        tokens = add_usage([event.usage])["total_tokens"]
        used = [count(tokens, "token")] if tokens else []
        return ", ".join([f"completed {took}", *used, *cost_said(event.cost_usd)])
    return f"failed {took}{reason}" if event.status == "failed" else f"skipped{reason}"

"""The rows of the live table: what stands in each, and which there is room for.

A row is a step of the plan or of a sub-flow. Items, iterations and tries have none of their own:
their step's row says how far they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flowrun.events.labels import base_label, is_among_items, level_of
from flowrun.events.records import (
    Event,
    MessageDelta,
    QuestionAnswered,
    QuestionAsked,
    StepFinished,
    StepRetrying,
    StepStarted,
    ToolCallFinished,
    ToolCallsRequested,
    ToolCallStarted,
)
from flowrun.events.stamped import StampedEvent
from flowrun.views.questions import question_text
from flowrun.views.run_progress import Progress
from flowrun.views.step_summary import add_usage
from flowrun.views.text import elapsed, say

TAIL_CHARACTERS = 2000
URGENCY = ("asks", "running", "failed", "completed", "skipped", "waiting")
"""States, those first that a person must see."""


@dataclass(slots=True)
class Row:
    """One step as the table shows it."""

    label: str
    state: str = "waiting"
    started_at: float | None = None
    duration_s: float | None = None
    tokens: int = 0
    tool: str = ""
    """What it is calling now."""
    text: str = ""
    """The end of what streamed by, or the last word when the step is over."""
    counted: str = ""
    """How far its items are, or which iteration it is in."""
    note: str = ""
    """What is asked, or why it is tried again."""
    changed: int = 0
    """Counts up over all rows: larger is later."""

    @property
    def name(self) -> str:
        """Its name, indented under the step whose sub-flow it belongs to."""
        outer, _, own = self.label.rpartition("/")
        return "  " * self.label.count("/") + own if outer else own


class Rows:
    """Every row, in plan order; sub-flow steps stand below the step that they belong to."""

    def __init__(self, steps: Sequence[str]) -> None:
        self._rows = {name: Row(name) for name in steps}
        self._progress = Progress()
        self._changes = 0

    def take(self, item: StampedEvent) -> None:
        """Take an event in."""
        self._changes += 1
        self._progress.take(item.event)
        match item.event:
            case StepStarted() as event:
                self._start(event, item.at)
            case StepFinished() as event:
                self._finish(event)
            case StepRetrying(step=step) as event:
                wait = elapsed(event.retry_at - item.at)
                self._row(step).note = f"retrying in {wait}: {event.error}"
            case QuestionAsked(step=step) as event:
                row = self._row(step)
                row.state, row.note = "asks", question_text(event)
            case QuestionAnswered(step=step):
                row = self._row(step)
                row.state, row.note = "running", ""
            case _:
                self._take_work(item.event)

    def all(self) -> list[Row]:
        """Return the rows in the order in which they are shown."""
        return list(self._rows.values())

    def choose(self, limit: int) -> tuple[list[Row], list[Row]]:
        """Return the rows there is room for, in their order, and the others."""
        rows = self.all()
        if len(rows) <= limit:
            return rows, []
        ranked = sorted(rows, key=lambda row: (URGENCY.index(row.state), -row.changed))
        kept = {row.label for row in ranked[:limit]}
        return (
            [row for row in rows if row.label in kept],
            [row for row in rows if row.label not in kept],
        )

    def _take_work(self, event: Event) -> None:
        match event:
            case MessageDelta(step=step, text=text) if not is_among_items(step):
                row = self._row(step)
                row.tool, row.note = "", ""
                row.text = (row.text + text)[-TAIL_CHARACTERS:]
            case ToolCallsRequested(step=step, calls=calls):
                row = self._row(step)
                row.tool, row.text = ", ".join(call.tool for call in calls), ""
            case ToolCallStarted(step=step, tool=tool):
                row = self._row(step)
                row.tool = row.tool or tool
            case ToolCallFinished(step=step):
                self._row(step).tool = ""
            case _:
                pass

    def _start(self, event: StepStarted, at: float) -> None:
        row = self._row(event.step)
        row.state, row.note = "running", ""
        if row.started_at is None:
            row.started_at = at
        if level_of(event.step) == "iteration":
            row.text = ""
        self._count(row, event.step)

    def _finish(self, event: StepFinished) -> None:
        row = self._row(event.step)
        self._count(row, event.step)
        if row.label != event.step:
            if event.status == "failed" and level_of(event.step) == "item":
                row.text = f"{event.step}: {event.error or ''}"
            return
        row.state, row.duration_s, row.tool, row.note = event.status, event.duration_s, "", ""
        row.tokens = add_usage([event.usage])["total_tokens"]
        row.text = (
            (event.error or "").removeprefix("skipped: ")
            or (  # as its state says
                "" if event.output is None else say(event.output)[:TAIL_CHARACTERS]
            )
        )
        for inner in self._rows.values():
            if inner.label.startswith(f"{row.label}/") and inner.state in ("running", "asks"):
                inner.state, inner.tool, inner.note = self._inner_state(inner, event), "", ""

    def _inner_state(self, inner: Row, outer: StepFinished) -> str:
        """Return how a step ended whose end nobody told, being inside of items of another."""
        one = self._progress.of(inner.label)
        if one.over:
            return "failed" if one.failed else "completed"
        return outer.status

    def _count(self, row: Row, label: str) -> None:
        one = self._progress.of(label)
        if one.total is not None or one.over:
            row.counted = one.said()
        elif one.iteration > 1:
            row.counted = f"iteration {one.iteration}"

    def _row(self, label: str) -> Row:
        base = base_label(label)
        row = self._rows.get(base)
        if row is None:
            row = self._insert(base)
        row.changed = self._changes
        return row

    def _insert(self, base: str) -> Row:
        """Put a step of a sub-flow after those there are of the same one."""
        outer, row = base.rpartition("/")[0], Row(base)
        labels = list(self._rows)
        family = [
            at for at, one in enumerate(labels) if one == outer or one.startswith(f"{outer}/")
        ]
        labels.insert(family[-1] + 1 if outer and family else len(labels), base)
        self._rows = {one: self._rows.get(one, row) for one in labels}
        return row

"""How far the steps of a run are, event by event: for lines and for the live table."""

from collections import Counter
from dataclasses import dataclass, field

from flowrun.events.labels import base_label, is_among_items, level_of, number_of
from flowrun.events.questions import open_questions
from flowrun.events.records import (
    Event,
    FlowRunFinished,
    FlowRunParked,
    QuestionAnswered,
    QuestionAsked,
    StepFinished,
    StepStarted,
)
from flowrun.events.stamped import StampedEvent
from flowrun.views.commands import resume_command
from flowrun.views.questions import question_lines
from flowrun.views.step_summary import add_usage
from flowrun.views.text import Style, clip, count, elapsed, one_line

SENTENCE_COLUMNS = 500


@dataclass(slots=True)
class StepProgress:
    """How far one step is."""

    total: int | None = None
    """Items of a `foreach`; None where it is none, or their number is not known."""
    over: int = 0
    """Items that are over."""
    failed: int = 0
    iteration: int = 0
    """Of a `repeat`; 0 before the first."""

    def said(self) -> str:
        """Return `12/40, 2 failed`."""
        of = "" if self.total is None else f"/{self.total}"
        return f"{self.over}{of}" + (f", {self.failed} failed" if self.failed else "")


class Progress:
    """The progress of every step, by its own label."""

    def __init__(self) -> None:
        self._steps: dict[str, StepProgress] = {}

    def of(self, label: str) -> StepProgress:
        """Return how far the step is that the label belongs to."""
        return self._steps.setdefault(base_label(label), StepProgress())

    def take(self, event: Event) -> bool:
        """Count what began or ended; tell whether an item ended."""
        match event:
            case StepStarted(step=label, items=items):
                one = self.of(label)
                if items is not None:
                    one.total = items + (one.total or 0)
                if level_of(label) == "iteration":
                    one.iteration = number_of(label) or 0
            case StepFinished(step=label, status=status) if _is_item(label):
                one = self.of(label)
                one.over += 1
                one.failed += status == "failed"
                return True
            case _:
                pass
        return False


def _is_item(label: str) -> bool:
    return is_among_items(label) and level_of(label) in ("step", "item")


@dataclass(slots=True)
class RunTally:
    """How many steps ended how, and what they used: what the last lines of a run say."""

    run_id: str
    project: str = ""
    """Where the run is to be found, unless that is here."""
    _steps: Counter[str] = field(default_factory=Counter)
    _tokens: int = 0
    _asked: list[StampedEvent] = field(default_factory=list)

    def take(self, item: StampedEvent) -> None:
        """Count a finished step of the flow itself; keep what is asked."""
        event = item.event
        if isinstance(event, StepFinished) and event.step.isidentifier():
            self._steps[event.status] += 1
            self._tokens += add_usage([event.usage])["total_tokens"]
        if isinstance(event, QuestionAsked) or (
            self._asked and isinstance(event, QuestionAnswered | StepFinished)
        ):
            self._asked.append(item)

    def closing(self, event: FlowRunFinished | FlowRunParked) -> list[tuple[str, Style | None]]:
        """Return the last lines of the run, each with its style."""
        if isinstance(event, FlowRunParked):
            return self._parked(event)
        style: Style = "green" if event.status == "completed" else "red"
        lines: list[tuple[str, Style | None]] = [
            (f"{event.status} in {elapsed(event.duration_s)}: {self._said(event)}", style)
        ]
        if event.error is not None:
            lines.append((f"error: {clip(event.error, SENTENCE_COLUMNS)}", "red"))
        if event.hint is not None:
            lines.append((f"help: {one_line(event.hint)}", None))
        return lines

    def _parked(self, event: FlowRunParked) -> list[tuple[str, Style | None]]:
        reason = clip(event.reason, SENTENCE_COLUMNS)
        again = resume_command(self.run_id, self.project)
        asked = [one for one in open_questions(self._asked) if one.question in event.questions]
        if asked:
            shown = question_lines(self.run_id, asked, project=self.project)
            return [(f"parked: {reason}", "yellow"), *((line, None) for line in shown)]
        if event.wake_at is not None:
            return [(f"{reason}; after an interrupt `{again}` goes on", "yellow")]
        return [(f"parked: {reason}", "yellow"), (f"continue with: {again}", None)]

    def _said(self, event: FlowRunFinished) -> str:
        ended = [
            f"{count(self._steps[status], 'step')} {status}"
            for status in ("completed", "failed", "skipped")
            if self._steps[status]
        ]
        tokens = self._tokens if event.usage is None else add_usage([event.usage])["total_tokens"]
        used = [count(tokens, "token")] if tokens else []
        return ", ".join([*ended, *used, *cost_said(event.cost_usd)]) or "no steps"


def is_asleep(event: FlowRunFinished | FlowRunParked) -> bool:
    """Tell whether the run goes on by itself when a timer says so."""
    return isinstance(event, FlowRunParked) and event.wake_at is not None and not event.questions


def cost_said(cost_usd: float | None) -> list[str]:
    """Return the price in words, if there is one."""
    if not cost_usd:
        return []
    return [f"${cost_usd:,.2f}" if cost_usd >= 1 else f"${cost_usd:.4f}"]

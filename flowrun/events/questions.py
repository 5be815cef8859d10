"""Questions to people, as the events of a run tell them: what is open, and what was answered."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from flowrun.events.labels import enclosing
from flowrun.events.records import (
    FlowRunFinished,
    QuestionAnswered,
    QuestionAsked,
    StepFinished,
)
from flowrun.events.stamped import StampedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question and what became of it."""

    asked: QuestionAsked
    asked_at: float
    answer: QuestionAnswered | None = None
    answered_at: float | None = None
    is_moot: bool = False
    """Its step ended without an answer: it timed out, or the run was cancelled."""

    @property
    def is_open(self) -> bool:
        """Whether somebody is still waited for."""
        return self.answer is None and not self.is_moot


def questions_of(events: Iterable[StampedEvent]) -> tuple[Question, ...]:
    """Return every question of a run, in the order in which they were asked."""
    found: dict[str, Question] = {}
    for one in events:
        match one.event:
            case QuestionAsked() as asked:
                found.setdefault(asked.question, Question(asked=asked, asked_at=one.at))
            case QuestionAnswered(question=path) as answer if path in found:
                found[path] = replace(found[path], answer=answer, answered_at=one.at)
            case StepFinished(step=label) if found:
                _settle(found, label)
            case FlowRunFinished() if found:
                _settle(found, "")
            case _:
                pass
    return tuple(found.values())


def open_questions(events: Iterable[StampedEvent]) -> tuple[QuestionAsked, ...]:
    """Return the questions that nobody has answered and that still matter, the oldest first."""
    return tuple(one.asked for one in questions_of(events) if one.is_open)


def _settle(found: dict[str, Question], label: str) -> None:
    """Nobody is waited for any more in what is over; an empty label is the whole run."""
    for path, question in found.items():
        if question.is_open and (not label or label in enclosing(question.asked.step)):
            found[path] = replace(question, is_moot=True)

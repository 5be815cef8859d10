"""Questions to people: what is asked, the wait for whoever answers, and what counts as an answer.

A question is announced and answered once, whatever happens in between; who waits for it holds no
coroutine, for the engine parks a run in which everything waits.
"""

from collections.abc import Mapping
from dataclasses import replace

from flowrun.events.records import Decision, QuestionAnswered, QuestionAsked, QuestionKind
from flowrun.ids import JsonValue
from flowrun.ports.durable import Durable, Signal

DECISIONS: Mapping[QuestionKind, tuple[Decision, ...]] = {
    "approve": ("approved", "rejected"),
    "approval": ("approved", "rejected"),
    "form": ("answered", "rejected"),
    "unknown": ("done", "run", "fail"),
}
"""What answers each kind of question. The last one is the one that does nothing."""


def announce(scope: Durable, key: str, asked: QuestionAsked) -> None:
    """Let people know of a question, once, without waiting for its answer."""
    scope.emit(f"{key}/asked", replace(asked, question=scope.path(key)))


async def ask_person(scope: Durable, key: str, asked: QuestionAsked) -> QuestionAnswered:
    """Ask, wait as long as it takes, and return the answer, which is recorded as it is read.

    Args:
        scope: Nothing else of it may be at work meanwhile.
        key: Of the question in the scope; its plan path is what an answer is addressed to.
        asked: `question` is filled in here.
    """
    known = scope.recorded(f"{key}/answered")
    if isinstance(known, QuestionAnswered):
        return known
    announce(scope, key, asked)
    answered = read_decision(asked, scope.path(key), await scope.signal(key))
    await scope.record(f"{key}/answered", answered)
    return answered


def read_decision(asked: QuestionAsked, question: str, signal: Signal) -> QuestionAnswered:
    """Return what a signal says; one that does not answer the question does nothing.

    Whoever sends an answer checks it. What comes another way is held to be a refusal, for the
    first signal counts and nobody can be asked again.
    """
    admitted = DECISIONS[asked.kind]
    given, comment = signal.value.get("decision"), signal.value.get("comment")
    said = comment if isinstance(comment, str) else ""
    decision = next((one for one in admitted if one == given), None)
    if decision is None:
        decision, said = admitted[-1], f"`{given}` does not answer it"
    value: JsonValue = signal.value.get("value") if decision in _WITH_VALUE else None
    return QuestionAnswered(
        step=asked.step,
        question=question,
        decision=decision,
        value=value,
        by=signal.sender,
        comment=said,
    )


def refusal(answered: QuestionAnswered) -> str:
    """Return who refused and why, as a sentence."""
    who = f" by {answered.by}" if answered.by else ""
    why = f": {answered.comment}" if answered.comment else ""
    return f"rejected{who}{why}"


_WITH_VALUE: frozenset[Decision] = frozenset(("answered", "done"))

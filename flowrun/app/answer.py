"""Answer what a run asks, from any process, at any time."""

import asyncio
from contextlib import closing

from flowrun.app.answers import find_question
from flowrun.app.project import Project
from flowrun.app.runs import refuse_finished, show_run, store_holder
from flowrun.clock import SystemClock
from flowrun.engines.inbox import Message, leave_from_outside, read_message
from flowrun.engines.wording import answer_text
from flowrun.errors import AlreadyAnswered
from flowrun.events.questions import questions_of
from flowrun.events.records import QuestionAsked
from flowrun.ids import JsonObject, mint
from flowrun.storage.database import StoreReader

HEARD_WITHIN_S = 1.5
"""How long the store's owner is given to take an answer in; it looks five times a second."""

_POLL_S = 0.05


def find_open_question(
    project: Project, run_id: str, step: str, call_id: str = ""
) -> QuestionAsked:
    """Return the question of a run that is meant; see `app.answers.find_question`.

    Raises:
        RunNotFound: no such run.
        AlreadyAnswered: it has its answer, be it that the run has not heard it yet.
        RunConflict: the run is over.
        BadRequest: there is no such question, or there are several.
    """
    stored = show_run(project, run_id)
    asked = find_question(run_id, questions_of(stored.events), step, call_id)
    refuse_finished(stored.head)
    with closing(StoreReader(project.store_path)) as store:
        first = read_message(store, run_id, asked.question)
    if first is not None:
        said = answer_text(first.value, first.sender, first.at)
        raise AlreadyAnswered(run_id, asked.step, said)
    return asked


def leave_answer(
    project: Project, run_id: str, asked: QuestionAsked, value: JsonObject, *, sender: str
) -> None:
    """Record an answer, which is durable when this returns, whoever owns the store.

    Args:
        project: Holds the store.
        run_id: Of the run.
        asked: What is answered.
        value: As `app.answers.make_answer` made it.
        sender: Who answers, for people.

    Raises:
        AlreadyAnswered: somebody was quicker.
        FlowrunError: the store cannot be written.
    """
    message = Message(
        run_id=run_id,
        name=asked.question,
        value=value,
        message_id=mint("answer_"),
        sender=sender,
        at=SystemClock().now(),
    )
    leave_from_outside(project.store_path, message)


async def wait_until_heard(project: Project, run_id: str, asked: QuestionAsked) -> bool:
    """Tell whether whoever owns the store takes the answer in, as who executes the run does."""
    clock = SystemClock()
    until = clock.monotonic() + HEARD_WITHIN_S
    while True:
        holder = store_holder(project)
        for one in questions_of(show_run(project, run_id).events):
            if one.asked.question == asked.question and one.answer is not None:
                return True
        if holder is None or clock.monotonic() >= until:
            return False
        await asyncio.sleep(_POLL_S)

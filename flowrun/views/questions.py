"""Questions to people as people and programs are shown them, with the commands that answer."""

from collections.abc import Iterator, Sequence

from flowrun.events.records import QuestionAnswered, QuestionAsked
from flowrun.ids import JsonObject
from flowrun.views.commands import answer_commands, show_command
from flowrun.views.text import clip, count, cut, exact_json, indented, neutralise, one_line

SHOWN = 5
"""Questions that are told with their commands; of the others there is only a number."""
QUESTION_COLUMNS = 500
CALL_COLUMNS = 100
"""A call that is longer is shown on several lines to who decides about it."""

_DECISIONS = {
    "approved": "approved",
    "rejected": "rejected",
    "answered": "answered",
    "done": "said to have happened",
    "run": "to be run",
    "fail": "to fail",
}


def question_text(asked: QuestionAsked) -> str:
    """Return the question in one line, cut where it is long: what is asked, and of which call."""
    said = clip(asked.message, QUESTION_COLUMNS)
    return f"{said} [{cut(_call(asked), QUESTION_COLUMNS)}]" if asked.tool else said


def question_in_full(asked: QuestionAsked) -> Iterator[str]:
    """Yield the whole question, for whoever decides: nothing is cut, moved together or hidden.

    What somebody else wrote stands indented, so that it is not taken for what we say.
    """
    message = neutralise(asked.message).strip("\n")
    if "\n" in message:
        yield f"`{asked.step}` asks:"
        yield indented(message)
    else:
        yield f"`{asked.step}` asks: {message}"
    if asked.tool:
        fits = len(_call(asked)) <= CALL_COLUMNS
        yield indented(_call(asked, indent=None if fits else 2))


def answer_text(answer: QuestionAnswered) -> str:
    """Return who decided what, in one line."""
    by = f" by {one_line(answer.by)}" if answer.by else ""
    comment = f": {clip(answer.comment, QUESTION_COLUMNS)}" if answer.comment else ""
    return f"{_DECISIONS[answer.decision]}{by}{comment}"


def cancelled_text(by: str, reason: str) -> str:
    """Return who cancelled a run and why, in one line."""
    who = f" by {one_line(by)}" if by else ""
    return f"cancelled{who}" + (f": {clip(reason, QUESTION_COLUMNS)}" if reason else "")


def question_lines(
    run_id: str, questions: Sequence[QuestionAsked], *, project: str = "", full: bool = False
) -> Iterator[str]:
    """Yield each open question and the commands that answer it.

    Unless all is wanted, long ones are cut, with the command that shows all of it, and of many
    there are only the first.
    """
    shown = questions if full else questions[:SHOWN]
    show = show_command(run_id, project)
    for asked in shown:
        if full:
            yield from question_in_full(asked)
        else:
            yield f"`{asked.step}` asks: {question_text(asked)}"
            if _is_long(asked):
                yield f"  {show}  # all of it"
        commands = answer_commands(run_id, asked, among=questions, project=project)
        yield from (f"  {command}" for command in commands)
    if len(questions) > len(shown):
        rest = count(len(questions) - len(shown), "question")
        yield f"and {rest} more, all in `{show}`"


def question_object(
    run_id: str, asked: QuestionAsked, *, among: Sequence[QuestionAsked], project: str = ""
) -> JsonObject:
    """Return an open question as `--format json` promises it."""
    return {
        "step": asked.step,
        "question": asked.question,
        "kind": asked.kind,
        "message": asked.message,
        "schema": asked.schema,
        "call_id": asked.call_id,
        "tool": asked.tool,
        "arguments": asked.arguments,
        "expires_at": asked.expires_at,
        "commands": list(answer_commands(run_id, asked, among=among, project=project)),
    }


def _call(asked: QuestionAsked, indent: int | None = None) -> str:
    return f"{one_line(asked.tool)} {exact_json(asked.arguments, indent=indent)}"


def _is_long(asked: QuestionAsked) -> bool:
    """Tell whether one line does not hold all of it."""
    message = asked.message.strip("\n")
    return (
        "\n" in message or len(message) > QUESTION_COLUMNS or len(_call(asked)) > QUESTION_COLUMNS
    )

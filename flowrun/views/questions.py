"""Questions to people as people and programs are shown them, with the commands that answer."""

from collections.abc import Iterator, Sequence

from flowrun.events.records import QuestionAnswered, QuestionAsked
from flowrun.ids import JsonObject, compact_json
from flowrun.views.commands import answer_commands
from flowrun.views.text import clip, count, one_line

SHOWN = 5
"""Questions that are told with their commands; of the others there is only a number."""
QUESTION_COLUMNS = 500

_DECISIONS = {
    "approved": "approved",
    "rejected": "rejected",
    "answered": "answered",
    "done": "said to have happened",
    "run": "to be run",
    "fail": "to fail",
}


def question_text(asked: QuestionAsked) -> str:
    """Return the question in one line: what is asked, and of which call."""
    said = clip(asked.message, QUESTION_COLUMNS)
    if not asked.tool:
        return said
    call = clip(f"{asked.tool} {compact_json(dict(asked.arguments))}", QUESTION_COLUMNS)
    return f"{said} [{call}]"


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
    run_id: str, questions: Sequence[QuestionAsked], *, project: str = ""
) -> Iterator[str]:
    """Yield each open question and the commands that answer it; of many only the first."""
    for asked in questions[:SHOWN]:
        yield f"`{asked.step}` asks: {question_text(asked)}"
        commands = answer_commands(run_id, asked, among=questions, project=project)
        yield from (f"  {command}" for command in commands)
    if len(questions) > SHOWN:
        rest = count(len(questions) - SHOWN, "question")
        yield f"and {rest} more, all in `flowrun runs show {run_id}`"


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

"""From what a person gave on the command line, or types when asked, to an answer."""

import asyncio
from collections.abc import Sequence

from flowrun.app.answers import OPTIONS, Given, make_answer
from flowrun.app.input_file import read_inputs_file
from flowrun.cli.dialogue import converse
from flowrun.cli.streams import tell
from flowrun.cli.terminal import can_ask, forget_typed, read_line
from flowrun.errors import BadRequest
from flowrun.events.records import Decision, QuestionAsked
from flowrun.ids import JsonObject
from flowrun.views.commands import answer_commands


def given_answer(
    asked: QuestionAsked,
    decisions: Sequence[Decision],
    *,
    pairs: tuple[str, ...] = (),
    file: str | None = None,
    output: str | None = None,
    comment: str = "",
) -> JsonObject | None:
    """Return the answer that the options of a command give; None when they give none.

    Args:
        asked: The question.
        decisions: Their options, as far as some were given.
        pairs: Fields of a form as `name=value`.
        file: Of fields of a form.
        output: What a call in doubt came to.
        comment: Why.

    Raises:
        BadRequest: the options do not go together, or do not fit the question.
    """
    is_form = bool(pairs or file)
    if len(set(decisions)) > 1:
        given = " and ".join(f"`{OPTIONS[one]}`" for one in dict.fromkeys(decisions))
        raise BadRequest(f"expected one decision, found {given}")
    decision = next(iter(decisions), None)
    if decision is None and is_form:
        decision = "answered"
    if output is not None and decision != "done":
        raise BadRequest("expected `--output` only with `--done`")
    if is_form and decision != "answered":
        raise BadRequest("expected values of a form, or a decision, not both")
    if decision is None and comment:
        raise BadRequest("expected `--comment` only with a decision or values of a form")
    if decision is None:
        return None
    values = read_inputs_file(file, "values") if file else {}
    answer = Given(
        decision=decision, values=values, pairs=pairs, output=output or "", comment=comment
    )
    return make_answer(asked, answer)


def typed_answer(
    run_id: str, asked: QuestionAsked, project: str, *, ask: bool
) -> JsonObject | None:
    """Return the answer that the person at the terminal types; None when they leave it open.

    Raises:
        BadRequest: there is nobody to be asked.
    """
    if not ask or not can_ask():
        command = answer_commands(run_id, asked, project=project)[0]
        raise BadRequest(f"expected an answer to `{asked.step}`", f"for one, `{command}`")
    forget_typed()
    return asyncio.run(converse(asked, tell, read_line))

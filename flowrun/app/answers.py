"""Answers to a run's questions: which question is meant, and whether an answer fits it.

Pure. The command line's `runs answer` and the prompt on a terminal go through the same functions.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from flowrun.app.input_wording import field_complaint, first_complaint
from flowrun.app.inputs import read_text, unsayable
from flowrun.engines.wording import answer_text
from flowrun.errors import AlreadyAnswered, BadRequest, RunConflict, name_list
from flowrun.events.labels import base_label, label_of_path
from flowrun.events.questions import Question
from flowrun.events.records import Decision, QuestionAsked
from flowrun.ids import JsonObject, JsonValue
from flowrun.interpreter.question import DECISIONS
from flowrun.source.diagnostic import suggest

OPTIONS: Mapping[Decision, str] = {
    "approved": "--approve",
    "rejected": "--reject",
    "answered": "--value NAME=VALUE",
    "done": "--done",
    "run": "--run",
    "fail": "--fail",
}
"""What a person types for each decision."""

Fields: TypeAlias = Mapping[str, JsonObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person gave as an answer."""

    decision: Decision
    values: JsonObject = field(default_factory=dict)
    """Of a form, typed already."""
    pairs: tuple[str, ...] = ()
    """`name=value` of a form, read by its schema; these win."""
    output: str = ""
    """What a call came to, for `done`."""
    comment: str = ""


def find_question(
    run_id: str, questions: Sequence[Question], step: str, call_id: str = ""
) -> QuestionAsked:
    """Return the open question that is meant.

    Args:
        run_id: Of the run.
        questions: All of the run.
        step: Label of the step that asks, its name alone where that is enough, or the question's
            plan path.
        call_id: The tool call in question, where the step asks about several.

    Raises:
        AlreadyAnswered: somebody answered it; says who, what and when.
        BadRequest: there is none, or there are several; says which there are.
    """
    meant = [one for one in questions if _is_meant(one.asked, step, call_id)]
    asked = [one.asked for one in meant if one.is_open]
    if len(asked) == 1:
        return asked[0]
    if asked:
        exact = [one for one in asked if step in (one.step, one.question)]
        if len(exact) == 1:
            return exact[0]
        raise BadRequest(
            f"`{step}` asks several questions: {name_list(_names(asked))}",
            "name one of them, or a call with `--call ID`",
        )
    for one in reversed(meant):
        if one.answer is not None:
            raise AlreadyAnswered(run_id, one.asked.step, first_answer(one))
        raise RunConflict(run_id, f"does not wait for an answer to `{one.asked.step}` any more")
    raise _no_question(step, [one.asked for one in questions if one.is_open])


def first_answer(question: Question) -> str:
    """Return who answered a question, what and when, for one that has its answer."""
    answer, at = question.answer, question.answered_at
    assert answer is not None
    assert at is not None
    said = {"decision": answer.decision, "value": answer.value, "comment": answer.comment}
    return answer_text(said, answer.by, at)


def make_answer(asked: QuestionAsked, given: Given) -> JsonObject:
    """Return the answer as the run is sent it: `{decision, value, comment}`.

    Raises:
        BadRequest: the decision or a value does not fit the question.
    """
    allowed = DECISIONS[asked.kind]
    if given.decision not in allowed:
        options = " or ".join(f"`{OPTIONS[one]}`" for one in allowed)
        found = OPTIONS[given.decision]
        raise BadRequest(f"`{asked.step}` expects {options}, found `{found}`")
    value: JsonValue = None
    if given.decision == "answered":
        value = _form(asked, given)
    elif given.decision == "done":
        value = read_output(given.output)
    problem = unsayable([value, given.comment])
    if problem is not None:
        raise BadRequest(problem)
    return {"decision": given.decision, "value": value, "comment": given.comment}


def fields_of(asked: QuestionAsked) -> Fields:
    """Return the fields of a form and their schemas, in declared order."""
    return cast("Fields", (asked.schema or {}).get("properties") or {})


def is_required(asked: QuestionAsked, name: str) -> bool:
    """Tell whether a field of a form must be filled in."""
    return name in cast("Sequence[str]", (asked.schema or {}).get("required") or ())


def read_field(asked: QuestionAsked, name: str, text: str) -> JsonValue:
    """Return the value of one field as it was typed.

    Raises:
        BadRequest: it does not fit its schema.
    """
    value = read_text(name, text, fields_of(asked).get(name, {}), "field")
    unwritable = unsayable(value)
    if unwritable is not None:
        raise BadRequest(f"field `{name}`: {unwritable}")
    problem = field_complaint(asked.schema or {}, name, value)
    if problem is not None:
        raise BadRequest(problem)
    return value


def read_output(text: str) -> JsonValue:
    """Return what a call came to: a JSON object or list as that, anything else as text."""
    if text[:1] not in ("{", "["):
        return text
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def _form(asked: QuestionAsked, given: Given) -> JsonObject:
    fields = fields_of(asked)
    values: dict[str, JsonValue] = dict(given.values)
    for pair in given.pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise BadRequest(f"expected `name=value`, found `{pair}`")
        values[name] = read_field(asked, name, text) if name in fields else text
    for name in values:
        if name not in fields and not (asked.schema or {}).get("additionalProperties"):
            raise BadRequest(f"`{asked.step}` asks for no field `{name}`", suggest(name, fields))
    for name, schema in fields.items():
        if name not in values and "default" in schema:
            values[name] = schema["default"]
    problem = first_complaint("", asked.schema or {}, values, "field")
    if problem is not None:
        raise BadRequest(problem, f"the fields are {name_list(list(fields))}")
    return values


def _is_meant(asked: QuestionAsked, step: str, call_id: str) -> bool:
    if call_id and asked.call_id != call_id:
        return False
    return step in (
        asked.question,
        asked.step,
        base_label(asked.step),
        label_of_path(asked.question),
    )


def _names(asked: Sequence[QuestionAsked]) -> list[str]:
    several = len({one.step for one in asked}) < len(asked)
    return [f"{one.step} --call {one.call_id}" if several else one.step for one in asked]


def _no_question(step: str, asked: Sequence[QuestionAsked]) -> BadRequest:
    labels = list(dict.fromkeys(one.step for one in asked))
    hint = f"open are those of {name_list(labels)}" if labels else "the run asks nothing now"
    return BadRequest(f"`{step}` has no open question", hint)

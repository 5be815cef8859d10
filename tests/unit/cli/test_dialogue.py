"""What is asked of a person on a terminal."""

import asyncio

import pytest

from flowrun.cli.dialogue import converse
from flowrun.events.records import QuestionAsked
from tests.support.run_story import stay

APPROVE = QuestionAsked(step="ok", question="q", kind="approve", message="May I?")
UNKNOWN = QuestionAsked(
    step="up", question="q", kind="unknown", message="Did it happen?", tool="up", call_id="c"
)


def talk(asked, *lines):
    """Return the answer, and all that was shown."""
    typed, shown = list(lines), []

    async def read(prompt):
        shown.append(prompt)
        return typed.pop(0) if typed else None

    answer = asyncio.run(converse(asked, shown.append, read))
    assert not typed, f"never read: {typed}"
    return answer, shown


@pytest.mark.parametrize(
    ("lines", "decision", "comment"),
    [
        (["y"], "approved", ""),
        (["maybe", " Approve "], "approved", ""),
        (["n", " too dear "], "rejected", "too dear"),
    ],
)
def test_a_decision_is_asked_for_until_there_is_one(lines, decision, comment):
    answer, shown = talk(APPROVE, *lines)
    assert (answer["decision"], answer["comment"]) == (decision, comment)
    assert "`ok` asks: May I?" in shown


def test_a_form_is_asked_field_by_field_until_each_fits():
    answer, shown = talk(stay(), "", "two", "0", "2", "")
    assert answer["value"] == {"nights": 2, "breakfast": True}
    assert shown[2:] == [
        "nights (integer, How many nights): ",
        "`nights` is required",
        "nights (integer, How many nights): ",
        "field `nights`: expected an integer, found `two`",
        "nights (integer, How many nights): ",
        "field `nights`: expected at least `1`, found `0`",
        "nights (integer, How many nights): ",
        "breakfast (boolean, default true): ",
    ]


def test_a_field_that_may_be_empty_is_left_out():
    schema = {"type": "object", "properties": {"note": {"type": "string", "enum": ["a", "b"]}}}
    answer, shown = talk(stay(schema=schema), "")
    assert answer["value"] == {}
    assert shown[-1] == "note (a | b, may be empty): "


def test_a_form_that_does_not_fit_as_a_whole_is_asked_for_again():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "minProperties": 1,
    }
    answer, _ = talk(stay(schema=schema), "", "", "1", "")
    assert answer["value"] == {"a": 1}


@pytest.mark.parametrize(
    ("lines", "decision", "value"),
    [
        (["done", '{"id": 7}'], "done", {"id": 7}),
        (["run"], "run", None),
        (["f"], "fail", None),
    ],
)
def test_what_became_of_a_call_is_asked(lines, decision, value):
    answer, _ = talk(UNKNOWN, *lines)
    assert (answer["decision"], answer["value"]) == (decision, value)


@pytest.mark.parametrize(
    ("asked", "lines"),
    [(APPROVE, []), (APPROVE, ["n"]), (UNKNOWN, []), (UNKNOWN, ["d"]), (stay(), ["2"])],
)
def test_an_end_of_input_leaves_the_question_open(asked, lines):
    assert talk(asked, *lines)[0] is None


def test_what_a_model_wants_to_do_cannot_move_the_cursor():
    asked = QuestionAsked(
        step="a",
        question="q",
        kind="approval",
        message="\x1b[2J",
        tool="t",
        arguments={"x": "\x1b[31m"},
    )
    assert "\x1b" not in "".join(talk(asked, "y")[1])

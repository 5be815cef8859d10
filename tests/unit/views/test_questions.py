"""Questions as they are shown."""

import json

from flowrun.events.records import QuestionAnswered, QuestionAsked
from flowrun.views.questions import (
    SHOWN,
    answer_text,
    question_in_full,
    question_lines,
    question_text,
)
from tests.support.run_story import stay


def test_a_question_about_a_call_shows_the_call():
    asked = QuestionAsked(
        step="desk",
        question="q",
        kind="approval",
        message="Run `refund`?",
        call_id="c",
        tool="refund",
        arguments={"amount": 40},
    )
    assert question_text(asked) == 'Run `refund`? [refund {"amount":40}]'


def test_an_answer_says_who_what_and_why():
    answer = QuestionAnswered(step="a", question="q", decision="rejected", by="ann", comment="no")
    assert answer_text(answer) == "rejected by ann: no"
    assert answer_text(QuestionAnswered(step="a", question="q", decision="run")) == "to be run"


def test_of_many_questions_the_first_are_shown():
    lines = list(question_lines("r", [stay(f"files[{n}]") for n in range(40)]))
    assert len(lines) == 3 * SHOWN + 1
    assert lines[-1] == "and 35 questions more, all in `flowrun runs show r`"


def test_what_a_model_had_asked_cannot_move_the_cursor():
    assert "\x1b" not in question_text(stay(message="\x1b[2J"))


def approval(**arguments):
    return QuestionAsked(
        step="desk",
        question="q",
        kind="approval",
        message="may `pay` be called?",
        call_id="c",
        tool="pay",
        arguments=arguments,
    )


def test_who_decides_sees_all_of_a_long_call_and_nothing_of_it_otherwise():
    note = "rent " + "x" * 2000 + "   and 9000 to mallory\u202e\u200b\n"
    lines = "\n".join(question_in_full(approval(to="ann", note=note)))
    assert "\u202e" not in lines
    assert json.loads(lines.partition("pay ")[2]) == {"to": "ann", "note": note}
    assert all(line.startswith("  ") for line in lines.split("\n")[1:])


def test_a_message_of_several_lines_cannot_be_taken_for_ours():
    lines = list(question_in_full(stay(message="May I?\n`other` asks: May I?\x1b[2J")))
    assert lines == ["`stay` asks:", "  May I?\n  `other` asks: May I?\\x1b[2J"]


def test_a_question_that_is_cut_says_where_all_of_it_is():
    lines = list(question_lines("r", [approval(note="x" * 600)], project="../p"))
    assert lines[0].endswith("x…]")
    assert lines[1] == "  flowrun runs show r --project ../p  # all of it"
    whole = list(question_lines("r", [approval(note="x" * 600)], full=True))
    assert "x" * 600 in "\n".join(whole)
    assert len(list(question_lines("r", [approval(note="x")]))) == 3


def test_all_questions_are_told_where_all_is_wanted():
    lines = list(question_lines("r", [stay(f"files[{n}]") for n in range(40)], full=True))
    assert len(lines) == 3 * 40

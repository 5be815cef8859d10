"""Questions as they are shown."""

from flowrun.events.records import QuestionAnswered, QuestionAsked
from flowrun.views.questions import SHOWN, answer_text, question_lines, question_text
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

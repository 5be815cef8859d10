"""Which question is meant, and whether an answer fits it."""

import pytest

from flowrun.app.answers import Given, find_question, make_answer, read_field, read_output
from flowrun.errors import AlreadyAnswered, BadRequest, RunConflict
from flowrun.events.questions import questions_of
from flowrun.events.records import QuestionAnswered, QuestionAsked, StepFinished
from tests.support.run_story import stamp, stay


def approval(step="desk", call="call_1"):
    return QuestionAsked(
        step=step,
        question=f"steps/{step}/round[1]/tool[{call}]/approval",
        kind="approval",
        message="Run `refund`?",
        call_id=call,
        tool="refund",
    )


def answered(asked, decision="approved"):
    return QuestionAnswered(
        step=asked.step, question=asked.question, decision=decision, by="ann", comment="fine"
    )


def find(events, step, call=""):
    return find_question("r", questions_of(stamp(*[(0, one) for one in events])), step, call)


@pytest.mark.parametrize("step", ["files[3]~1", "files", "steps/files[3]~1/answer"])
def test_a_question_is_meant_by_its_label_its_step_or_its_path(step):
    asked = stay("files[3]~1")
    assert find([asked], step) is asked


def test_a_label_is_meant_rather_than_its_step():
    asked = [stay("files[1]"), stay("files[11]")]
    assert find(asked, "files[1]") is asked[0]
    with pytest.raises(BadRequest, match=r"`files` asks several questions: `files\[1\]`, `files"):
        find(asked, "files")


def test_a_call_is_meant_by_its_id():
    asked = [approval(), approval(call="call_2")]
    assert find(asked, "desk", "call_2") is asked[1]
    with pytest.raises(BadRequest, match="`desk --call call_1`, `desk --call call_2`"):
        find(asked, "desk")


def test_no_question_names_those_there_are():
    with pytest.raises(BadRequest, match="`other` has no open question") as refused:
        find([stay("a"), stay("b")], "other")
    assert refused.value.hint == "open are those of `a`, `b`"
    with pytest.raises(BadRequest) as refused:
        find([], "other")
    assert refused.value.hint == "the run asks nothing now"


def test_a_second_answer_is_refused_naming_the_first():
    asked = stay()
    with pytest.raises(AlreadyAnswered, match="approved by ann at 2025-11-20 13:35:07 UTC: fine"):
        find([asked, answered(asked)], "stay")


def test_a_question_of_a_step_that_ended_without_it_is_no_question_any_more():
    with pytest.raises(RunConflict, match="does not wait for an answer to `stay` any more"):
        find([stay(), StepFinished(step="stay", status="failed")], "stay")


def test_a_decision_is_sent_with_its_comment():
    given = Given(decision="rejected", comment="too dear")
    assert make_answer(approval(), given) == {
        "decision": "rejected",
        "value": None,
        "comment": "too dear",
    }


@pytest.mark.parametrize(
    ("asked", "decision", "said"),
    [
        (stay(), "approved", "expects `--value NAME=VALUE` or `--reject`, found `--approve`"),
        (approval(), "answered", "expects `--approve` or `--reject`, found `--value NAME=VALUE`"),
        (
            QuestionAsked(step="a", question="q", kind="unknown", message="?"),
            "approved",
            "expects `--done` or `--run` or `--fail`, found `--approve`",
        ),
    ],
)
def test_a_decision_that_does_not_fit_is_refused(asked, decision, said):
    with pytest.raises(BadRequest, match=said):
        make_answer(asked, Given(decision=decision))


def form(*pairs, **values):
    return make_answer(stay(), Given(decision="answered", pairs=pairs, values=values))["value"]


def test_a_form_is_typed_by_its_schema_and_defaults_are_filled_in():
    assert form("nights=2") == {"nights": 2, "breakfast": True}
    assert form("breakfast=false", nights=3) == {"nights": 3, "breakfast": False}


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["nights"], "expected `name=value`, found `nights`"),
        (["nights=two"], "field `nights`: expected an integer, found `two`"),
        (["nights=0"], "field `nights`: expected at least `1`, found `0`"),
        (["nigths=2"], "`stay` asks for no field `nigths`"),
        (["breakfast=true"], "field `nights` is required"),
    ],
)
def test_a_form_that_does_not_fit_is_refused(pairs, said):
    with pytest.raises(BadRequest, match=said):
        form(*pairs)


def test_a_field_is_judged_by_itself():
    assert read_field(stay(), "breakfast", "true") is True
    with pytest.raises(BadRequest, match="field `nights`: expected at least `1`"):
        read_field(stay(), "nights", "-1")
    asked = stay(schema={"properties": {"price": {"type": "number"}}})
    with pytest.raises(BadRequest, match="field `price`: expected a number with an end"):
        read_field(asked, "price", "NaN")


def test_a_field_of_several_types_is_json_where_it_can_be():
    asked = stay(schema={"properties": {"a": {"type": ["integer", "string"]}, "b": {}}})
    assert read_field(asked, "a", "3") == 3
    assert read_field(asked, "a", "three") == "three"
    assert read_field(asked, "b", '{"x": 1}') == {"x": 1}


@pytest.mark.parametrize(
    ("text", "value"), [("", ""), ("7", "7"), ('{"id": 7}', {"id": 7}), ("{id", "{id")]
)
def test_what_a_call_came_to_is_text_or_json(text, value):
    asked = QuestionAsked(step="a", question="q", kind="unknown", message="?")
    assert read_output(text) == value
    assert make_answer(asked, Given(decision="done", output=text))["value"] == value


def test_what_json_cannot_say_is_refused():
    with pytest.raises(BadRequest, match="Unicode"):
        make_answer(approval(), Given(decision="approved", comment="\udcff"))

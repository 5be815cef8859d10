"""Answers from the options of a command."""

import io
import sys

import pytest

from flowrun.cli.answering import given_answer, typed_answer
from flowrun.errors import BadRequest, ProjectError
from flowrun.events.records import QuestionAsked
from tests.support.run_story import stay

UNKNOWN = QuestionAsked(step="up", question="q", kind="unknown", message="?")


def test_fields_come_from_a_file_and_options_win(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text("nights: 2\nbreakfast: false\n", "utf-8")
    answer = given_answer(stay(), (), file=str(file), pairs=("nights=3",))
    assert answer["value"] == {"nights": 3, "breakfast": False}
    with pytest.raises(ProjectError, match=r"values file `none\.yaml` cannot be read"):
        given_answer(stay(), (), file="none.yaml")


def test_what_a_call_came_to_goes_with_done():
    assert given_answer(UNKNOWN, ["done"], output="x")["value"] == "x"
    assert given_answer(UNKNOWN, ["done"])["value"] == ""
    with pytest.raises(BadRequest, match="expected `--output` only with `--done`"):
        given_answer(UNKNOWN, ["run"], output="x")


def test_values_and_a_decision_do_not_go_together():
    with pytest.raises(BadRequest, match="expected values of a form, or a decision, not both"):
        given_answer(stay(), ["rejected"], pairs=("nights=3",))


def test_no_options_are_no_answer(monkeypatch):
    assert given_answer(stay(), ()) is None
    monkeypatch.setattr(sys, "stdin", io.StringIO("2\n"))
    with pytest.raises(BadRequest, match="expected an answer to `stay`") as refused:
        typed_answer("r-1", stay(), "", ask=True)
    assert refused.value.hint == "for one, `flowrun runs answer r-1 stay --value nights=...`"


def test_two_decisions_are_none():
    with pytest.raises(BadRequest, match="expected one decision, found `--run` and `--fail`"):
        given_answer(UNKNOWN, ["run", "fail"])
    assert given_answer(UNKNOWN, ["run", "run"])["decision"] == "run"


def test_a_comment_alone_is_no_answer():
    with pytest.raises(BadRequest, match="expected `--comment` only with a decision or values"):
        given_answer(UNKNOWN, [], comment="fine")

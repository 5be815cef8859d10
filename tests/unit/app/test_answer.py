"""Answers that are left in a store, by whoever does not execute the run."""

import asyncio

import pytest

from flowrun.app.answer import find_open_question, leave_answer, wait_until_heard
from flowrun.app.project import open_project
from flowrun.errors import AlreadyAnswered, BadRequest, RunConflict, RunNotFound
from flowrun.storage.database import open_database
from tests.support.projects import ASK, execute, make, resume

YES = {"decision": "approved", "value": None, "comment": "fine"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, flowrun_yaml="version: 1\n", ask_flow_yaml=ASK)
    execute("ask.flow.yaml", run_id="mine")
    return open_project(tmp_path, {})


def test_an_answer_is_heard_when_the_run_is_entered_again(project):
    asked = find_open_question(project, "mine", "ok")
    leave_answer(project, "mine", asked, YES, sender="ann")
    assert not asyncio.run(wait_until_heard(project, "mine", asked))
    assert resume(project, "mine").head.questions == ("steps/stay/answer",)
    assert asyncio.run(wait_until_heard(project, "mine", asked))


def test_an_answer_that_was_not_heard_yet_counts(project):
    asked = find_open_question(project, "mine", "ok")
    leave_answer(project, "mine", asked, YES, sender="ann")
    with pytest.raises(AlreadyAnswered, match=r"answer to `ok`: approved by ann at .*: fine"):
        find_open_question(project, "mine", "ok")
    with pytest.raises(AlreadyAnswered):
        leave_answer(project, "mine", asked, YES, sender="bob")


def test_an_answer_can_be_left_while_another_owns_the_store(project):
    asked = find_open_question(project, "mine", "ok")
    owner = open_database(project.store_path, holder="somebody")
    try:
        leave_answer(project, "mine", asked, YES, sender="ann")
    finally:
        owner.close()
    assert resume(project, "mine").head.questions == ("steps/stay/answer",)


def test_what_is_not_asked_is_refused(project):
    with pytest.raises(RunNotFound):
        find_open_question(project, "other", "ok")
    with pytest.raises(BadRequest, match="`stay` has no open question"):
        find_open_question(project, "mine", "stay")


def test_a_run_that_is_over_is_told_nothing(project):
    asked = find_open_question(project, "mine", "ok")
    leave_answer(project, "mine", asked, {**YES, "decision": "rejected"}, sender="ann")
    assert resume(project, "mine").head.status == "failed"
    with pytest.raises(AlreadyAnswered, match="rejected by ann"):
        find_open_question(project, "mine", "ok")
    with pytest.raises(RunConflict):
        leave_answer(project, "mine", asked, YES, sender="bob")

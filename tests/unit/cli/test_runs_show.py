"""`flowrun runs show` as a shell sees it."""

import json

import pytest

from tests.support.commands import flowrun
from tests.support.projects import ASK, execute, make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, flowrun_yaml="version: 1\n", ask_flow_yaml=ASK)
    execute("ask.flow.yaml", run_id="one")
    return tmp_path


def show(capsys, *arguments):
    return flowrun(capsys, "runs", "show", "one", *arguments)


def test_what_answers_the_run_is_shown(capsys, folder):
    assert "  flowrun runs answer one ok --approve\n" in show(capsys).out
    shown = json.loads(show(capsys, "--format", "json").out)
    assert shown["questions"][0]["step"] == "ok"
    assert shown["waiting_for"] == ["ok"]


def test_one_step_is_shown(capsys, folder):
    assert show(capsys, "--step", "ok").out.startswith("step  state    took  tokens  calls\nok ")
    assert json.loads(show(capsys, "--step", "ok", "--format", "json").out)["status"] == "running"


def test_a_step_that_is_none_is_refused(capsys, folder):
    ran = show(capsys, "--step", "nope")
    assert (ran.code, ran.out) == (64, "")
    assert ran.err == "error: run `one` has no step `nope`\nhelp: there are `ok`, `stay`\n"

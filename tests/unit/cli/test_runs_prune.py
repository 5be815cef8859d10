"""`flowrun runs prune` as a shell sees it."""

import json

import pytest

from tests.support.commands import flowrun
from tests.support.projects import REPLIES, TALK, execute, make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, flowrun_yaml="version: 1\n", talk_flow_yaml=TALK, talk_replies_yaml=REPLIES)
    execute("talk.flow.yaml", run_id="one")
    return tmp_path


def prune(capsys, *arguments):
    return flowrun(capsys, "runs", "prune", *arguments)


def test_what_would_be_deleted_is_said_before_it_is(capsys, folder):
    planned = prune(capsys, "--older-than", "0s", "--dry-run")
    assert planned.out.startswith("would delete 1 run and 1 thread, ")
    done = json.loads(prune(capsys, "--older-than", "0s", "--format", "json").out)
    assert (done["deleted"], done["runs"], done["threads"]) == (True, ["one"], 1)
    assert prune(capsys, "--older-than", "0s").out == "no runs to delete\n"


@pytest.mark.parametrize("arguments", [["--keep", "1"], ["--status", "failed"]])
def test_what_is_to_be_kept_is_kept(capsys, folder, arguments):
    assert prune(capsys, "--older-than", "0s", *arguments).out == "no runs to delete\n"


def test_an_age_is_needed(capsys, folder):
    assert prune(capsys).code == 64
    ran = prune(capsys, "--older-than", "old")
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith("error: expected an age such as `12h`")

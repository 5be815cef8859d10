"""`flowrun runs export` as a shell sees it."""

import json

import pytest

from tests.support.commands import flowrun
from tests.support.projects import ASK, execute, make
from tests.support.scenario import misfits


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, flowrun_yaml="version: 1\n", ask_flow_yaml=ASK)
    execute("ask.flow.yaml", run_id="one")
    return tmp_path


def test_a_run_is_written_to_standard_output_or_to_a_file(capsys, folder):
    ran = flowrun(capsys, "runs", "export", "one")
    assert (ran.code, ran.err) == (0, "")
    document = json.loads(ran.out)
    assert misfits("export", document) == []
    assert flowrun(capsys, "runs", "export", "one", "-o", "one.json").out == ""
    assert json.loads((folder / "one.json").read_text("utf-8")) == document


def test_a_file_that_cannot_be_written_is_said(capsys, folder):
    ran = flowrun(capsys, "runs", "export", "one", "-o", "no/one.json")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == "error: `no/one.json` cannot be written: no such file or directory\n"

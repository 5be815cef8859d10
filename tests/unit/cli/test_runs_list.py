"""`flowrun runs list` as a shell sees it."""

import json

import pytest

from flowrun.cli.runs_list import read_age
from flowrun.errors import BadRequest
from tests.support.commands import flowrun
from tests.support.projects import ASK, execute, make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, flowrun_yaml="version: 1\n", ask_flow_yaml=ASK)
    for run_id in ("one", "two"):
        execute("ask.flow.yaml", run_id=run_id)
    return tmp_path


def listed(capsys, *arguments):
    return flowrun(capsys, "runs", "list", *arguments)


def test_what_is_waited_for_is_listed(capsys, folder):
    assert "waits for ok" in listed(capsys).out
    runs = json.loads(listed(capsys, "--format", "json").out)["runs"]
    assert [one["waiting_for"] for one in runs] == [["ok"], ["ok"]]


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--status", "parked"], ["two", "one"]),
        (["--status", "completed", "--status", "interrupted"], []),
        (["--status", "running"], []),
        (["--flow", "other"], []),
        (["--flow", "\udcff"], []),
        (["--since", "1d", "--flow", "ask"], ["two", "one"]),
        (["--limit", "1"], ["two"]),
    ],
)
def test_a_list_is_filtered(capsys, folder, arguments, ids):
    ran = listed(capsys, "--format", "json", *arguments)
    assert [one["run_id"] for one in json.loads(ran.out)["runs"]] == ids


def test_the_others_are_counted(capsys, folder):
    assert "… 1 run more, shown with --limit 2" in listed(capsys, "--limit", "1").out


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("1.5m", 90), ("12h", 43_200), ("2d", 172_800), ("1w", 604_800)],
)
def test_an_age_is_read_as_people_write_it(text, seconds):
    assert read_age(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "d", "-1d", "2 d", "2y"])
def test_an_age_that_is_none_is_refused(text):
    with pytest.raises(BadRequest, match="expected an age such as"):
        read_age(text)

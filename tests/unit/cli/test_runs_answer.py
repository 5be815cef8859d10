"""`flowrun runs answer` as a shell sees it."""

import json

import pytest

from flowrun.storage.database import open_database
from tests.support.commands import flowrun
from tests.support.projects import ASK, execute, make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, flowrun_yaml="version: 1\n", ask_flow_yaml=ASK)
    execute("ask.flow.yaml", run_id="one")
    return tmp_path


def answer(capsys, *arguments):
    return flowrun(capsys, "runs", "answer", "one", *arguments)


def test_a_run_goes_on_to_its_next_question_and_to_its_end(capsys, folder):
    ran = answer(capsys, "ok", "--approve", "--as", "ann")
    assert (ran.code, ran.out) == (5, "")
    assert "approved by ann" in ran.err
    ran = answer(capsys, "stay", "--value", "nights=2", "--format", "json", "-q")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["outputs"] == {"by": "ann", "nights": 2}


def test_an_answer_is_only_recorded_where_that_is_wished(capsys, folder):
    ran = answer(capsys, "ok", "--approve", "--no-wait", "--format", "json")
    assert (ran.code, json.loads(ran.out)["status"]) == (0, "parked")
    assert ran.err == "answer to `ok` recorded; `flowrun runs resume one` goes on\n"


def test_an_answer_is_only_recorded_while_the_store_is_in_use(capsys, folder):
    owner = open_database(folder / ".flowrun" / "store.db", holder="somebody")
    try:
        ran = answer(capsys, "ok", "--approve")
    finally:
        owner.close()
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == (
        "answer to `ok` recorded; the store is in use by somebody; after that, "
        "`flowrun runs resume one` goes on\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nope", "--approve"), 64, "error: `nope` has no open question\nhelp: open are those"),
        (("ok",), 64, "error: expected an answer to `ok`\nhelp: for one, `flowrun runs answer"),
        (("ok", "--value", "a=1"), 64, "error: `ok` expects `--approve` or `--reject`"),
        (
            ("ok", "--approve", "--reject"),
            64,
            "error: expected one decision, found `--approve` and",
        ),
        (("ok", "--approve", "--as", " \n"), 64, "error: expected a name after `--as`"),
        (("ok", "--run"), 64, "error: `ok` expects `--approve` or `--reject`, found `--run`"),
    ],
)
def test_what_does_not_fit_is_refused(capsys, folder, arguments, code, said):
    ran = answer(capsys, *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith(said)

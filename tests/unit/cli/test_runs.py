"""`flowrun runs`: list, show, resume."""

import json
import shlex

import pytest

from tests.support.commands import flowrun
from tests.support.projects import REPLIES, TALK, Watcher, execute, make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make(
        tmp_path, flowrun_yaml="version: 1\n", talk_flow_yaml=TALK, talk_replies_yaml=REPLIES
    )


def test_before_the_first_run_the_list_is_empty(capsys, folder):
    ran = flowrun(capsys, "runs", "list", "--format", "json")
    assert (ran.code, json.loads(ran.out)["runs"]) == (0, [])
    assert flowrun(capsys, "runs", "list").code == 0
    assert not (folder / ".flowrun").exists()


def test_runs_are_listed_for_people_and_for_programs(capsys, folder):
    execute("talk.flow.yaml", run_id="one")
    execute("talk.flow.yaml", run_id="two", watcher=Watcher(stop_at="StepStarted"))
    ran = flowrun(capsys, "runs", "list")
    assert (ran.code, ran.err) == (0, "")
    assert "flowrun runs resume two" in ran.out
    listed = json.loads(flowrun(capsys, "runs", "list", "--format", "json").out)["runs"]
    assert [(one["run_id"], one["status"]) for one in listed] == [
        ("two", "parked"),
        ("one", "completed"),
    ]


def test_a_run_is_shown(capsys, folder):
    execute("talk.flow.yaml", run_id="one")
    ran = flowrun(capsys, "runs", "show", "one")
    assert (ran.code, ran.err) == (0, "")
    assert "Mild." in ran.out
    assert json.loads(flowrun(capsys, "runs", "show", "one", "--format", "json").out)


def test_what_a_model_said_cannot_move_the_cursor(capsys, folder):
    make(folder, talk_replies_yaml='version: 1\nreplies:\n  - say: "a\\u001b[2Jb"\n')
    execute("talk.flow.yaml", run_id="one")
    assert "\x1b" not in flowrun(capsys, "runs", "show", "one", "--full").out


def test_a_parked_run_is_gone_on_with(capsys, folder):
    execute("talk.flow.yaml", run_id="one", watcher=Watcher(stop_at="StepStarted"))
    ran = flowrun(capsys, "runs", "resume", "one")
    assert (ran.code, ran.out) == (0, "Mild.\n")
    assert "resumed" in ran.err


def test_replies_that_broke_meanwhile_refuse_the_resume_and_change_nothing(capsys, folder):
    execute("talk.flow.yaml", run_id="one", watcher=Watcher(stop_at="StepStarted"))
    make(folder, talk_replies_yaml="version: 1\nreplies: []\n")
    ran = flowrun(capsys, "runs", "resume", "one")
    assert (ran.code, ran.out) == (3, "")
    assert "talk.replies.yaml:2" in ran.err
    (folder / "talk.replies.yaml").unlink()
    ran = flowrun(capsys, "runs", "resume", "one")
    assert (ran.code, ran.out) == (3, "")
    assert "file/missing" in ran.err
    make(folder, talk_replies_yaml=REPLIES)
    assert flowrun(capsys, "runs", "resume", "one").out == "Mild.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "on"], 64, "error: no run `on` in this store\nhelp: "),
        (["resume", "on"], 64, "error: no run `on` in this store\nhelp: "),
        (
            ["resume", "one"],
            7,
            "error: run `one` is over: completed\nhelp: `flowrun runs show one`",
        ),
    ],
)
def test_what_cannot_be_is_refused(capsys, folder, arguments, code, said):
    execute("talk.flow.yaml", run_id="one")
    ran = flowrun(capsys, "runs", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith(said)


def test_without_a_store_no_run_is_found(capsys, folder):
    ran = flowrun(capsys, "runs", "show", "one")
    assert ran.code == 64
    assert ran.err.endswith("help: nothing has been run in this project yet\n")


def test_runs_of_a_project_elsewhere_are_found_by_the_command_that_was_printed(
    capsys, folder, monkeypatch
):
    (folder / "own folder").mkdir()
    make(folder / "own folder", flowrun_yaml="version: 1\n")
    for name in ("talk.flow.yaml", "talk.replies.yaml"):
        (folder / name).rename(folder / "own folder" / name)
    stop = Watcher(stop_at="StepStarted")
    execute("own folder/talk.flow.yaml", run_id="one", watcher=stop)
    assert stop.begun[0].project == "own folder"
    assert "one" not in flowrun(capsys, "runs", "list").out
    ran = flowrun(capsys, "runs", "list", "--project", "own folder")
    [line] = [line for line in ran.out.splitlines() if "resume" in line]
    assert line.endswith("flowrun runs resume one --project 'own folder'")
    shown = flowrun(capsys, "runs", "show", "one", "--project", "own folder")
    assert "--project 'own folder'" in shown.out
    command = shlex.split(line.partition("flowrun ")[2])
    assert flowrun(capsys, *command).out == "Mild.\n"


def test_a_folder_that_is_none_is_bad_usage(capsys, folder):
    ran = flowrun(capsys, "runs", "list", "--project", "none")
    assert (ran.code, ran.err) == (64, "error: expected a project's folder, found `none`\n")

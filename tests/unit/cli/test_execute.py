"""`flowrun execute` as a shell sees it."""

import json

import pytest

from tests.support.commands import flowrun
from tests.support.projects import REPLIES, TALK, make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return make(
        tmp_path, flowrun_yaml="version: 1\n", talk_flow_yaml=TALK, talk_replies_yaml=REPLIES
    )


def test_outputs_go_to_stdout_and_narrative_to_stderr(capsys, folder):
    ran = flowrun(capsys, "execute", "talk.flow.yaml")
    assert (ran.code, ran.out) == (0, "Mild.\n")
    assert ran.err.startswith("no OPENAI_API_KEY: answers come from the scripted model")
    assert "completed" in ran.err


def test_quiet_says_nothing_but_that_the_model_is_scripted(capsys, folder):
    make(folder, talk_flow_yaml=TALK.replace("{{ inputs.city }}", "Paris"))
    ran = flowrun(capsys, "execute", "talk.flow.yaml", "-q")
    assert ran.out == "Mild.\n"
    assert ran.err == (
        "no OPENAI_API_KEY: answers come from the scripted model in talk.replies.yaml\n"
    )


def test_one_result_object(capsys, folder):
    ran = flowrun(capsys, "execute", "talk.flow.yaml", "--format", "json", "--run-id", "mine")
    result = json.loads(ran.out)
    assert (result["run_id"], result["status"]) == ("mine", "completed")
    assert result["outputs"] == {"hello": "Mild."}


def test_one_event_a_line(capsys, folder):
    ran = flowrun(capsys, "execute", "talk.flow.yaml", "--format", "jsonl", "-i", "city=Rome")
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert events[0]["type"] == "flow_run_started"
    assert events[0]["inputs"] == {"city": "Rome"}
    assert events[-1]["type"] == "flow_run_finished"


def test_inputs_come_from_a_file_and_options_win(capsys, folder):
    make(folder, in_yaml="city: Rome\n")
    shown = []
    for more in ([], ["-i", "city=Bonn"]):
        arguments = ["execute", "talk.flow.yaml", "--inputs", "in.yaml", "--format", "jsonl", *more]
        shown.append(json.loads(flowrun(capsys, *arguments).out.splitlines()[0])["inputs"])
    assert shown == [{"city": "Rome"}, {"city": "Bonn"}]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["-i", "cty=Rome"], 64, "error: flow `talk` has no input `cty`"),
        (["-i", "city"], 64, "error: expected `name=value`, found `city`"),
        (["--inputs", "none.yaml"], 3, "error: inputs file `none.yaml` cannot be read: no such"),
        (["--inputs", "bytes.yaml"], 3, "error[yaml/encoding]"),
        (["--run-id", "a b"], 64, "error: expected letters, digits"),
        (["--run-id", ""], 64, "error: expected letters, digits"),
        (["--endpoint", "opnai"], 64, "error: no endpoint `opnai` in the project"),
        (["--endpoint", "openai"], 4, "error: endpoint `openai`: no key"),
        (["--endpoint", "scripted:missing.yaml"], 3, "error: there is no replies file"),
        (["--endpoint", "scripted:"], 64, "error: expected a file after `scripted:`"),
        (
            ["--endpoint", "scripted:/etc/hostname"],
            64,
            "error: replies file `/etc/hostname` is out",
        ),
        (["--endpoint", "scripted:broken.yaml"], 3, "error[bind/unknown-key]"),
        (["--endpoint", "http://"], 3, "error: endpoint `http:"),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_anything_runs(
    capsys, folder, arguments, code, said
):
    make(folder, broken_yaml="version: 1\nreplies:\n  - say: x\n    extra: 1\n")
    (folder / "bytes.yaml").write_bytes(b"city: \xff\n")
    ran = flowrun(capsys, "execute", "talk.flow.yaml", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith(said)
    assert not (folder / ".flowrun").exists()


def test_an_id_taken_by_another_run_is_refused(capsys, folder):
    assert flowrun(capsys, "execute", "talk.flow.yaml", "--run-id", "mine").code == 0
    arguments = ["execute", "talk.flow.yaml", "--run-id", "mine", "-i", "city=Rome"]
    ran = flowrun(capsys, *arguments)
    assert (ran.code, ran.out) == (7, "")
    assert ran.err == (
        "error: run `mine` exists with another plan or other inputs\n"
        "help: choose another --run-id\n"
    )


def test_the_same_run_once_more_has_the_same_result(capsys, folder):
    arguments = ["execute", "talk.flow.yaml", "--run-id", "mine", "--format", "jsonl"]
    first, second = flowrun(capsys, *arguments), flowrun(capsys, *arguments)
    kept = [line for line in first.out.splitlines() if json.loads(line)["seq"] is not None]
    assert second.out.splitlines() == kept


def test_a_flow_outside_the_current_directory_runs_in_its_own_project(capsys, folder, monkeypatch):
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert flowrun(capsys, "execute", "../talk.flow.yaml").out == "Mild.\n"
    assert (folder / ".flowrun" / "store.db").exists()
    assert not (folder / "elsewhere" / ".flowrun").exists()


def test_mistakes_of_the_flow_are_shown_and_nothing_runs(capsys, folder):
    make(folder, talk_flow_yaml=TALK.replace("inputs.city", "inputs.cty"))
    ran = flowrun(capsys, "execute", "talk.flow.yaml")
    assert (ran.code, ran.out) == (3, "")
    assert "ref/unknown-input" in ran.err

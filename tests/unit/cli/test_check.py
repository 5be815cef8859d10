"""`flowrun check`: which flows it looks at, and how it answers."""

import json

import pytest

from tests.support.commands import flowrun
from tests.support.projects import TALK, make, make_files

BROKEN = TALK.replace("inputs.city", "inputs.cty")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make(tmp_path, flowrun_yaml="version: 1\n")


def places(ran):
    return [one.split()[1] for one in ran.out.splitlines() if one.strip().startswith("--> ")]


def test_a_sound_flow(capsys, folder):
    make(folder, talk_flow_yaml=TALK)
    ran = flowrun(capsys, "check", "talk.flow.yaml")
    assert (ran.code, ran.out, ran.err) == (0, "1 flow checked, nothing wrong\n", "")


def test_findings_are_results_and_go_to_stdout(capsys, folder):
    make(folder, talk_flow_yaml=BROKEN)
    ran = flowrun(capsys, "check", "talk.flow.yaml")
    assert (ran.code, ran.err) == (3, "")
    assert "ref/unknown-input" in ran.out


def test_a_warning_is_shown_and_is_no_error(capsys, folder):
    make(folder, talk_flow_yaml=TALK.replace("{{ inputs.city }}", "Paris"))
    ran = flowrun(capsys, "check", "talk.flow.yaml")
    assert ran.code == 0
    assert "lint/unused-input" in ran.out


def test_nothing_named_stands_for_the_flows_of_the_project(capsys, folder, monkeypatch):
    make_files(
        folder, {"flows/a.flow.yaml": BROKEN, "flows/deep/b.flow.yaml": BROKEN, "c.flow.yaml": ""}
    )
    ran = flowrun(capsys, "check")
    assert ran.code == 3
    assert {one.partition(":")[0] for one in places(ran)} == {
        "flows/a.flow.yaml",
        "flows/deep/b.flow.yaml",
    }
    monkeypatch.chdir(folder / "flows" / "deep")
    ran = flowrun(capsys, "check")
    assert {one.partition(":")[0] for one in places(ran)} == {"../a.flow.yaml", "b.flow.yaml"}


def test_a_flow_named_twice_is_one(capsys, folder):
    make_files(folder, {"flows/a.flow.yaml": TALK})
    ran = flowrun(capsys, "check", "flows", "flows/a.flow.yaml")
    assert ran.out == "1 flow checked, nothing wrong\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "error: there is no directory `flows` in this project"),
        (["empty"], "error: no *.flow.yaml below `empty`"),
        (["none.flow.yaml"], "error: no file `none.flow.yaml`"),
        (["x" * 300], f"error: `{'x' * 300}` cannot be read: file name too long"),
    ],
)
def test_nothing_to_check_is_an_error(capsys, folder, arguments, said):
    (folder / "empty").mkdir()
    ran = flowrun(capsys, "check", *arguments)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(said)


def test_two_projects_are_told_apart(capsys, folder):
    one, other = BROKEN, BROKEN.replace("cty", "citi")
    files = {"a/flowrun.yaml": "version: 1\n", "b/flowrun.yaml": "version: 1\n"}
    make_files(folder, {**files, "a/t.flow.yaml": one, "b/t.flow.yaml": other})
    ran = flowrun(capsys, "check", "a", "b")
    assert sorted({place.partition(":")[0] for place in places(ran)}) == [
        "a/t.flow.yaml",
        "b/t.flow.yaml",
    ]
    assert "inputs.cty" in ran.out
    assert "inputs.citi" in ran.out


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_for_programs_places_lead_from_the_current_directory(capsys, folder, form):
    make_files(folder, {"own/flowrun.yaml": "version: 1\n", "own/t.flow.yaml": BROKEN})
    ran = flowrun(capsys, "check", "own/t.flow.yaml", "--format", form)
    assert (ran.code, ran.err) == (3, "")
    assert "own/t.flow.yaml" in ran.out
    if form != "github":
        json.loads(ran.out)


def test_a_name_with_blanks_and_any_letters(capsys, folder):
    make_files(folder, {"mit Leerzeichen/grüße ☕.flow.yaml": BROKEN})
    ran = flowrun(capsys, "check", "mit Leerzeichen")
    assert "--> mit Leerzeichen/grüße ☕.flow.yaml:" in ran.out


def test_nothing_is_left_behind(capsys, folder):
    make(folder, talk_flow_yaml=TALK)
    before = sorted(folder.rglob("*"))
    flowrun(capsys, "check", "talk.flow.yaml")
    assert sorted(folder.rglob("*")) == before


SPOILT_REPLIES = "version: 1\nreplies:\n  - {sayy: Hello.}\n"


def test_the_replies_beside_a_flow_are_checked_with_it(capsys, folder):
    make_files(folder, {"talk.flow.yaml": TALK, "talk.replies.yaml": SPOILT_REPLIES})
    ran = flowrun(capsys, "check", "talk.flow.yaml")
    assert ran.code == 3
    assert {one.partition(":")[0] for one in places(ran)} == {"talk.replies.yaml"}
    assert "did you mean `say`?" in ran.out
    assert flowrun(capsys, "execute", "talk.flow.yaml").code == 3


def test_replies_can_be_checked_alone(capsys, folder):
    make_files(folder, {"talk.replies.yaml": SPOILT_REPLIES})
    assert flowrun(capsys, "check", "talk.replies.yaml").code == 3
    make_files(folder, {"talk.replies.yaml": "version: 1\nreplies: [{say: Hello.}]\n"})
    assert flowrun(capsys, "check", "talk.replies.yaml").code == 0
    assert flowrun(capsys, "check", "no.replies.yaml").code == 3

"""The project: its root, its settings, and files that are read from nowhere else."""

import os

import pytest

from flowrun.app.project import (
    MAX_BYTES,
    Project,
    find_root,
    here,
    is_file,
    is_folder,
    locate_flow,
    open_project,
    project_around,
    reader,
    seen_from_here,
    told_apart,
)
from flowrun.errors import BadRequest, InvalidSource, ProjectError
from flowrun.source.document import NO_SUCH_FILE, OUTSIDE_PROJECT, Unreadable
from tests.support.projects import TALK, make, make_files
from tests.support.reports import report_of

SETTINGS = "version: 1\n"


@pytest.fixture
def folder(tmp_path):
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    return tmp_path


def test_the_nearest_settings_file_marks_the_root(folder):
    make_files(folder, {"flowrun.yaml": SETTINGS, "a/b/flowrun.yaml": SETTINGS})
    assert find_root(folder / "a" / "b" / "c") == folder / "a" / "b"
    assert find_root(folder / "a") == folder


def test_settings_come_before_git_even_farther_up(folder):
    make_files(folder, {"flowrun.yaml": SETTINGS})
    (folder / "a" / ".git").mkdir()
    assert find_root(folder / "a" / "b") == folder


def test_without_settings_git_marks_the_root_as_folder_or_as_file(folder):
    (folder / "a" / ".git").write_text("gitdir: elsewhere\n", "utf-8")
    assert find_root(folder / "a" / "b") == folder / "a"


def test_a_folder_by_itself_is_its_own_root(folder):
    assert find_root(folder / "a" / "b") == folder / "a" / "b"


def test_a_root_is_found_through_links(folder):
    (folder / "link").symlink_to(folder / "a")
    (folder / "a" / ".git").mkdir()
    assert find_root(folder / "link" / "b") == folder / "a"


def test_settings_that_lead_nowhere_are_not_passed_over(folder):
    (folder / "a" / "flowrun.yaml").symlink_to(folder / "nowhere")
    assert find_root(folder / "a" / "b") == folder / "a"
    with pytest.raises(InvalidSource):
        open_project(folder / "a", {})


def test_without_settings_the_defaults_hold(folder):
    project = open_project(folder, {})
    assert project.store_path == folder / ".flowrun" / "store.db"
    assert project.tool_folders == (folder,)
    assert project.settings.endpoints == {}
    assert project.store_path == project.root / project.settings.store.path


def test_settings_are_read_with_variables(folder):
    make(folder, flowrun_yaml="version: 1\nstore: {path: '${WHERE}/s.db'}\ntool_paths: [tools]\n")
    project = open_project(folder, {"WHERE": "kept"})
    assert project.store_path == folder / "kept" / "s.db"
    assert project.tool_folders == (folder, folder / "tools")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("version: 1\nendpoint: {}\n", "bind/unknown-key"),
        ("version: 2\n", "bind/unknown-version"),
        ("version: 1\ndefault_endpoint: none\n", "ref/unknown-endpoint"),
        ("version: 1\nstore: {path: '${NOT_SET}'}\n", "env/missing"),
        ("version: [\n", "yaml/unclosed"),
    ],
)
def test_mistakes_in_the_settings_refuse_them(folder, monkeypatch, text, code):
    monkeypatch.chdir(folder)
    make(folder, flowrun_yaml=text)
    with pytest.raises(InvalidSource) as refused:
        open_project(folder, {})
    assert code in {one.code for one in refused.value.report.diagnostics}
    assert "flowrun.yaml" in refused.value.report.sources


def test_a_file_is_read_without_its_mark_and_with_its_line_ends(folder):
    (folder / "x").write_bytes(b"\xef\xbb\xbfa\r\nb")
    assert reader(folder)("x").text == "a\r\nb"


def test_a_link_out_of_the_project_is_not_followed(folder):
    secret = folder / "secret"
    secret.write_text("s", "utf-8")
    root = folder / "a"
    (root / "link").symlink_to(secret)
    (root / "folder").symlink_to(folder)
    (root / "inside").symlink_to(root / "real")
    (root / "real").write_text("r", "utf-8")
    read = reader(root)
    assert read("link") == Unreadable("link", OUTSIDE_PROJECT)
    assert read("folder/secret").reason == OUTSIDE_PROJECT
    assert read("../secret").reason == OUTSIDE_PROJECT
    assert read("inside").text == "r"


def test_a_missing_file_comes_with_the_nearest(folder):
    make_files(folder, {"a/prompt.md": "x"})
    assert reader(folder)("a/promt.md") == Unreadable("a/promt.md", NO_SUCH_FILE, "a/prompt.md")
    assert reader(folder)("nowhere/prompt.md").near is None


def test_what_is_no_file_to_read_says_why(folder):
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    with (folder / "huge").open("wb") as huge:
        huge.truncate(MAX_BYTES + 1)
    (folder / "zero").symlink_to("/dev/zero")
    read = reader(folder)
    reasons = {name: read(name).reason for name in ("pipe", "loop", "huge", "zero", "a", "x" * 300)}
    assert reasons == {
        "pipe": "it is not a regular file",
        "loop": "too many levels of symbolic links",
        "huge": "it is larger than 64 MiB",
        "zero": OUTSIDE_PROJECT,
        "a": "it is a directory",
        "x" * 300: "file name too long",
    }


def test_a_flow_is_located_from_anywhere(folder, monkeypatch):
    make_files(folder, {"flowrun.yaml": SETTINGS, "a/talk.flow.yaml": TALK})
    monkeypatch.chdir(folder / "a" / "b")
    assert locate_flow("../talk.flow.yaml") == (folder, "a/talk.flow.yaml")
    assert locate_flow(str(folder / "a" / "talk.flow.yaml")) == (folder, "a/talk.flow.yaml")


def test_a_flow_may_have_blanks_and_any_letters_in_its_name(folder):
    make_files(folder, {"flowrun.yaml": SETTINGS, "a/grüße ☕.flow.yaml": TALK})
    path = str(folder / "a" / "grüße ☕.flow.yaml")
    assert locate_flow(path) == (folder, "a/grüße ☕.flow.yaml")


def test_what_is_no_flow_is_refused_in_a_sentence(folder, monkeypatch):
    monkeypatch.chdir(folder)
    make(folder, talk_flow_yaml=TALK)
    os.mkfifo(folder / "pipe.flow.yaml")
    (folder / "loop").symlink_to("loop")
    said = {}
    for path in ("none.yaml", "talk.flow.yaml/x", "a", "pipe.flow.yaml", "loop", "x" * 300):
        with pytest.raises(ProjectError) as refused:
            locate_flow(path)
        said[path[:20]] = (str(refused.value).replace("x" * 300, "x"), refused.value.hint)
    assert said["none.yaml"][0] == "no file `none.yaml`"
    assert "talk.flow.yaml" in said["none.yaml"][1]
    assert said["talk.flow.yaml/x"][0] == "no file `talk.flow.yaml/x`"
    assert said["a"][0] == "`a` is a directory, not a flow"
    assert said["pipe.flow.yaml"][0] == "`pipe.flow.yaml` is not a regular file"
    assert said["loop"][0] == "`loop` cannot be read: too many levels of symbolic links"
    assert said["x" * 20][0] == "`x` cannot be read: file name too long"


def test_a_directory_that_is_gone_is_said_to_be(folder, monkeypatch):
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ProjectError, match="the current directory is gone"):
        here()
    with pytest.raises(ProjectError, match="the current directory is gone"):
        locate_flow("talk.flow.yaml")


def test_names_that_no_file_can_have_are_none(folder):
    assert not is_file(folder / ("x" * 300))
    assert not is_folder(folder / ("x" * 300))
    assert is_folder(folder)
    assert not is_file(folder)


def test_a_report_is_seen_from_where_one_stands(folder, monkeypatch):
    report = report_of("a: [1\n")
    monkeypatch.chdir(folder)
    assert seen_from_here(report, folder) is report
    assert list(seen_from_here(report, folder / "a" / "b").sources) == ["a/b/a.yaml"]
    monkeypatch.chdir(folder / "a")
    [one] = seen_from_here(report, folder).diagnostics
    assert one.span.path == "../a.yaml"


def test_a_project_can_be_made_without_reading_anything(folder):
    assert Project(root=folder).settings.store.durability == "full"


def test_a_project_is_found_around_a_folder_or_around_where_one_stands(folder, monkeypatch):
    make_files(folder, {"a/flowrun.yaml": SETTINGS})
    monkeypatch.chdir(folder)
    assert project_around("a/b", {}).root == folder / "a"
    monkeypatch.chdir(folder / "a" / "b")
    assert project_around(None, {}).root == folder / "a"
    with pytest.raises(BadRequest, match="found `none`"):
        project_around("none", {})


def test_the_way_to_a_project_is_told_only_from_outside(folder, monkeypatch):
    make_files(folder, {"a/flowrun.yaml": SETTINGS})
    monkeypatch.chdir(folder / "a" / "b")
    assert told_apart(folder / "a") == ""
    monkeypatch.chdir(folder)
    assert told_apart(folder / "a") == "a"

"""Replies files: found from where one stands or from the root, never outside the project."""

import pytest

from flowrun.app.replies import find_replies, read_replies
from flowrun.errors import BadRequest, InvalidSource, ProjectError
from tests.support.projects import REPLIES, make_files


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return make_files(folder, {"flows/talk.replies.yaml": REPLIES})


def test_a_file_is_found_by_its_path_from_the_root(root):
    assert find_replies(root, "flows/talk.replies.yaml") == "flows/talk.replies.yaml"


def test_a_file_is_found_by_an_absolute_path(root):
    path = str(root / "flows" / "talk.replies.yaml")
    assert find_replies(root, path) == "flows/talk.replies.yaml"


def test_a_missing_file_is_refused_with_the_nearest(root):
    with pytest.raises(ProjectError, match="there is no replies file") as refused:
        find_replies(root, "flows/tlak.replies.yaml")
    assert refused.value.hint == "did you mean `flows/talk.replies.yaml`?"


@pytest.mark.parametrize("file", ["flows", ".", "x" * 300])
def test_what_is_no_file_is_refused(root, file):
    with pytest.raises(ProjectError):
        find_replies(root, file)


def test_no_name_at_all_is_bad_usage(root):
    with pytest.raises(BadRequest, match="expected a file"):
        find_replies(root, "")


def test_a_file_outside_the_project_is_refused_by_link_as_well(root):
    outside = root.parent / "other.replies.yaml"
    outside.write_text(REPLIES, "utf-8")
    (root / "link.replies.yaml").symlink_to(outside)
    for path in ("../other.replies.yaml", "link.replies.yaml"):
        with pytest.raises(BadRequest, match="outside the project"):
            find_replies(root, path)


def test_a_file_is_read(root):
    [reply] = read_replies(root, "flows/talk.replies.yaml", {}).replies
    assert reply.say == "Mild."


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("version: 1\nreplies:\n  - sayy: hi\n", "bind/missing-key"),
        ("version: 1\nreplies: [\n", "yaml/unclosed"),
        ("version: 1\nreplies: []\n", "bind/wrong-value"),
        ("", "yaml/not-a-mapping"),
    ],
)
def test_every_mistake_refuses_the_file_at_its_place(root, text, code):
    (root / "broken.yaml").write_text(text, "utf-8")
    with pytest.raises(InvalidSource) as refused:
        read_replies(root, "broken.yaml", {})
    report = refused.value.report
    assert code in {one.code for one in report.diagnostics}
    assert {one.span.path for one in report.diagnostics} == {"broken.yaml"}
    assert "broken.yaml" in report.sources

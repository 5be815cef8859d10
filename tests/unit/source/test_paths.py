"""Paths inside a project."""

import pytest

from flowrun.source.paths import directory_of, join_inside


@pytest.mark.parametrize(
    ("directory", "path", "joined"),
    [
        ("", "a.md", "a.md"),
        ("flows", "prompts/a.md", "flows/prompts/a.md"),
        ("flows/sub", "../a.md", "flows/a.md"),
        ("flows", "../a.md", "a.md"),
        ("flows", "./x/../a.md", "flows/a.md"),
        ("flows", "../../a.md", None),
        ("", "..", None),
        ("", "/etc/passwd", None),
        ("", "~/a", None),
        ("", "C:\\a", None),
        ("", "\\\\host\\a", None),
        ("", "a\0b", None),
        ("", "", None),
        ("", "...", "..."),
        ("", "..a/b", "..a/b"),
    ],
)
def test_a_path_is_joined_inside_the_project_or_refused(directory, path, joined):
    assert join_inside(directory, path) == joined


def test_the_directory_of_a_file_at_the_root_is_empty():
    assert directory_of("a.yaml") == ""
    assert directory_of("flows/sub/a.yaml") == "flows/sub"

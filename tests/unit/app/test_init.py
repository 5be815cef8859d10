"""A new project: complete, runnable, and never at the cost of what was there."""

import ast

import pytest

from flowrun.app.init import FLOW_PATH, REPLIES_PATH, make_project
from flowrun.errors import BadRequest

SCHEMAS = {"flow.schema.json": "{}\n"}


def test_everything_is_written(tmp_path):
    made = make_project(tmp_path / "deep" / "shop", SCHEMAS)
    assert made.kept == ()
    assert set(made.written) == {
        "flowrun.yaml",
        FLOW_PATH,
        REPLIES_PATH,
        "flows/order_tools.py",
        "schemas/flow.schema.json",
        ".gitignore",
    }
    for path in made.written:
        assert (tmp_path / "deep" / "shop" / path).read_text("utf-8").endswith("\n")


def test_files_name_their_schema_in_the_first_line(tmp_path):
    make_project(tmp_path, SCHEMAS)
    first = {
        path: (tmp_path / path).read_text("utf-8").splitlines()[0]
        for path in ("flowrun.yaml", FLOW_PATH, REPLIES_PATH)
    }
    modeline = "# yaml-language-server: $schema="
    assert first["flowrun.yaml"] == f"{modeline}schemas/project.schema.json"
    assert first[FLOW_PATH] == f"{modeline}../schemas/flow.schema.json"
    assert first[REPLIES_PATH] == f"{modeline}../schemas/replies.schema.json"


def test_the_tool_is_python(tmp_path):
    make_project(tmp_path, SCHEMAS)
    tree = ast.parse((tmp_path / "flows/order_tools.py").read_text("utf-8"))
    assert "find_order" in {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}


def test_what_is_there_is_kept(tmp_path):
    (tmp_path / "flows").mkdir()
    (tmp_path / FLOW_PATH).write_text("mine", "utf-8")
    made = make_project(tmp_path, SCHEMAS)
    assert made.kept == (FLOW_PATH,)
    assert (tmp_path / FLOW_PATH).read_text("utf-8") == "mine"
    assert make_project(tmp_path, SCHEMAS).written == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, ".flowrun/\n"),
        ("", ".flowrun/\n"),
        ("*.pyc", "*.pyc\n.flowrun/\n"),
        ("*.pyc\n", "*.pyc\n.flowrun/\n"),
        (".flowrun\n*.pyc\n", ".flowrun\n*.pyc\n"),
        ("/.flowrun/\n", "/.flowrun/\n"),
        ("# .flowrun/\n", "# .flowrun/\n.flowrun/\n"),
    ],
)
def test_git_is_told_to_ignore_the_store_once(tmp_path, before, after):
    if before is not None:
        (tmp_path / ".gitignore").write_text(before, "utf-8")
    make_project(tmp_path, SCHEMAS)
    make_project(tmp_path, SCHEMAS)
    assert (tmp_path / ".gitignore").read_text("utf-8") == after


def test_a_file_cannot_become_a_project(tmp_path):
    (tmp_path / "taken").write_text("", "utf-8")
    with pytest.raises(BadRequest, match="taken"):
        make_project(tmp_path / "taken", SCHEMAS)

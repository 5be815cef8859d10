"""Tools that can be called."""

import pytest

from tests.support.flows import check_body

USE = "steps: {s: {tool: t}}\n"


def said(tool, **files):
    return check_body(f"tools: {{t: {tool}}}\n{USE}", **files).lines


@pytest.mark.parametrize("cwd", [".", "scripts", "a/../b", "./a"])
def test_folders_inside_the_project(cwd):
    assert not said(f"{{shell: [df], cwd: {cwd}}}")


@pytest.mark.parametrize("cwd", ["..", "/tmp", "a/../../b", "~/x"])
def test_folders_outside_the_project(cwd):
    (one,) = said(f"{{shell: [df], cwd: '{cwd}'}}")
    assert " tool/cwd " in one


def test_a_function_that_is_not_python_is_reported_once():
    (one,) = said("{python: 'tools:run'}", tools_py="def run(:\n")
    assert " tool/signature " in one


def test_an_unknown_function_is_reported_even_when_parameters_are_wrong():
    lines = said("{python: 'tools:rn', parameters: {a: 5}}", tools_py="def run(a: str): ...\n")
    assert [one.split()[1] for one in lines] == ["tool/unknown-function", "tool/parameters"]


def test_declared_parameters_spare_the_annotations():
    tool = "{python: 'tools:run', parameters: {a: {type: string, default: x}}}"
    assert not said(tool, tools_py="def run(a):\n    return a\n")


@pytest.mark.parametrize(
    "tool",
    ['{shell: [df, "a\\0b"]}', '{script: "ls\\0"}', '{shell: [df], env: {A: "a\\0b"}}'],
)
def test_no_program_is_given_the_one_character_that_it_cannot_have(tool):
    (one,) = said(tool)
    assert "must be free of the character U+0000" in one


def test_a_module_of_python_itself_is_not_taken_for_a_file():
    (one,) = said("{python: 'sys:run'}", sys_py="def run(): ...\n")
    assert "`sys` is a module of Python itself" in one


def test_a_bound_of_an_annotation_that_is_none_is_refused():
    text = (
        "from typing import Annotated\nfrom pydantic import Field\n"
        "def run(a: Annotated[str, Field(pattern='(')] = 'x'): ...\n"
    )
    (one,) = said("{python: 'tools:run'}", tools_py=text)
    assert "parameter `a` of tool `t` has a bound that is not valid" in one

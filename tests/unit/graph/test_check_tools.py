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

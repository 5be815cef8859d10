"""What is looked up on the machine for the checks of a flow."""

import os

import pytest

from flowrun.app.load import load_flow
from flowrun.app.lookup import find_module
from flowrun.app.project import open_project
from tests.support.projects import BARE, GREET, GREETING, TALK, make, make_files

SETTINGS = "version: 1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make(tmp_path, flowrun_yaml=SETTINGS)


def codes(path, environ=BARE):
    return [one.code for one in load_flow(str(path), environ=environ).report.diagnostics]


@pytest.mark.parametrize("place", ["flows/greeting.py", "greeting.py", "tools/greeting.py"])
def test_a_module_is_found_beside_the_flow_in_the_root_and_in_tool_paths(folder, place):
    settings = "version: 1\ntool_paths: [tools]\n"
    files = {"flowrun.yaml": settings, "flows/greet.flow.yaml": GREET, place: GREETING}
    make_files(folder, files)
    assert codes("flows/greet.flow.yaml") == []


def test_a_module_of_a_folder_beside_the_project_is_found_where_tool_paths_names_it(folder):
    make_files(
        folder,
        {
            "shared/greeting.py": GREETING,
            "own/flowrun.yaml": "version: 1\ntool_paths: [../shared]\n",
            "own/greet.flow.yaml": GREET,
        },
    )
    assert codes("own/greet.flow.yaml") == []
    make_files(folder, {"own/flowrun.yaml": SETTINGS})
    assert codes("own/greet.flow.yaml") == ["tool/unknown-module"]


def test_a_module_behind_a_link_out_of_the_project_is_none(folder):
    make_files(
        folder,
        {"greeting.py": GREETING, "own/flowrun.yaml": SETTINGS, "own/greet.flow.yaml": GREET},
    )
    (folder / "own" / "greeting.py").symlink_to(folder / "greeting.py")
    assert codes("own/greet.flow.yaml") == ["tool/unknown-module"]


def test_a_package_comes_before_a_module_of_its_name_as_when_it_is_imported(folder):
    make_files(folder, {"a.py": "", "a/__init__.py": "", "a/b.py": "", "c.py": ""})
    project = open_project(folder, {})
    found = {name: find_module(name, folder, project) for name in ("a", "a.b", "c", "d", "a.d")}
    assert found == {
        "a": folder / "a" / "__init__.py",
        "a.b": folder / "a" / "b.py",
        "c": folder / "c.py",
        "d": None,
        "a.d": None,
    }


def test_a_module_that_is_no_file_is_none(folder):
    make(folder, greet_flow_yaml=GREET)
    os.mkfifo(folder / "greeting.py")
    assert codes("greet.flow.yaml") == ["tool/unknown-module"]


SHELL = """
version: 1
name: run
tools:
  run: {{shell: [{program}], cwd: {cwd}}}
steps:
  run: {{tool: run}}
"""


@pytest.mark.parametrize(
    ("program", "cwd", "found"),
    [
        ("cat", ".", True),
        ("no-such-program", ".", False),
        ("./here.sh", ".", True),
        ("./here.sh", "work", False),
        ("../here.sh", "work", True),
        ("./plain.txt", ".", False),
        ("./work", ".", False),
    ],
)
def test_a_program_is_looked_up_as_it_will_be_started(folder, program, cwd, found):
    make_files(folder, {"here.sh": "#!/bin/sh\n", "plain.txt": "", "work/x": ""})
    (folder / "here.sh").chmod(0o755)
    make(folder, run_flow_yaml=SHELL.format(program=program, cwd=cwd))
    assert ("tool/program-not-found" not in codes("run.flow.yaml")) is found


def test_without_a_path_the_system_s_own_is_searched(folder):
    make(folder, run_flow_yaml=SHELL.format(program="cat", cwd="."))
    assert codes("run.flow.yaml", environ={}) == []
    assert codes("run.flow.yaml", environ={"PATH": ""}) == ["tool/program-not-found"]


def test_a_variable_that_expressions_read_has_to_be_there(folder):
    text = TALK.replace("inputs.city", "env.REGION") + "env: [REGION]\n"
    make(folder, talk_flow_yaml=text)
    assert "env/missing" in codes("talk.flow.yaml")
    assert "env/missing" not in codes("talk.flow.yaml", environ={"REGION": "eu"})


def test_a_model_s_price_comes_from_the_project(folder):
    settings = SETTINGS + "models: {small: {model: m, prices: {input: 0.5, output: 2}}}\n"
    talk = TALK.replace("model: m,", "model: small,") + "limits: {max_cost_usd: 1}\n"
    make(folder, flowrun_yaml=settings, talk_flow_yaml=talk)
    (guide,) = load_flow("talk.flow.yaml", environ=BARE).require_plan().assistants
    assert (guide.model, guide.prices.input, guide.prices.output) == ("m", 0.5, 2.0)

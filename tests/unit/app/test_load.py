"""From a path to a plan: what is looked up on the way, and what is complained of."""

import os

import pytest

from flowrun.app.load import find_module, load_flow
from flowrun.app.project import open_project
from flowrun.errors import InvalidSource, ProjectError
from tests.support.projects import BARE, GREET, GREETING, TALK, make, make_files

SETTINGS = "version: 1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make(tmp_path, flowrun_yaml=SETTINGS)


def codes(path, environ=BARE):
    return [one.code for one in load_flow(str(path), environ=environ).report.diagnostics]


def test_a_sound_flow_has_a_plan_and_its_path_from_the_root(folder):
    make_files(folder, {"flows/talk.flow.yaml": TALK})
    loaded = load_flow("flows/talk.flow.yaml", environ=BARE)
    assert loaded.require_plan().flow == "talk"
    assert (loaded.path, loaded.flow_dir) == ("flows/talk.flow.yaml", folder / "flows")
    assert loaded.report.diagnostics == ()


def test_a_flow_with_a_mistake_has_none_and_says_all(folder):
    make(
        folder, talk_flow_yaml=TALK.replace("inputs.city", "inputs.cty").replace("model", "modell")
    )
    loaded = load_flow("talk.flow.yaml", environ=BARE)
    assert {one.code for one in loaded.report.diagnostics} >= {"ref/unknown-input"}
    assert loaded.plan is None
    with pytest.raises(InvalidSource) as refused:
        loaded.require_plan()
    assert refused.value.report is loaded.report


def test_a_warning_alone_refuses_nothing(folder):
    make(folder, talk_flow_yaml=TALK.replace("{{ inputs.city }}", "Paris"))
    loaded = load_flow("talk.flow.yaml", environ=BARE)
    assert [one.code for one in loaded.report.diagnostics] == ["lint/unused-input"]
    assert loaded.plan is not None


def test_places_are_seen_from_where_one_stands(folder, monkeypatch):
    make_files(folder, {"flows/talk.flow.yaml": TALK.replace("inputs.city", "inputs.cty")})
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    report = load_flow("../flows/talk.flow.yaml", environ=BARE).report
    assert {one.span.path for one in report.diagnostics} == {"../flows/talk.flow.yaml"}
    assert set(report.sources) == {"../flows/talk.flow.yaml"}


def test_line_ends_of_windows_change_nothing(folder):
    make(folder, a_flow_yaml=TALK)
    (folder / "b.flow.yaml").write_bytes(TALK.lstrip("\n").replace("\n", "\r\n").encode())
    plans = [load_flow(path, environ=BARE).plan for path in ("a.flow.yaml", "b.flow.yaml")]
    assert plans[0] == plans[1] is not None


def test_five_megabytes_of_garbage_are_one_complaint(folder):
    (folder / "g.flow.yaml").write_bytes(bytes(range(256)) * 20_000)
    assert codes("g.flow.yaml") == ["yaml/encoding"]
    (folder / "g.flow.yaml").write_bytes(b"[{" * 2_500_000)
    assert codes("g.flow.yaml") == ["yaml/too-deep"]


def test_settings_with_mistakes_refuse_every_flow(folder):
    make(folder, flowrun_yaml="version: 1\nx: 1\n", talk_flow_yaml=TALK)
    with pytest.raises(InvalidSource):
        load_flow("talk.flow.yaml", environ=BARE)


def test_no_file_is_no_flow(folder):
    with pytest.raises(ProjectError):
        load_flow("talk.flow.yaml", environ=BARE)


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

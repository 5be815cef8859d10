"""Modules are loaded fresh, apart, and from the project alone."""

import asyncio
import hashlib
import sys

import pytest

from flowrun.tools.modules import ProjectModules, SourceRefused


@pytest.fixture
def generation(project):
    made = []

    def make(*folders, digests=None):
        paths = [project.root / folder for folder in folders or (".",)]
        made.append(ProjectModules(paths, digests or {}))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_generations_stand_beside_each_other(project, generation):
    project.write("helper.py", "value = 1\n")
    project.write("tool.py", "import helper\ndef run(): return helper.value\n")
    first = generation().load("tool")
    project.write("helper.py", "value = 2\n")
    second = generation().load("tool")
    assert (first.run(), second.run()) == (1, 2)
    assert "tool" not in sys.modules
    assert "helper" not in sys.modules


def test_a_module_is_one_within_its_generation(project, generation):
    project.write("state.py", "import helper\nseen = []\n")
    project.write("helper.py", "def late():\n    import state\n    return state.seen\n")
    made = generation()
    assert made.load("helper").late() is made.load("state").seen


def test_packages_submodules_and_relative_imports_work(project, generation):
    project.write("kit/__init__.py", "from . import parts\nfrom .parts import one\n")
    project.write("kit/parts.py", "one = 1\n")
    project.write("kit/deep/__init__.py", "")
    project.write("kit/deep/well.py", "from ..parts import one\nfrom kit import parts as again\n")
    project.write(
        "tool.py",
        "import kit.deep.well\nimport kit.parts as p\nfrom kit.deep import well as w\n"
        "same = kit.deep.well is w and kit.parts is p is w.again\n",
    )
    assert generation().load("tool").same
    assert generation().load("kit.deep.well").one == 1


def test_the_first_folder_wins(project, generation):
    project.write("flows/where.py", "place = 'flows'\n")
    project.write("where.py", "place = 'root'\n")
    assert generation("flows", ".").load("where").place == "flows"


def test_installed_modules_and_the_standard_library_are_the_usual_ones(project, generation):
    project.write("tool.py", "import json, pydantic\nfrom os import path\nimport flowrun.ids\n")
    project.write("flowrun/__init__.py", "raise RuntimeError\n")
    project.write("pydantic/notes.txt", "a folder that is no package")
    tool = generation().load("tool")
    assert tool.pydantic is sys.modules["pydantic"]
    assert tool.json is sys.modules["json"]
    assert tool.flowrun is sys.modules["flowrun"]


def test_a_project_module_shadows_for_the_project_alone(project, generation):
    project.write("statistics.py", "mine = True\n")
    project.write("tool.py", "import statistics\n")
    assert generation().load("tool").statistics.mine
    import statistics

    assert not hasattr(statistics, "mine")


def test_a_folder_without_init_is_a_namespace(project, generation):
    project.write("parts_here/one.py", "value = 1\n")
    project.write("tool.py", "from parts_here import one\n")
    assert generation().load("tool").one.value == 1


def test_neither_bytecode_is_written_nor_stale_code_run(project, generation):
    project.write("tool.py", "value = 1\n")
    assert generation().load("tool").value == 1
    project.write("tool.py", "value = 2\n")
    assert generation().load("tool").value == 2
    assert not list(project.root.rglob("__pycache__"))


def test_string_annotations_and_dataclasses_find_their_module(project, generation):
    project.write(
        "tool.py",
        "from __future__ import annotations\nimport dataclasses, typing\n"
        "@dataclasses.dataclass\nclass A:\n    b: B\nclass B: ...\n"
        "hints = typing.get_type_hints(A)\n",
    )
    tool = generation().load("tool")
    assert tool.hints == {"b": tool.B}


def test_a_changed_file_is_refused_before_it_runs(project, generation):
    file = project.write("tool.py", "value = 1\r\n")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert generation(digests={"tool": digest}).load("tool").value == 1
    of_text = hashlib.sha256(b"value = 1\n").hexdigest()
    assert generation(digests={"tool": of_text}).load("tool").value == 1
    project.write("tool.py", "raise SystemExit\n")
    with pytest.raises(SourceRefused, match=r"`tool.py` changed since the flow was checked"):
        generation(digests={"tool": digest}).load("tool")


def test_a_link_out_of_the_project_is_refused(project, generation, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "tool.py"
    elsewhere.write_text("value = 1\n")
    (project.root / "tool.py").symlink_to(elsewhere)
    with pytest.raises(SourceRefused, match="lies outside the project"):
        generation().load("tool")


def test_installed_modules_are_no_tools(generation):
    with pytest.raises(ModuleNotFoundError):
        generation().load("json")
    with pytest.raises(ModuleNotFoundError):
        generation().load("nowhere_at_all")


def test_what_is_loaded_works_after_closing(project, generation):
    project.write("tool.py", "import helper\nasync def run(): return helper.value\n")
    project.write("helper.py", "value = 7\n")
    made = generation()
    run = made.load("tool").run
    made.close()
    assert asyncio.run(run()) == 7
    assert not [name for name in sys.modules if name.startswith(made.name)]

"""What others build on: the public names, the generated files, the version."""

import tomllib

import flowrun
from flowrun.ids import VERSION
from scripts.generated import generated_files, stale_files
from tests.support.repository import ROOT, run_python


def test_generated_files_are_fresh():
    stale = [
        path
        for path, text in generated_files().items()
        if not (ROOT / path).is_file() or (ROOT / path).read_text("utf-8") != text
    ]
    assert stale == [], "run `make schemas`"
    assert stale_files() == []


def test_public_names_are_sorted_and_there():
    assert list(flowrun.__all__) == sorted(flowrun.__all__)
    assert [name for name in flowrun.__all__ if not hasattr(flowrun, name)] == []
    assert len(flowrun.__all__) <= 25


def test_the_version_is_said_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == VERSION == flowrun.__version__
    assert run_python("-m", "flowrun", "--version").stdout.strip().endswith(VERSION)

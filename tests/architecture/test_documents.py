"""Documents that cannot lie: what they quote, name and promise is compared with the code."""

import ast
import re
import shutil

import pytest

from flowrun import errors
from flowrun.app.load import load_flow
from flowrun.app.project import open_project
from flowrun.errors import FlowrunError
from flowrun.ids import VERSION
from flowrun.source.report import Report
from flowrun.spec import flow as language
from flowrun.spec.declaration import Declaration
from flowrun.spec.project import Endpoint
from flowrun.spec.replies import Reply, When
from tests.support.markdown import code_blocks, local_links, table_rows
from tests.support.repository import ROOT, run_python, tracked_files

PAGES = sorted(
    one for one in tracked_files() if one.endswith(".md") and not one.startswith("flows/")
)
ROOMS = sorted(one.parent.name for one in (ROOT / "flowrun").glob("*/__init__.py"))


def page(path):
    return (ROOT / path).read_text("utf-8")


# README


def test_the_readme_is_short():
    assert page("README.md").count("\n") <= 120


def test_the_flow_in_the_readme_is_the_flow_that_runs():
    [block] = [one for one in code_blocks(page("README.md"), "yaml") if not one.words]
    assert block.text == page("flows/weather_report.flow.yaml")


def test_the_commands_of_the_readme_run(tmp_path):
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    [block] = code_blocks(page("README.md"), "sh")
    commands = [line for line in block.text.splitlines() if line.startswith("flowrun ")]
    assert len(commands) >= 4
    for command in commands:
        done = run_python("-m", *command.split(), cwd=tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def test_the_readme_ends_its_demo_with_what_the_flow_prints(tmp_path):
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    done = run_python("-m", "flowrun", "execute", "flows/weather_report.flow.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = [one for one in code_blocks(page("README.md"), "text") if "Weather:" in one.text]
    [block] = shown
    quoted = [line for line in block.text.splitlines() if line and "%" not in line]
    assert quoted
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    assert [line for line in quoted if line not in printed] == []


def test_make_targets_that_documents_name_exist():
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    for path in PAGES:
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", page(path), re.MULTILINE))
        assert named <= targets, path


def test_nobody_is_told_to_install_the_other_flowrun():
    for path in PAGES:
        assert not re.search(r"pip3? install flowrun\b(?!-engine)", page(path)), path


# Commands and their options


def test_options_that_documents_show_exist():
    shown = set()
    for path in PAGES:
        for block in code_blocks(page(path)):
            if block.language in {"sh", "console"}:
                shown |= set(re.findall(r"flowrun (\w+)([^\n]*)", block.text))
        shown |= set(re.findall(r"`flowrun (\w+)([^`]*)`", page(path)))
    options = {command: set() for command, _ in shown}
    for command, rest in shown:
        options[command] |= set(re.findall(r"(?<= )--[a-z-]+", rest))
    for command, wanted in sorted(options.items()):
        done = run_python("-m", "flowrun", command, "--help")
        assert done.returncode == 0, f"flowrun {command}: {done.stderr}"
        assert wanted <= set(re.findall(r"--[a-z-]+", done.stdout)), command


# ARCHITECTURE


def test_the_reading_path_exists():
    path = re.findall(r"^\d\. `([^`]+)`", page("ARCHITECTURE.md"), re.MULTILINE)
    assert len(path) == 7
    assert [one for one in path if not (ROOT / one).is_file()] == []


def test_codemap_lines_are_the_docstrings_of_the_rooms():
    lines = re.findall(r"^### `(\w+)/`\n(.+)\n", page("ARCHITECTURE.md"), re.MULTILINE)
    assert dict(lines) == {room: docstring(room) for room in ROOMS}


def docstring(room):
    text = (ROOT / "flowrun" / room / "__init__.py").read_text("utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").splitlines()[0]


def test_files_that_documents_name_exist():
    for path in ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "README.md"):
        named = re.findall(r"`((?:flowrun|tests|docs|flows|schemas)/[\w./-]*)`", page(path))
        missing = [one for one in named if "NAME" not in one and not (ROOT / one).exists()]
        assert not missing, path


def test_links_lead_somewhere():
    for path in PAGES:
        for link in local_links(page(path)):
            assert ((ROOT / path).parent / link).exists(), f"{path}: {link}"


# Exit codes and the changelog


def test_the_table_of_exit_codes_is_that_of_the_exceptions():
    rows = [row for row in table_rows(page("docs/exit-codes.md")) if row[0].isdigit()]
    documented = {name: int(row[0]) for row in rows for name in re.findall(r"`(\w+)`", row[2])}
    raised = {
        name: one.exit_code
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, FlowrunError)
    }
    assert documented == raised
    codes = [int(row[0]) for row in rows]
    assert codes == sorted(set(codes))


def test_the_drawing_of_the_exceptions_has_every_one():
    drawn = set(re.findall(r"[├└]── (\w+)|^    (FlowrunError)", errors.__doc__, re.MULTILINE))
    names = {first or second for first, second in drawn}
    assert names == {
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, FlowrunError)
    }


def test_the_changelog_has_a_place_for_this_version():
    headings = re.findall(r"^## \[([^\]]+)\]", page("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] in {"Unreleased", VERSION}


def test_decisions_are_short_and_numbered():
    decisions = [one for one in PAGES if one.startswith("docs/decisions/")]
    for number, path in enumerate(decisions, 1):
        assert path.startswith(f"docs/decisions/{number:04}-")
        assert page(path).startswith(f"# {number}. ")
        assert page(path).count("\n") <= 60


# The language


def examples():
    for path in PAGES:
        for block in code_blocks(page(path), "yaml"):
            yield pytest.param(path, block, id=f"{path}:{block.line}")


@pytest.mark.parametrize(("path", "block"), list(examples()))
def test_every_example_is_what_it_says(path, block, tmp_path):
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    write_modules(path, tmp_path / "flows")
    match block.words:
        case ():
            assert codes(load(tmp_path, whole(block.text))) == []
        case ("refused", code):
            assert codes(load(tmp_path, whole(block.text))) == [code]
        case ("project",):
            (tmp_path / "flowrun.yaml").write_text(block.text)
            open_project(tmp_path, {})
        case ("replies",):
            name = tmp_path / "flows" / "weather_report.replies.yaml"
            name.write_text(block.text)
            done = run_python(
                "-m", "flowrun", "execute", "flows/weather_report.flow.yaml", cwd=tmp_path
            )
            assert done.returncode == 1, f"the replies file is refused: {done.stderr}"
        case words:
            pytest.fail(f"{path}: a YAML block marked {words}")


def write_modules(path, folder):
    """Write what the page shows of Python, each block under the name in its first line."""
    for block in code_blocks(page(path), "python"):
        [name] = re.findall(r"\A# (\w+\.py)\n", block.text)
        (folder / name).write_text(block.text)


def load(folder, text) -> Report:
    (folder / "flows" / "example.flow.yaml").write_text(text)
    return load_flow(
        str(folder / "flows" / "example.flow.yaml"),
        environ={"PATH": "/usr/bin:/bin", "USER": "ada"},
    ).report


def codes(report: Report):
    return [one.code for one in report.diagnostics if not one.code.startswith("lint/")]


def whole(text):
    """Return a fragment with what a flow must have beside it."""
    if "version:" not in text:
        text = f"version: 1\nname: example\n{text}"
    if "\nsteps:" not in text:
        if "\nassistants:" not in text:
            text += "assistants: {filler: {model: gpt-5-mini}}\n"
        [assistant, *_] = re.findall(r"\nassistants:(?: \{|\n  )([a-z_-]+):", text)
        text += f"steps: {{filler: {{assistant: {assistant}, message: Go}}}}\n"
    return text


def test_every_key_of_the_language_is_described():
    text = page("docs/language.md")
    models = [language.Flow, language.Step, language.Assistant, language.Tool, language.Thread]
    parts = [language.Input, language.TruncationStrategy, language.Retry, language.Repeat]
    for model in [*models, *parts, language.Limits, language.Ask]:
        assert undescribed(model, text) == [], model.__name__


def test_what_is_not_available_yet_is_said():
    [section] = re.findall(r"## Not available yet\n(.*?)```", page("docs/language.md"), re.DOTALL)
    refused = set().union(*language.NOT_YET.values(), language.BUILT_IN_TOOLS)
    assert {one for one in refused if f"`{one}`" not in section} == set()


def test_every_key_of_endpoints_and_replies_is_described():
    text = page("docs/endpoints.md")
    for model in (Endpoint, Reply, When):
        assert undescribed(model, text) == [], model.__name__


def undescribed(model: type[Declaration], text):
    keys = [field.alias or name for name, field in model.model_fields.items()]
    return [key for key in keys if not re.search(rf"`{key}`|\b{key}:", text)]


# The tree


def test_no_path_of_a_machine_and_no_registry_in_the_tree():
    machine = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:work|farm|root|opt|home/[a-z]+|tmp/v)/")
    registry = re.compile("pypi[.]org|pythonhosted[.]org|registry[.]npmjs|npmmirror|pypi[.]python")
    found = []
    for path in tracked_files():
        try:
            text = page(path)
        except UnicodeDecodeError:
            continue
        if path != "tests/architecture/test_documents.py":
            found += [path for one in (machine, registry) if one.search(text)]
    assert found == []

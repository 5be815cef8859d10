"""The catalogue: complete, and its pages on files are true."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import flowrun
from flowrun.source.catalog import CATALOG
from flowrun.source.catalog_control import CONTROL_PAGES
from flowrun.source.catalog_files import FILE_PAGES
from flowrun.source.catalog_flow import FLOW_PAGES
from flowrun.source.catalog_tools import TOOL_PAGES
from flowrun.source.document import NO_SUCH_FILE, Unreadable
from flowrun.source.resolve import resolve_document
from flowrun.source.text import SourceText

PACKAGE = Path(flowrun.__file__).parent
STAGES = sorted({code.partition("/")[0] for code in CATALOG})
NO_CODES = {"interpreter", "engines"}
"""Rooms whose plan paths, such as `limits/timeout`, have the form of codes."""
CODE = re.compile(rf"(?:{'|'.join(STAGES)})/[a-z]+(?:-[a-z]+)*")


def codes_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    texts = (one.value for one in ast.walk(tree) if isinstance(one, ast.Constant))
    return {one for one in texts if isinstance(one, str) and CODE.fullmatch(one)}


def codes_given(path: Path) -> set[str]:
    """Codes handed over as `code="..."`, whatever their stage."""
    tree = ast.parse(path.read_text("utf-8"))
    return {
        str(one.value.value)
        for one in ast.walk(tree)
        if isinstance(one, ast.keyword)
        and one.arg == "code"
        and isinstance(one.value, ast.Constant)
        and re.fullmatch(r"[a-z]+/[a-z-]+", str(one.value.value))
    }


def test_every_code_that_is_used_has_a_page():
    for path in sorted(PACKAGE.rglob("*.py")):
        found = codes_given(path)
        if path.relative_to(PACKAGE).parts[0] not in NO_CODES:
            found |= codes_in(path)
        unknown = found - set(CATALOG)
        assert not unknown, f"{path.relative_to(PACKAGE)} uses {sorted(unknown)}"


def test_pages_stand_under_their_codes_and_say_everything():
    for code, one in CATALOG.items():
        assert one.code == code
        assert CODE.fullmatch(code)
        assert not one.title.endswith(".")
        assert one.meaning.endswith(".")
        assert "\n" not in one.meaning
        assert one.example.strip()
        assert one.fix.strip()
        assert one.example != one.fix


def test_no_code_has_two_pages():
    assert len(CATALOG) == sum(map(len, (FILE_PAGES, FLOW_PAGES, CONTROL_PAGES, TOOL_PAGES)))


def test_no_page_names_a_library():
    for one in CATALOG.values():
        said = f"{one.title} {one.meaning}".lower()
        assert not re.search(r"pydantic|pyyaml|libyaml|networkx|jinja|nonetype|\bdict\b", said)


ELSEWHERE = {
    "shared.yaml": "threads: {research: {}}\n",
    "prompts/editor.md": "Be brief.\n",
}
ASKED_AS = {"file/include-cycle": "shared.yaml", "file/include-content": "shared.yaml"}


def resolve_page(code: str, text: str) -> list[str]:
    path = ASKED_AS.get(code, "flow.yaml")
    files = {"flow.yaml": "include: [shared.yaml]\n", **ELSEWHERE, path: text}

    def read(asked):
        if asked == "prompts":
            return Unreadable(asked, "it is a directory")
        if asked in files:
            return SourceText(asked, files[asked])
        return Unreadable(asked, NO_SUCH_FILE)

    return [one.code for one in resolve_document("flow.yaml", read, {})[1]]


ON_FILES = [code for code in CATALOG if code.split("/")[0] in ("yaml", "file", "env", "secret")]


@pytest.mark.parametrize("code", ON_FILES)
def test_the_example_of_a_page_has_the_mistake_and_its_fix_has_not(code):
    assert resolve_page(code, CATALOG[code].example) == [code]
    assert resolve_page(code, CATALOG[code].fix) == []


@pytest.mark.parametrize("code", [code for code in CATALOG if code not in ON_FILES])
def test_the_example_of_any_other_page_is_sound_yaml(code):
    if code != "bind/unknown-version":
        assert resolve_page(code, CATALOG[code].example) == []
    assert resolve_page(code, CATALOG[code].fix) == []


def test_reading_a_file_does_not_load_the_pages():
    script = (
        "import sys, flowrun.source.resolve, flowrun.source.report\n"
        "sys.exit(any('catalog' in name for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PACKAGE.parent, check=False)
    assert done.returncode == 0

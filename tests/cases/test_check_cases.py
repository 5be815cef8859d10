"""Each folder of `tests/cases/check` is a flow with a mistake and what `check` says of it.

`UPDATE_CASES=1 pytest tests/cases` writes `expected.txt` anew; read the difference first.
"""

import os
import re
from pathlib import Path

import pytest

from tests.support.flows import check_folder

CASES = Path(__file__).parent / "check"
REFUSED = re.compile(r"pydantic|jinja|nonetype|\bdict\b|traceback|networkx")
UPDATE = bool(os.environ.get("UPDATE_CASES"))


def folders() -> list[Path]:
    return sorted(one.parent for one in CASES.glob("*/flow.yaml"))


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_the_checker_says_what_is_expected(folder):
    said = "".join(f"{one}\n" for one in check_folder(folder).lines)
    expected = folder / "expected.txt"
    if UPDATE:
        expected.write_text(said, "utf-8")
    assert said == expected.read_text("utf-8")


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_a_span_lies_in_its_file(folder):
    checked = check_folder(folder)
    for one in checked.diagnostics:
        lines = checked.files[one.span.path].split("\n")
        assert 1 <= one.span.start.line <= len(lines)
        assert one.span.start.column <= len(lines[one.span.start.line - 1]) + 1
        assert one.span.start <= one.span.end


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_no_sentence_names_a_library_or_ends_with_a_stop(folder):
    for one in check_folder(folder).diagnostics:
        said = f"{one.message} {one.hint or ''}".lower()
        assert not REFUSED.search(said)
        assert not one.message.endswith(".")
        assert not (one.hint or "").endswith(".")


def test_every_folder_is_a_case():
    assert sorted(one for one in CASES.iterdir() if one.is_dir()) == folders()

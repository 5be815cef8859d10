"""The files that are generated: `make schemas` writes them, a test compares them.

`schemas/` comes from the models; the tables of filters and tests in `docs/language.md` from the
lists that templates are held to.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from flowrun.expression.words import FILTERS, TESTS
from flowrun.views.schemas import all_schemas

ROOT = Path(__file__).resolve().parents[1]
LANGUAGE = "docs/language.md"


def generated_files() -> dict[str, str]:
    """Return every generated file: path from the root and text."""
    schemas = {f"schemas/{name}.schema.json": text for name, text in all_schemas().items()}
    return {**schemas, LANGUAGE: _with_tables((ROOT / LANGUAGE).read_text("utf-8"))}


def stale_files() -> list[str]:
    """Return files of `schemas/` that no schema belongs to."""
    wanted = generated_files()
    found = (one.relative_to(ROOT).as_posix() for one in (ROOT / "schemas").glob("*"))
    return sorted(one for one in found if one not in wanted)


def write_generated() -> None:
    """Write every generated file and remove stale ones."""
    for path in stale_files():
        (ROOT / path).unlink()
    (ROOT / "schemas").mkdir(exist_ok=True)
    for path, text in generated_files().items():
        (ROOT / path).write_text(text, "utf-8")


def _with_tables(page: str) -> str:
    page = _between(page, "filters", _table("filter", FILTERS))
    return _between(page, "tests", _table("test", TESTS))


def _between(page: str, name: str, text: str) -> str:
    """Replace what stands between `<!-- name -->` and `<!-- /name -->`."""
    parts = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
    return parts.sub(lambda _: text, page, count=1)


def _table(kind: str, words: Mapping[str, str]) -> str:
    rows = "".join(f"| `{word}` | {meaning} |\n" for word, meaning in words.items())
    return f"\n| {kind} | |\n|---|---|\n{rows}\n"


if __name__ == "__main__":
    write_generated()

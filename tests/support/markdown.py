"""The parts of a Markdown page that tests look at: code blocks, tables, links."""

import re
from dataclasses import dataclass

_BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words after that, its text and its line in the page."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int


def code_blocks(page: str, language: str | None = None) -> list[Block]:
    """Return the fenced blocks, all of them or those in one language."""
    blocks = []
    for match in _BLOCK.finditer(page):
        info = match["info"].split() or [""]
        line = page.count("\n", 0, match.start()) + 1
        blocks.append(Block(info[0], tuple(info[1:]), match["text"], line))
    return [one for one in blocks if language in (None, one.language)]


def table_rows(page: str) -> list[list[str]]:
    """Return the cells of every table row, headings and rulers included."""
    rows = [line.strip() for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def local_links(page: str) -> list[str]:
    """Return the link targets that are files of this repository."""
    return [one for one in _LINK.findall(page) if "://" not in one]

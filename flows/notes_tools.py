"""Read a folder of notes."""

from pathlib import Path
from typing import TypedDict


class Note(TypedDict):
    """One note."""

    name: str
    text: str


def read_notes(folder: str) -> list[Note]:
    """Read every Markdown file of a folder, in the order of their names.

    Args:
        folder: From the folder of this module
    """
    files = sorted((Path(__file__).parent / folder).glob("*.md"))
    return [{"name": file.stem, "text": file.read_text("utf-8")} for file in files]

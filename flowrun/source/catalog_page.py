"""What the catalogue holds of one diagnostic code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """One code, explained."""

    code: str
    title: str
    """A few words, as a statement."""
    meaning: str
    """One paragraph: what is wrong, and why it is refused."""
    example: str
    """The smallest piece of YAML that has the mistake."""
    fix: str
    """The same piece without it."""


def page(code: str, title: str, meaning: str, *, example: str, fix: str) -> Page:
    """Return a page, with the line breaks of this file's layout taken out of the meaning."""
    return Page(code, title, " ".join(meaning.split()), example.strip("\n"), fix.strip("\n"))

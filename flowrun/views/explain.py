"""Pages of the diagnostic catalogue, and of the exit codes, for people without a network."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Protocol

from flowrun.views.text import indented, pad, table, width

PROSE_COLUMNS = 88

EXIT_CODES: Mapping[int, str] = {
    0: "done",
    1: "the run or the apply failed",
    2: "changes or drift were found; only with --detailed-exitcode",
    3: "the configuration is invalid; diagnostics were printed",
    4: "not authenticated, or not allowed",
    5: "refused: an approval, a protection or a budget",
    6: "the store is locked by another process",
    7: "stale, or owned by someone else",
    8: "partly applied",
    64: "bad usage: a command, option or argument that does not fit",
    70: "a bug in flowrun; a crash file was written",
    124: "timed out",
    130: "interrupted; the run is parked and can be resumed",
    143: "terminated",
}
"""Every code flowrun exits with; no number has two meanings."""


class CataloguePage(Protocol):
    """What a page holds; `source.catalog.Page` is one."""

    @property
    def code(self) -> str:
        """The permanent name."""
        ...

    @property
    def title(self) -> str:
        """One line."""
        ...

    @property
    def meaning(self) -> str:
        """What is wrong, and why it is."""
        ...

    @property
    def example(self) -> str:
        """The smallest text that has it."""
        ...

    @property
    def fix(self) -> str:
        """What to do."""
        ...


def page_text(page: CataloguePage) -> str:
    """Return one page."""
    parts = [
        f"{page.code}: {page.title}",
        fill(page.meaning.strip(), PROSE_COLUMNS, break_long_words=False, break_on_hyphens=False),
        "For example:",
        indented(page.example.strip("\n"), "    "),
        "Instead:",
        indented(page.fix.strip("\n"), "    "),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def codes_text(pages: Sequence[CataloguePage]) -> str:
    """Return the list of all codes with their titles, by stage."""
    return "\n".join([*_code_lines(pages), "", "one of them: flowrun explain CODE"]) + "\n"


def exit_codes_text() -> str:
    """Return the table of exit codes."""
    rows = [(str(code), meaning) for code, meaning in EXIT_CODES.items()]
    return "\n".join(table(("code", "meaning"), rows)) + "\n"


def _code_lines(pages: Sequence[CataloguePage]) -> Iterator[str]:
    column = max((width(page.code) for page in pages), default=0)
    stage = ""
    for page in pages:
        found = page.code.partition("/")[0]
        if stage and found != stage:
            yield ""
        stage = found
        yield f"{pad(page.code, column)}  {page.title}".rstrip()

"""What `doctor` found, as text fit for an issue and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol, TypeAlias

from flowrun.ids import JsonObject
from flowrun.views.text import Style, count, one_line, pad, paint

DOCTOR_VERSION = 1

FindingState: TypeAlias = Literal["ok", "note", "broken"]

_STYLES: dict[FindingState, Style | None] = {"ok": "green", "note": "yellow", "broken": "red"}


class FindingRow(Protocol):
    """One fact; `app.doctor.Finding` is one."""

    @property
    def section(self) -> str:
        """What it belongs to."""
        ...

    @property
    def name(self) -> str:
        """What was looked at."""
        ...

    @property
    def state(self) -> FindingState:
        """Whether that is well."""
        ...

    @property
    def said(self) -> str:
        """What was found, on one line."""
        ...

    @property
    def hint(self) -> str | None:
        """What to do."""
        ...


def findings_text(rows: Sequence[FindingRow], *, colour: bool) -> str:
    """Return the report, section by section, and a last line that sums it up."""
    return "\n".join([*_lines(rows, colour=colour), "", _sum(rows)]) + "\n"


def findings_object(rows: Sequence[FindingRow]) -> JsonObject:
    """Return the report as `doctor --format json` promises it."""
    return {
        "format_version": DOCTOR_VERSION,
        "broken": sum(row.state == "broken" for row in rows),
        "findings": [
            {
                "section": row.section,
                "name": row.name,
                "state": row.state,
                "found": row.said,
                "hint": row.hint,
            }
            for row in rows
        ],
    }


def _lines(rows: Sequence[FindingRow], *, colour: bool) -> Iterator[str]:
    section = ""
    column = max((len(row.name) for row in rows), default=0)
    for row in rows:
        if row.section != section:
            if section:
                yield ""
            section = row.section
            yield paint(section, "bold", colour=colour)
        state = paint(pad(row.state, 6), _STYLES[row.state], colour=colour)
        yield f"  {state}  {pad(row.name, column)}  {one_line(row.said)}".rstrip()
        if row.hint is not None:
            yield f"  {'':6}  {'':{column}}  help: {one_line(row.hint)}"


def _sum(rows: Sequence[FindingRow]) -> str:
    broken = sum(row.state == "broken" for row in rows)
    return f"{count(broken, 'thing')} broken" if broken else "nothing is broken"

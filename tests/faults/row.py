"""A row of the table: what was done to a cell of the matrix, and what came of it."""

from dataclasses import dataclass, field

from tests.faults.evidence import Finding


@dataclass
class Row:
    """Counts of one cell."""

    cell: str
    about: str
    hits: int = 0
    """Points that were passed and died at, or harm that was done in another way."""
    kills: int = 0
    runs: int = 0
    finished: int = 0
    unknown: int = 0
    doubled: int = 0
    lost: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        if self.violations:
            return "FAIL"
        return "ok" if self.hits else "NOT WALKED"

    def add(self, finding: Finding, where: str) -> None:
        """Count a run that is over."""
        self.runs += 1
        self.finished += finding.finished
        self.unknown += finding.unknown
        self.doubled += finding.doubled
        self.lost += finding.lost
        self.violations += [f"{where}: {one}" for one in finding.violations]

    def require(self, holds: object, where: str) -> None:
        """Count a violation unless something holds."""
        if not holds:
            self.violations.append(where)

    def join(self, other: "Row") -> None:
        """Count what another part of the same cell came to."""
        for name in ("hits", "kills", "runs", "finished", "unknown", "doubled", "lost"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.violations += other.violations


def table(rows: list[Row]) -> str:
    """Return the rows as text, with totals and every violation under it."""
    head = ("cell", "hits", "kills", "runs", "finished", "unknown", "doubled", "lost", "verdict")
    lines = [
        (
            row.cell,
            *(row.hits, row.kills, row.runs, row.finished, row.unknown, row.doubled, row.lost),
            f"{row.verdict:11}{row.about}",
        )
        for row in rows
    ]
    names = ("hits", "kills", "runs", "finished", "unknown", "doubled", "lost")
    sums = [sum(getattr(row, name) for row in rows) for name in names]
    failed = [row.cell for row in rows if row.verdict != "ok"]
    total = ("total", *sums, f"not ok: {', '.join(failed)}" if failed else "ok")
    written = [_line(one) for one in (head, *lines, total)]
    said = [f"{row.cell}: {one}" for row in rows for one in row.violations]
    return "\n".join([*written, *said])


def _line(cells) -> str:
    first, *numbers, last = cells
    return f"{first:<7}" + "".join(f"{one!s:>9}" for one in numbers) + f"  {last}"

"""Whether a run gets anywhere, or only kills its process each time it is entered.

An entry is counted before it does anything. One that ended with the death of its process, and of
which no event is kept, has gained nothing; after a few of those in a row nobody enters the run
again unless told to.
"""

from collections.abc import Sequence

from flowrun.engines.reading import JournalRow, StoredHead

MAX_DEATHS = 3
"""Deaths in a row without progress, after which a run is parked."""


def entered_key(entry: int) -> str:
    """Return the key of the event that says that a run was entered."""
    return "run/started" if entry == 1 else f"run/resumed[{entry}]"


def deaths_in_a_row(found: StoredHead, rows: Sequence[JournalRow]) -> int:
    """Return how many entries in a row have died and gained nothing, the last one included.

    Args:
        found: A run that nobody executes now.
        rows: All of its journal.
    """
    if found.status != "running":
        return found.deaths
    for row in reversed(rows):
        if row.key == entered_key(found.entries):
            return found.deaths + 1
        if row.kind == "event":
            return 0
    return 0


def last_key(rows: Sequence[JournalRow]) -> str:
    """Return where a run was last seen: the key of its last row that is about its work."""
    keys = [row.key for row in rows if not row.key.startswith("run/")]
    return keys[-1] if keys else "run/started"

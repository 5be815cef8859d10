"""Whether a run gets anywhere."""

import pytest

from flowrun.engines.progress import deaths_in_a_row, entered_key, last_key
from flowrun.engines.reading import JournalRow, StoredHead
from flowrun.ports.engine import RunSetting


def head(status="running", entries=2, deaths=1):
    return StoredHead(
        number=1,
        run_id="run-1",
        status=status,
        plan_digest="d",
        inputs="{}",
        setting=RunSetting(environment={}, origin={}),
        entries=entries,
        deaths=deaths,
        questions=(),
    )


def rows(*keys):
    """Rows by `KEY` for events and `KIND:KEY` for others."""
    made = []
    for seq, text in enumerate(keys, 1):
        kind, _, key = text.rpartition(":")
        made.append(JournalRow(seq=seq, key=key, kind=kind or "event", body="{}", at=0.0))
    return made


@pytest.mark.parametrize(
    ("found", "keys", "expected"),
    [
        (head(), ("run/started", "a", "run/resumed[2]"), 2),
        (head(), ("run/started", "a", "run/resumed[2]", "intent:b", "fact:c"), 2),
        (head(), ("run/started", "a", "run/resumed[2]", "b"), 0),
        (head(entries=1, deaths=0), ("run/started",), 1),
        (head(entries=1, deaths=0), ("run/started", "a"), 0),
        (head("parked", deaths=0), ("run/started", "run/resumed[2]", "run/parked[2]"), 0),
        (head("parked", deaths=3), ("run/started", "run/resumed[2]", "run/parked[2]"), 3),
    ],
)
def test_an_entry_that_died_counts_when_no_event_came_of_it(found, keys, expected):
    assert deaths_in_a_row(found, rows(*keys)) == expected


def test_a_run_was_last_seen_at_its_last_row_about_work():
    assert last_key(rows("run/started", "a", "intent:b", "run/resumed[2]")) == "b"
    assert last_key(rows("run/started", "run/resumed[2]")) == "run/started"


def test_the_first_entry_is_the_start():
    assert (entered_key(1), entered_key(7)) == ("run/started", "run/resumed[7]")

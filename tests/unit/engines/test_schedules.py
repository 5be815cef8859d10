"""Which ticks of a schedule are due; the rest is told in tests/contracts/test_keeping.py."""

import pytest

from flowrun.engines.schedules import LATE_S, MOST_AT_ONCE, Timetable

NOON = 1_700_049_600.0
HOUR_S = 3_600.0


def table(catch_up="last", last_fired=NOON, every_s=HOUR_S, anchor=NOON):
    return Timetable(
        name="tick", every_s=every_s, anchor=anchor, catch_up=catch_up, last_fired=last_fired
    )


@pytest.mark.parametrize(
    ("catch_up", "after_s", "expected"),
    [
        ("last", 0, []),
        ("last", HOUR_S - 1, []),
        ("last", HOUR_S, [1]),
        ("last", 5.5 * HOUR_S, [5]),
        ("all", 5.5 * HOUR_S, [1, 2, 3, 4, 5]),
        ("none", 5 * HOUR_S + LATE_S, [5]),
        ("none", 5 * HOUR_S + LATE_S + 1, []),
        ("all", -HOUR_S, []),
    ],
)
def test_ticks_are_due_as_is_wanted(catch_up, after_s, expected):
    due = table(catch_up).due(NOON + after_s)
    assert [(one - NOON) / HOUR_S for one in due] == expected


def test_nothing_is_due_before_the_anchor():
    early = table("all", last_fired=NOON - 10 * HOUR_S)
    assert early.due(NOON - 1) == ()
    assert early.due(NOON) == (NOON,)


def test_one_sweep_makes_up_for_so_many_and_the_next_goes_on():
    first = table("all", every_s=1.0).due(NOON + 2.5 * MOST_AT_ONCE)
    assert (len(first), first[0]) == (MOST_AT_ONCE, NOON + 1)
    second = table("all", every_s=1.0, last_fired=first[-1]).due(NOON + 2.5 * MOST_AT_ONCE)
    assert second[0] == first[-1] + 1


@pytest.mark.parametrize("every_s", [0.1, 1 / 3, 7.7, 60.0, 86_400.0])
def test_each_tick_is_due_once_whatever_rounding_does(every_s):
    fired, last = [], NOON
    for step in range(1, 400):
        for instant in table("all", last_fired=last, every_s=every_s).due(NOON + step * every_s):
            fired.append(round((instant - NOON) / every_s))
            last = instant
    assert fired == list(range(1, len(fired) + 1))
    assert len(fired) >= 398


@pytest.mark.parametrize(
    ("catch_up", "after_s", "expected"), [("none", 1.5, 1), ("last", 1.5, 1), ("last", 0.5, 0)]
)
def test_what_is_passed_over_is_dealt_with(catch_up, after_s, expected):
    until = table(catch_up).dealt_with(NOON + after_s * HOUR_S)
    assert (until - NOON) / HOUR_S == expected


def test_the_tick_before_an_instant_is_never_at_it():
    assert table().tick_before(NOON) == NOON - HOUR_S
    assert table().tick_before(NOON + 1) == NOON


@pytest.mark.parametrize(
    ("instant", "expected"),
    [(NOON, "tick-20231115T120000Z"), (NOON + 0.25, "tick-20231115T120000.250Z")],
)
def test_a_tick_s_run_is_called_after_its_instant(instant, expected):
    assert table().run_id(instant) == expected

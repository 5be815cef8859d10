"""Sentences about runs that wait, were cancelled or have their answer."""

import pytest

from flowrun.engines.wording import (
    answer_text,
    instant_text,
    why_cancelled,
    why_parked,
    why_stuck,
)

NOON = 1_700_049_600.0


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["a"], "waiting for an answer to `a`"),
        (["a", "b"], "waiting for answers to `a` and `b`"),
        (["a", "b", "c"], "waiting for answers to `a`, `b` and `c`"),
        (["a", "b", "c", "d", "e"], "waiting for answers to `a`, `b`, `c` and 2 more"),
        ([], "waiting until 2023-11-15 12:00:00 UTC"),
    ],
)
def test_a_run_says_what_it_waits_for(labels, expected):
    assert why_parked(labels, NOON) == expected


def test_an_instant_is_told_in_one_zone():
    assert instant_text(NOON + 0.9) == "2023-11-15 12:00:00 UTC"


def test_a_run_that_kills_its_process_says_where():
    assert why_stuck(3, "steps/a") == "crash-looping at `steps/a`: 3 deaths without progress"


@pytest.mark.parametrize(
    ("by", "reason", "expected"),
    [
        ("", "", "cancelled"),
        ("ann", "", "cancelled by ann"),
        ("", "too late", "cancelled: too late"),
        ("ann", "too late", "cancelled by ann: too late"),
    ],
)
def test_a_cancelled_run_says_by_whom_and_why_as_far_as_they_did(by, reason, expected):
    assert why_cancelled(by, reason) == expected


@pytest.mark.parametrize(
    ("value", "sender", "expected"),
    [
        ({"decision": "approved", "value": None, "comment": ""}, "ann", "approved by ann"),
        ({"decision": "rejected", "comment": "no"}, "", "rejected"),
        ({"decision": "approved"}, "ann\nfor bob", "approved by ann for bob"),
        ({"decision": "answered", "value": {"n": 2}}, "ann", 'answered with {"n":2} by ann'),
        ({"n": "x" * 200}, "ann", f'{{"n":"{"x" * 74}… by ann'),
    ],
)
def test_an_answer_is_told_with_its_sender_and_its_instant(value, sender, expected):
    why = ": no" if value.get("comment") else ""
    assert answer_text(value, sender, NOON) == f"{expected} at 2023-11-15 12:00:00 UTC{why}"

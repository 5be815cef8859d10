"""Token usage adds up, whatever an endpoint counts."""

from dataclasses import fields

from flowrun.ports.models import TokenUsage

NAMES = [one.name for one in fields(TokenUsage)]


def test_every_count_is_added_to_its_own():
    """Each field on its own, so that a field added later is not forgotten."""
    for name in NAMES:
        total = TokenUsage(**{name: 2}) + TokenUsage(**{name: 5})
        assert [getattr(total, one) for one in NAMES] == [7 * (one == name) for one in NAMES]


def test_nothing_added_changes_nothing():
    usage = TokenUsage(10, 5, 15, 3, 2)
    assert usage + TokenUsage() == TokenUsage() + usage == usage


def test_a_sum_does_not_change_its_parts():
    first, second = TokenUsage(1, 1, 2), TokenUsage(2, 2, 4)
    total = first
    total += second
    assert (first, second, total) == (TokenUsage(1, 1, 2), TokenUsage(2, 2, 4), TokenUsage(3, 3, 6))

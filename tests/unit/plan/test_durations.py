"""Durations."""

import pytest

from flowrun.plan.durations import to_seconds


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30s", 30.0), ("500ms", 0.5), ("1.5m", 90.0), ("2h", 7200.0), ("0s", 0.0), ("60s", 60.0)],
)
def test_to_seconds(written, seconds):
    assert to_seconds(written) == pytest.approx(seconds)

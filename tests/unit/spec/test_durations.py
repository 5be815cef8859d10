"""How short and how long a time limit may be."""

import pytest

from flowrun.spec.durations import length_faults, limit_faults


@pytest.mark.parametrize("written", ["1ms", "0.5s", "60s", "10000h", None, 5, "soon", "5 s", "5d"])
def test_limits_that_can_be_kept_and_forms_that_others_refuse(written):
    assert not list(limit_faults(("timeout",), written, "`timeout`"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0s", "more than 0"),
        ("0.0ms", "more than 0"),
        ("10001h", "at most 10000h"),
        (f"{'9' * 400}h", "at most 10000h"),
    ],
)
def test_limits_that_cannot_be_kept(written, expected):
    (one,) = limit_faults(("timeout",), written, "`timeout`")
    assert one.message.startswith(f"`timeout` must be {expected}, found `")
    assert len(one.message) < 100


@pytest.mark.parametrize("written", ["0s", "0.0ms", "1ms", "10000h", None, "soon"])
def test_a_wait_may_be_none(written):
    assert not list(length_faults(("delay",), written, "`delay`"))


@pytest.mark.parametrize("written", ["10001h", f"{'9' * 400}s", f"{'9' * 20}.5m"])
def test_a_wait_has_an_end(written):
    (one,) = length_faults(("delay",), written, "`delay`")
    assert one.message.startswith("`delay` must be at most 10000h, found `")

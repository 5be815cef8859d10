"""How short and how long a time limit may be."""

import pytest

from flowrun.spec.durations import limit_faults


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

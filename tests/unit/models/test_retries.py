import random

import pytest

from flowrun.errors import EndpointLimited, EndpointRefused, EndpointUnavailable
from flowrun.models.retries import RetryPolicy, read_retry_after

POLICY = RetryPolicy(3, random.Random(1))


def test_waits_grow_up_to_a_ceiling():
    policy = RetryPolicy(10, random.Random(1))
    waits = [policy.delay(EndpointUnavailable("e", "p"), tries) for tries in range(1, 8)]
    ceilings = [0.5, 1, 2, 4, 8, 8, 8]
    assert all(0.75 * top <= wait <= top for wait, top in zip(waits, ceilings, strict=True))


def test_what_another_try_cannot_help_is_not_tried():
    assert POLICY.delay(EndpointRefused("e", "p"), 1) is None


def test_tries_are_bounded():
    assert POLICY.delay(EndpointUnavailable("e", "p"), 3) is not None
    assert POLICY.delay(EndpointUnavailable("e", "p"), 4) is None


@pytest.mark.parametrize(("asked", "waited"), [(0.0, 0.0), (12.5, 12.5), (61.0, None)])
def test_the_server_decides_the_wait_up_to_a_cap(asked, waited):
    assert POLICY.delay(EndpointLimited("e", "p", retry_after_s=asked), 1) == waited


@pytest.mark.parametrize(
    ("milliseconds", "seconds", "read"),
    [
        (None, None, None),
        ("1500", "9", 1.5),
        (None, "9", 9.0),
        (None, "0.5", 0.5),
        ("soon", "9", 9.0),
        (None, "-3", None),
        (None, "inf", None),
        (None, "nan", None),
        (None, "in a while", None),
        (None, "Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        (None, "Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
    ],
)
def test_retry_after_in_every_form(milliseconds, seconds, read):
    assert read_retry_after(milliseconds, seconds, now=1_700_000_000.0) == read

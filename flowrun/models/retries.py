"""Whether to try again, and after how long. Pure."""

import random
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from flowrun.errors import EndpointError

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 8.0
LONGEST_RETRY_AFTER_S = 60.0
"""A server that asks for more is not waited for; whoever runs the step may."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently; `jitter` returns a number from 0 to 1."""

    retries: int
    jitter: random.Random = field(default_factory=random.Random)

    def delay(self, error: EndpointError, tries: int) -> float | None:
        """Return the seconds to wait before another try; None: give up.

        Args:
            error: What the last try came to.
            tries: Tries so far, the last one included.
        """
        if not error.retryable or tries > self.retries:
            return None
        if error.retry_after_s is not None:
            return error.retry_after_s if error.retry_after_s <= LONGEST_RETRY_AFTER_S else None
        ceiling = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (tries - 1))
        return ceiling * (1 - 0.25 * self.jitter.random())


def read_retry_after(milliseconds: str | None, seconds: str | None, now: float) -> float | None:
    """Return what `retry-after-ms` or `retry-after` ask for, in seconds; a date counts from now."""
    for text, scale in ((milliseconds, 0.001), (seconds, 1.0)):
        try:
            wanted = float(text or "") * scale
        except ValueError:
            continue
        if 0 <= wanted < float("inf"):
            return wanted
    try:
        return max(0.0, parsedate_to_datetime(seconds or "").timestamp() - now)
    except ValueError:
        return None

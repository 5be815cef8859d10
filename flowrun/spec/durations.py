"""Rules of durations that their form does not say: how short, how long."""

import re
from collections.abc import Iterator

from flowrun.ids import duration_s
from flowrun.spec.grammar import Fault
from flowrun.spec.plain import Plain
from flowrun.spec.spans import DocPath

FORM = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?(ms|s|m|h)")
"""Of a duration whose seconds can be told."""
_MOST_H = 10_000
_HOUR_S = 3600


def limit_faults(path: DocPath, written: Plain, noun: str) -> Iterator[Fault]:
    """Yield a fault when a time limit is none: nothing ends in no time, or it never comes."""
    if isinstance(written, str) and FORM.fullmatch(written) and duration_s(written) <= 0:
        yield _wrong(path, written, f"{noun} must be more than 0")
    else:
        yield from length_faults(path, written, noun)


def length_faults(path: DocPath, written: Plain, noun: str) -> Iterator[Fault]:
    """Yield a fault when a wait, which may be none, is longer than anybody waits."""
    if isinstance(written, str) and _is_too_long(written):
        yield _wrong(path, written, f"{noun} must be at most {_MOST_H}h")


def _wrong(path: DocPath, written: str, message: str) -> Fault:
    return Fault(
        path=path,
        code="bind/wrong-value",
        message=f"{message}, found `{written[:40]}`",
        loses=path,
    )


def _is_too_long(written: str) -> bool:
    if FORM.fullmatch(written):
        return duration_s(written) > _MOST_H * _HOUR_S
    return bool(re.fullmatch(r"[0-9]{19,}(\.[0-9]+)?(ms|s|m|h)", written))

"""Rules of durations that their form does not say: how short, how long."""

import re
from collections.abc import Iterator

from flowrun.ids import duration_s
from flowrun.spec.grammar import Fault
from flowrun.spec.plain import Plain
from flowrun.spec.spans import DocPath

_FORM = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?(ms|s|m|h)")
_MOST_H = 10_000
_HOUR_S = 3600


def limit_faults(path: DocPath, written: Plain, noun: str) -> Iterator[Fault]:
    """Yield a fault when a time limit is none: nothing ends in no time, or it never comes."""
    if not isinstance(written, str) or not re.match("[0-9]", written):
        return
    if _FORM.fullmatch(written) and duration_s(written) <= 0:
        expected = "more than 0"
    elif written.endswith(("s", "m", "h")) and _is_too_long(written):
        expected = f"at most {_MOST_H}h"
    else:
        return
    yield Fault(
        path=path,
        code="bind/wrong-value",
        message=f"{noun} must be {expected}, found `{written[:40]}`",
        loses=path,
    )


def _is_too_long(written: str) -> bool:
    if _FORM.fullmatch(written):
        return duration_s(written) > _MOST_H * _HOUR_S
    return bool(re.fullmatch(r"[0-9]{19,}(\.[0-9]+)?(ms|s|m|h)", written))

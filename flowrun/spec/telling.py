"""Faults as diagnostics: each at its place, once, and only if it is news."""

from collections.abc import Iterable, Iterator

from flowrun.source.diagnostic import Diagnostic, Label
from flowrun.source.nodes import UNKNOWN
from flowrun.source.text import Span
from flowrun.spec.grammar import Fault
from flowrun.spec.spans import DocPath, SpanIndex


def tell(faults: Iterable[Fault], spans: SpanIndex) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each fault that is to be told.

    What several parts share by an anchor is told once: there is one place to mend.
    """
    seen: set[tuple[str, Span]] = set()
    for one in faults:
        if not _is_news(one, spans):
            continue
        place = (one.code, _place(one, spans))
        if one.at == "opening" or place not in seen:
            yield _diagnostic(one, spans)
        seen.add(place)


def _is_news(fault: Fault, spans: SpanIndex) -> bool:
    """Nothing is said of a value that could not be had: that has been said."""
    if fault.silent:
        return False
    scalar = spans.scalar(fault.path)
    return fault.at == "key" or scalar is None or scalar.tag != UNKNOWN


def _place(fault: Fault, spans: SpanIndex) -> Span:
    find = {"key": spans.key, "value": spans.value, "opening": spans.opening}[fault.at]
    return find(fault.path)


def _diagnostic(fault: Fault, spans: SpanIndex) -> Diagnostic:
    return Diagnostic(
        code=fault.code,
        message=fault.message,
        span=_place(fault, spans),
        label=fault.label,
        hint=fault.hint,
        related=tuple(Label(_related(path, spans), text) for path, text in fault.related),
    )


def _related(path: DocPath, spans: SpanIndex) -> Span:
    return spans.value(path) if isinstance(path[-1], int) else spans.key(path)

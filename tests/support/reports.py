"""Reports made from texts, for tests of how they are shown."""

from flowrun.source.diagnostic import Diagnostic
from flowrun.source.loader import parse_yaml
from flowrun.source.report import Report, make_report
from flowrun.source.text import SourceText


def report_of(*texts: str, more: tuple[Diagnostic, ...] = ()) -> Report:
    """Return what the loader complains of, the texts being `a.yaml`, `b.yaml` and so on."""
    sources = [SourceText(f"{chr(97 + number)}.yaml", text) for number, text in enumerate(texts)]
    found = [one for source in sources for one in parse_yaml(source)[1]]
    return make_report([*found, *more], {one.path: one for one in sources})


def complaint_at(source: SourceText, start: int, end: int, **fields) -> Diagnostic:
    """Return a complaint about a range of a text."""
    fields = {"code": "bind/wrong-value", "message": "this is wrong", **fields}
    return Diagnostic(span=source.span(start, end), **fields)

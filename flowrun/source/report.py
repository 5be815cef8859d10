"""All complaints about a project's files, with the texts they point into: what views show."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from flowrun.source.diagnostic import Diagnostic, Label, Severity, in_order
from flowrun.source.text import SourceText, Span


@dataclass(frozen=True, slots=True)
class Report:
    """Complaints in order, each once. A file that could not be read is missing in `sources`."""

    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, SourceText]

    @property
    def errors(self) -> int:
        """Count what refuses the flow."""
        return sum(one.severity is Severity.ERROR for one in self.diagnostics)

    @property
    def warnings(self) -> int:
        """Count what does not."""
        return len(self.diagnostics) - self.errors

    @property
    def files(self) -> int:
        """Count the files complained of."""
        return len({one.span.path for one in self.diagnostics})


def make_report(diagnostics: Iterable[Diagnostic], sources: Mapping[str, SourceText]) -> Report:
    """Return a report of complaints gathered in any order, repeated ones once."""
    return Report(in_order(diagnostics), sources)


def merge_reports(reports: Iterable[Report]) -> Report:
    """Return one report of several: what two flows share is complained of once."""
    diagnostics: list[Diagnostic] = []
    sources: dict[str, SourceText] = {}
    for one in reports:
        diagnostics += one.diagnostics
        sources.update(one.sources)
    return make_report(diagnostics, sources)


def moved_report(report: Report, path_of: Callable[[str], str]) -> Report:
    """Return a report whose files are known by other paths."""

    def moved(span: Span) -> Span:
        return Span(path_of(span.path), span.start, span.end)

    diagnostics = [
        replace(
            one,
            span=moved(one.span),
            related=tuple(Label(moved(label.span), label.text) for label in one.related),
        )
        for one in report.diagnostics
    ]
    sources = {
        path_of(path): SourceText(path_of(path), source.text)
        for path, source in report.sources.items()
    }
    return make_report(diagnostics, sources)

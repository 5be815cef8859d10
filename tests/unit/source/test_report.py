"""Reports: what several flows share is complained of once."""

from flowrun.source.diagnostic import Diagnostic, Label, Severity
from flowrun.source.report import Report, make_report, merge_reports, moved_report
from flowrun.source.text import SourceText

A, B = SourceText("a", "x"), SourceText("b", "y")
ERROR = Diagnostic(code="yaml/syntax", message="m", span=A.span(0, 1))
WARNING = Diagnostic(
    code="lint/unused-tool", message="m", span=B.span(0, 1), severity=Severity.WARNING
)


def test_a_report_counts_errors_warnings_and_files():
    report = make_report([WARNING, ERROR, ERROR], {"a": A, "b": B})
    assert report.diagnostics == (ERROR, WARNING)
    assert (report.errors, report.warnings, report.files) == (1, 1, 2)


def test_merged_reports_hold_each_complaint_once_and_all_texts():
    merged = merge_reports([Report((WARNING,), {"b": B}), Report((ERROR, WARNING), {"a": A})])
    assert merged == Report((ERROR, WARNING), {"a": A, "b": B})


def test_nothing_merged_is_an_empty_report():
    assert merge_reports([]) == Report((), {})


def test_a_moved_report_says_the_same_of_the_same_texts_elsewhere():
    related = Diagnostic(
        code="yaml/duplicate-key",
        message="m",
        span=A.span(0, 1),
        related=(Label(B.span(0, 1), "first"),),
    )
    moved = moved_report(Report((related,), {"a": A, "b": B}), lambda path: f"sub/{path}")
    [one] = moved.diagnostics
    assert (one.span.path, one.related[0].span.path) == ("sub/a", "sub/b")
    assert one.span.start == related.span.start
    assert {path: source.path for path, source in moved.sources.items()} == {
        "sub/a": "sub/a",
        "sub/b": "sub/b",
    }
    assert moved.sources["sub/a"].text == A.text

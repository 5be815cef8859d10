"""Reports: what several flows share is complained of once."""

from flowrun.source.diagnostic import Diagnostic, Severity
from flowrun.source.report import Report, make_report, merge_reports
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

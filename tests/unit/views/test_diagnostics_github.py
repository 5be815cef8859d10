"""Reports as annotations of a pull request."""

from flowrun.source.diagnostic import Severity
from flowrun.source.report import make_report
from flowrun.source.text import SourceText
from flowrun.views.diagnostics import render_report
from tests.support.reports import complaint_at, report_of

LINES = SourceText("flows/a.yaml", "x\n" * 600)


def complaints(number: int, **fields):
    return [complaint_at(LINES, 2 * n, 2 * n + 1, **fields) for n in range(number)]


def shown(found) -> list[str]:
    return render_report(make_report(found, {LINES.path: LINES}), "github").splitlines()


def test_a_complaint_is_a_workflow_command():
    assert render_report(report_of("a: 1\na: 2\n"), "github") == (
        "::error file=a.yaml,line=2,endLine=2,col=1,endColumn=2,title=yaml/duplicate-key::"
        "`a` is defined twice in the same mapping%0Ahelp: keep one of the two\n"
    )


def test_what_would_end_a_command_or_a_property_is_escaped():
    source = SourceText("a,b:c.yaml", "x\ny\n")
    one = complaint_at(source, 0, 3, message="100%\r\n::error::x")
    assert render_report(make_report([one], {}), "github") == (
        "::error file=a%2Cb%3Ac.yaml,line=1,endLine=2,title=bind/wrong-value::"
        "100%25%0D%0A::error::x\n"
    )


def test_ten_complaints_are_all_shown():
    assert len(shown(complaints(10))) == 10


def test_of_many_the_worst_nine_are_shown_and_the_rest_counted():
    warnings = complaints(495, severity=Severity.WARNING)
    lines = shown([*warnings, *complaints(5, code="yaml/syntax")])
    assert len(lines) == 10
    assert [line.split()[0] for line in lines[:9]] == ["::error"] * 5 + ["::warning"] * 4
    assert lines[9] == "::notice title=flowrun::491 more, see summary"

"""Reports for programs."""

import json

from flowrun.source.diagnostic import Label, Severity
from flowrun.source.report import Report, make_report
from flowrun.source.text import SourceText
from flowrun.views.diagnostics import render_report
from flowrun.views.diagnostics_json import ByteOffsets
from tests.support.reports import complaint_at, report_of


def told(report: Report):
    return json.loads(render_report(report, "json"))


def test_the_object_holds_a_version_the_complaints_and_their_count():
    found = told(report_of("ä: 1\nä: 2\n"))
    assert found == {
        "format_version": 1,
        "diagnostics": [
            {
                "code": "yaml/duplicate-key",
                "severity": "error",
                "message": "`ä` is defined twice in the same mapping",
                "label": "defined again here",
                "hint": "keep one of the two",
                "path": "a.yaml",
                "start": {"line": 2, "column": 1, "offset": 6},
                "end": {"line": 2, "column": 2, "offset": 8},
                "related": [
                    {
                        "message": "first defined here",
                        "path": "a.yaml",
                        "start": {"line": 1, "column": 1, "offset": 0},
                        "end": {"line": 1, "column": 2, "offset": 2},
                    }
                ],
            }
        ],
        "summary": {"errors": 1, "warnings": 0, "files": 1},
    }


def test_a_file_that_could_not_be_read_has_no_byte_offsets():
    one = complaint_at(SourceText("x", ""), 0, 0, severity=Severity.WARNING)
    found = told(Report((one,), {}))
    assert found["diagnostics"][0]["start"] == {"line": 1, "column": 1, "offset": None}
    assert found["summary"] == {"errors": 0, "warnings": 1, "files": 1}


def test_byte_offsets_are_those_of_utf_8():
    source = SourceText("a", "aé\r\n日\U0001f600x\n\nlast")
    offsets = ByteOffsets(source)
    for at in range(len(source.text) + 1):
        assert offsets.at(source.position(at)) == len(source.text[:at].encode())


def test_no_text_of_a_file_is_quoted():
    source = SourceText("a", "a: canary words")
    one = complaint_at(source, 3, 15, related=(Label(source.span(0, 1), "here"),))
    assert "canary" not in render_report(make_report([one], {"a": source}), "json")

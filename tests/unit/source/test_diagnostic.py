"""Complaints: their order, and what they suggest."""

from flowrun.source.diagnostic import Diagnostic, Severity, has_errors, in_order, suggest
from flowrun.source.text import Position, Span


def complaint(path="a", line=1, code="yaml/syntax", **fields):
    place = Position(line, 1)
    return Diagnostic(code=code, message="x", span=Span(path, place, place), **fields)


def test_complaints_are_sorted_by_file_line_column_and_code_and_come_once():
    ordered = [complaint(), complaint(line=2), complaint(line=2, code="yaml/tab"), complaint("b")]
    assert list(in_order([*reversed(ordered), complaint()])) == ordered


def test_a_warning_refuses_nothing():
    warning = complaint(severity=Severity.WARNING)
    assert not has_errors([warning])
    assert has_errors([warning, complaint()])


def test_a_near_miss_is_suggested_else_the_names_if_they_are_few():
    assert suggest("temprature", ["temperature", "model"]) == "did you mean `temperature`?"
    assert suggest("zzz", ["b", "a"]) == "known: `a`, `b`"
    assert suggest("zzz", [f"name{n}" for n in range(13)]) is None
    assert suggest("zzz", []) is None

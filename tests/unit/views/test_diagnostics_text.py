"""Reports for people."""

import pytest

from flowrun.source.diagnostic import Label, Severity
from flowrun.source.report import Report, make_report
from flowrun.source.text import Position, SourceText, Span
from flowrun.views.diagnostics import render_report
from tests.support.reports import complaint_at, report_of


def text_of(report: Report, width: int = 80, **options: bool) -> str:
    return render_report(report, "text", width=width, **options)


def of_one(source: SourceText, start: int, end: int, **fields) -> Report:
    return make_report([complaint_at(source, start, end, **fields)], {source.path: source})


def test_a_complaint_shows_the_sentence_the_place_the_line_and_what_to_do():
    text = "steps:\n  report:\n    assistant: guide\n    temprature: 0.2\n"
    source = SourceText("flows/report.yaml", text)
    report = of_one(
        source,
        text.index("temprature"),
        text.index(": 0.2"),
        code="bind/unknown-key",
        message="step `report` has no key `temprature`",
        label="unknown key",
        related=(Label(source.span(9, 15), "in this step"),),
        hint="did you mean `temperature`?",
    )
    assert (
        text_of(report)
        == """\
error[bind/unknown-key]: step `report` has no key `temprature`
 --> flows/report.yaml:4:5
  |
2 |   report:
  |   ------ in this step
...
4 |     temprature: 0.2
  |     ^^^^^^^^^^ unknown key
  |
help: did you mean `temperature`?
docs: flowrun explain bind/unknown-key

1 error in 1 file
"""
    )


MANY = ("a:\n  b: 1\n  b: 2\n", "x: {{ y }}\nz: [1,\n")


def test_complaints_come_in_order_and_are_counted_last():
    assert (
        text_of(report_of(*MANY))
        == """\
error[yaml/duplicate-key]: `b` is defined twice in the same mapping
 --> a.yaml:3:3
  |
2 |   b: 1
  |   - first defined here
3 |   b: 2
  |   ^ defined again here
  |
help: keep one of the two
docs: flowrun explain yaml/duplicate-key

error[yaml/unquoted-template]: a value with a template in it must stand in quotes here
 --> b.yaml:1:4
  |
1 | x: {{ y }}
  |    ^^^^^^^ YAML reads the brace as a mapping
  |
help: write `"{{ y }}"`
docs: flowrun explain yaml/unquoted-template

error[yaml/unclosed]: this bracket is never closed
 --> b.yaml:2:4
  |
2 | z: [1,
  |    ^ opened here
  |
help: add `]` where the value ends
docs: flowrun explain yaml/unclosed

3 errors in 2 files
"""
    )


COUNTING = "one two three four five six seven eight nine ten "
LONG = "message: " + COUNTING * 8 + "{{ nope }} and so on"


@pytest.mark.parametrize(
    ("width", "before"),
    [
        (40, "…ight nine ten "),
        (80, "… ten " + COUNTING),
        (200, "…e six seven eight nine ten " + COUNTING * 3),
    ],
)
def test_a_long_line_is_cut_around_the_caret_and_never_wrapped(width, before):
    source = SourceText("a.yaml", LONG)
    start = LONG.index("{{")
    shown = text_of(of_one(source, start, start + 10, label="no such name"), width)
    indent = " " * len(before)
    assert shown.splitlines()[3:6] == [
        f"1 | {before}{{{{ nope }}}} and so on",
        f"  | {indent}^^^^^^^^^^",
        f"  | {indent}no such name",
    ]
    assert max(len(line) for line in shown.splitlines() if " | " in line) <= width


def test_a_label_that_fits_stands_beside_its_caret():
    source = SourceText("a.yaml", LONG + " and on" * 20)
    start = LONG.index("{{")
    shown = text_of(of_one(source, start, start + 10, label="no such name"), 80)
    (marks,) = [line for line in shown.splitlines() if "^" in line]
    assert marks.endswith("^ no such name")


def test_a_token_wider_than_the_terminal_is_shown_from_its_beginning():
    source = SourceText("a.yaml", "key: " + "x" * 500 + " # end")
    shown = text_of(of_one(source, 5, 505), 40)
    assert "1 | key: " + "x" * 30 + "…\n  |      " + "^" * 30 + "\n" in shown


def test_a_label_that_does_not_fit_stands_below_its_caret():
    source = SourceText("a.yaml", "key: value")
    shown = text_of(of_one(source, 5, 10, label="this is a rather long label, indeed"), 40)
    assert "  |      ^^^^^\n  |  this is a rather long label, indeed\n" in shown


def test_a_whole_page_in_one_line_is_never_printed():
    source = SourceText("a.yaml", "secret words " * 20_000)
    shown = text_of(of_one(source, 100_000, 100_005), 80)
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.count("secret") < 10


@pytest.mark.parametrize(
    ("line", "start", "end", "mark"),
    [
        ("é: x", 3, 4, "1 | é: x\n  |    ^\n"),
        ("日本: x", 4, 5, "1 | 日本: x\n  |       ^\n"),
        ("a:\tx", 3, 4, "1 | a:    x\n  |       ^\n"),
        ("a: e\u0301x", 5, 6, "1 | a: e\u0301x\n  |     ^\n"),
        ("a: \x1b[31mx", 8, 9, "1 | a: \\x1b[31mx\n  |            ^\n"),
        ("a: \u202ex", 4, 5, "1 | a: \\u202ex\n  |          ^\n"),
        ("a:", 2, 2, "1 | a:\n  |   ^\n"),
        ("", 0, 0, "1 |\n  | ^\n"),
        ("a: x\r", 3, 4, "1 | a: x\n  |    ^\n"),
    ],
)
def test_the_caret_stands_under_the_character(line, start, end, mark):
    assert mark in text_of(of_one(SourceText("a.yaml", line + "\nb: 1\n"), start, end))


def test_in_ascii_nothing_else_is_printed():
    source = SourceText("a.yaml", "é: 日本 " + "x" * 100)
    report = of_one(source, 3, 5, message="`a` → `ü`…", label="schön")
    shown = text_of(report, 40, ascii_only=True)
    assert shown.isascii()
    assert "`a` -> `?`..." in shown
    assert "1 | ?: ?? xxx" in shown
    assert "  |    ^^ sch?n\n" in shown
    assert max(len(line) for line in shown.splitlines() if " | " in line) <= 40


def test_colour_changes_nothing_but_colour():
    import re

    report = report_of(*MANY)
    painted = text_of(report, colour=True)
    assert "\x1b[31m" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == text_of(report)


def test_a_warning_is_called_one():
    source = SourceText("a.yaml", "a: 1")
    warning = complaint_at(source, 0, 1, severity=Severity.WARNING, code="lint/unused-tool")
    shown = text_of(make_report([warning], {"a.yaml": source}))
    assert shown.startswith("warning[lint/unused-tool]: this is wrong\n")
    assert shown.endswith("\n1 warning in 1 file\n")


def test_errors_and_warnings_are_counted_apart():
    source = SourceText("a.yaml", "a: 1\nb: 2\nc: 3\n")
    found = [complaint_at(source, 0, 1), complaint_at(source, 5, 6)]
    found += [complaint_at(source, 10, 11, severity=Severity.WARNING)]
    found += [complaint_at(SourceText("b.yaml", "x"), 0, 1)]
    report = make_report(found, {"a.yaml": source})
    assert text_of(report).endswith("\n3 errors, 1 warning in 2 files\n")


def test_a_file_that_could_not_be_read_is_named_without_an_excerpt():
    start = Position(1, 1)
    one = complaint_at(SourceText("x", ""), 0, 0, code="file/missing", hint="look for it")
    report = Report((one,), {})
    assert one.span == Span("x", start, start)
    assert text_of(report) == (
        "error[file/missing]: this is wrong\n --> x:1:1\nhelp: look for it\n"
        "docs: flowrun explain file/missing\n\n1 error in 1 file\n"
    )


def test_another_file_is_shown_below_with_its_own_place():
    a, b = SourceText("a.yaml", "x: 1\n" * 11), SourceText("b.yaml", "x: 2\n")
    one = complaint_at(b, 0, 1, related=(Label(a.span(50, 51), "first defined here"),), label="L")
    assert text_of(make_report([one], {"a.yaml": a, "b.yaml": b})).splitlines()[1:10] == [
        "  --> b.yaml:1:1",
        "   |",
        " 1 | x: 2",
        "   | ^ L",
        "   |",
        "  ::: a.yaml:11:1",
        "   |",
        "11 | x: 1",
        "   | - first defined here",
    ]


def test_at_most_three_lines_are_shown_and_the_rest_is_told():
    source = SourceText("a.yaml", "x\n" * 10)
    related = tuple(Label(source.span(n * 2, n * 2 + 1), f"edge {n}") for n in range(1, 6))
    shown = text_of(of_one(source, 0, 1, related=related))
    assert sum(line[:1].isdigit() and " | " in line for line in shown.splitlines()) == 3
    assert "note: edge 3, at a.yaml:4:1\n" in shown
    assert "note: edge 5, at a.yaml:6:1\n" in shown


def test_two_places_on_one_line_are_both_marked():
    source = SourceText("a.yaml", "a: {b: 1, b: 2}")
    related = (Label(source.span(4, 5), "first"),)
    shown = text_of(of_one(source, 10, 11, label="again", related=related))
    assert "1 | a: {b: 1, b: 2}\n  |           ^ again\n  |     - first\n" in shown


def test_a_second_place_beyond_the_cut_is_told_by_its_column():
    source = SourceText("a.yaml", "a: {b: 1, " + "x" * 300 + "b: 2}")
    related = (Label(source.span(4, 5), "first"),)
    shown = text_of(of_one(source, 310, 311, label="again", related=related), 60)
    assert "  = first, at column 5\n" in shown


def test_a_span_of_several_lines_is_marked_to_the_end_of_its_first():
    source = SourceText("a.yaml", "a:\n  b: 1\n  c: 2\n")
    assert "2 |   b: 1\n  |   ^^^^\n" in text_of(of_one(source, 5, 17))


def test_what_users_wrote_cannot_move_the_cursor():
    source = SourceText("a\x1b.yaml", "a: 1")
    report = of_one(source, 0, 1, message="no `\x1b[2J`\nhere", hint="\x07", label="\x1b]0;")
    assert "\x1b" not in text_of(report)
    assert "\x07" not in text_of(report)

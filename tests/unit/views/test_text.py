"""Widths, columns, times and colours; and nothing that a terminal would obey."""

import io
import json

import pytest

from flowrun.views.text import (
    clip,
    clip_front,
    count,
    elapsed,
    exact_json,
    indented,
    instant,
    neutralise,
    one_line,
    pad,
    paint,
    pretty_json,
    say,
    table,
    use_colour,
    width,
)
from tests.support.terminal import Terminal


@pytest.mark.parametrize(
    ("environ", "choice", "expected"),
    [
        ({}, "auto", True),
        ({"NO_COLOR": "1"}, "auto", False),
        ({"NO_COLOR": ""}, "auto", True),
        ({"TERM": "dumb"}, "auto", False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, "auto", False),
        ({"NO_COLOR": "1"}, "always", True),
        ({"FORCE_COLOR": "1"}, "never", False),
    ],
)
def test_colour_on_a_terminal(environ, choice, expected):
    assert use_colour(Terminal(), environ, choice) is expected


def test_colour_elsewhere_is_off_unless_it_is_forced():
    assert not use_colour(io.StringIO(), {})
    assert use_colour(io.StringIO(), {"FORCE_COLOR": "1"})
    assert not use_colour(io.StringIO(), {"FORCE_COLOR": "0"})


def test_paint_changes_nothing_without_colour():
    assert paint("x", "red", colour=False) == "x"
    assert paint("x", None, colour=True) == "x"
    assert paint("x", "red", colour=True) == "\x1b[31mx\x1b[0m"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("dos\r\nlines", "dos\nlines"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("over\rwritten", r"over\x0dwritten"),
        ("\x9b31mred", r"\x9b31mred"),
        ("back\x08\x7f", r"back\x08\x7f"),
        ("abc\u202etxt.exe", r"abc\u202etxt.exe"),
        ("half\ud83d", r"half\ud83d"),
        ("Zürich 東京 👍🏽", "Zürich 東京 👍🏽"),
        ("[bold]not markup[/]", "[bold]not markup[/]"),
    ],
)
def test_nothing_that_a_terminal_obeys_is_left(text, expected):
    assert neutralise(text) == expected


def test_one_line_is_one_line():
    assert one_line(" a\n\n b\t c\x1b ") == r"a b c\x1b"


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("東京", 4), ("e\u0301", 1), ("", 0), ("a\u200db", 2)]
)
def test_width_is_what_a_terminal_gives(text, columns):
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("a longer text", 9, "a longer…"),
        ("東京都庁", 5, "東京…"),
        ("two\nlines", 20, "two lines"),
        ("x" * 100_000, 4, "xxx…"),
        (" " * 100_000 + "x", 4, "…"),
    ],
)
def test_clip_cuts_to_columns(text, columns, expected):
    assert clip(text, columns) == expected


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("short", 10, "short"),
        ("the end of a text", 7, "…a text"),
        ("東京都庁", 5, "…都庁"),
        ("x" * 100_000 + "yz", 4, "…xyz"),
    ],
)
def test_clip_front_keeps_the_end(text, columns, expected):
    assert clip_front(text, columns) == expected


def test_pad_counts_columns_not_characters():
    assert pad("東京", 6) == "東京  "
    assert pad("longer", 3) == "longer"


def test_a_table_lines_up_and_leaves_no_blanks_behind():
    lines = list(table(("name", "state"), [("東京", "ok"), ("x", ""), ("evil\x1b\n", "b")]))
    assert lines == ["name      state", "東京      ok", "x", r"evil\x1b  b"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-1, "0ms"),
        (0.0094, "9ms"),
        (0.0996, "0.1s"),
        (12.34, "12.3s"),
        (59.949, "59.9s"),
        (59.96, "1m 00s"),
        (125, "2m 05s"),
        (3599.6, "1h 00m"),
        (3720, "1h 02m"),
        (100_000, "27h 46m"),
    ],
)
def test_durations_are_said_as_people_do(seconds, expected):
    assert elapsed(seconds) == expected


def test_instants_are_utc():
    assert instant(1_763_645_707.9) == "2025-11-20 13:35:07Z"


def test_counts_have_their_plural():
    assert [count(n, "token") for n in (0, 1, 1240)] == ["0 tokens", "1 token", "1,240 tokens"]


def test_values_are_said_as_text_or_json():
    assert say("as it is") == "as it is"
    assert say({"a": [1, None]}) == '{\n  "a": [\n    1,\n    null\n  ]\n}'


def test_json_escapes_what_a_terminal_obeys_and_means_the_same():
    value = {"a": "ü\x1b\x7f\x9b\u202e\ud83d", "b": "東京"}
    text = pretty_json(value)
    assert json.loads(text) == value
    assert text.encode()
    assert "東京" in text
    assert not {"\x1b", "\x7f", "\x9b", "\u202e"} & set(text)


def test_indented_moves_every_line_but_empty_ones():
    assert indented("a\n\nb") == "  a\n\n  b"


@pytest.mark.parametrize(
    "hidden",
    [
        "\u200b",
        "\u202e",
        "\u00ad",
        "\u2060",
        "\U000e0041",
        "\u3164",
        "\ufe0f",
        "\x1b",
        "\xa0",
        "\x7f",
    ],
)
def test_exact_json_shows_what_cannot_be_seen_and_says_the_same(hidden):
    value = {"to": f"ann{hidden}", "words": "a  b ü 好", "n": [1, None]}
    for indent in (None, 2):
        text = exact_json(value, indent=indent)
        assert hidden not in text
        assert '"a  b ü 好"' in text
        assert json.loads(text) == value

"""Texts and their places."""

import pytest

from flowrun.source.text import Position, SourceText, Span

TEXT = SourceText("f", "one\r\nzwö\n\nlast")


def test_lines_come_without_their_endings():
    assert [TEXT.line(number) for number in range(6)] == ["", "one", "zwö", "", "last", ""]


def test_offsets_and_positions_are_each_others_inverse():
    for offset in range(len(TEXT.text) + 1):
        assert TEXT.offset(TEXT.position(offset)) == offset


def test_places_outside_are_clamped():
    assert TEXT.position(-1) == Position(1, 1)
    assert TEXT.position(999) == Position(4, 5)
    assert TEXT.offset(Position(9, 1)) == len(TEXT.text)


@pytest.mark.parametrize("text", ["", "\n", "a"])
def test_an_empty_text_has_a_first_line(text):
    assert SourceText("f", text).position(0) == Position(1, 1)


def test_a_span_is_named_as_editors_want_it():
    assert str(TEXT.span(5, 8)) == "f:2:1"
    assert TEXT.span(5, 8) == Span("f", Position(2, 1), Position(2, 4))

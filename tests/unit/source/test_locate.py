"""Places of characters inside text values."""

import pytest

from flowrun.source.locate import locate
from flowrun.source.nodes import Scalar
from flowrun.source.text import Position, Span
from tests.support.yaml_trees import at

ONE = Span("f", Position(1, 4), Position(1, 8))


def text_at(text: str) -> Scalar:
    node = at(text, "a")
    assert isinstance(node, Scalar)
    return node


def test_a_scalar_without_pieces_is_found_as_a_whole():
    assert locate(Scalar("abcd", ONE), 2) == ONE
    assert locate(Scalar(12, ONE), 0) == ONE


@pytest.mark.parametrize(
    ("offset", "length", "start", "end"),
    [(0, 1, 4, 5), (1, 2, 5, 7), (3, 1, 7, 8), (4, 1, 8, 8), (99, 5, 8, 8), (-3, 1, 4, 5),
     (2, 0, 6, 6), (0, 99, 4, 8)],
)  # fmt: skip
def test_offsets_are_clamped_to_the_text(offset, length, start, end):
    span = locate(Scalar("abcd", ONE, ((0, ONE),)), offset, length)
    assert (span.start.column, span.end.column) == (start, end)


def test_a_range_may_go_over_several_lines():
    span = locate(text_at("a: |\n  one\n  two\n"), 1, 4)
    assert (span.start, span.end) == (Position(2, 4), Position(3, 4))


def test_a_line_feed_stands_at_the_end_of_its_line():
    assert locate(text_at("a: |\n  one\n  two\n"), 3).start == Position(2, 6)


def test_what_an_escape_made_is_found_at_the_escape():
    span = locate(text_at('a: "x\\u00e9y"'), 1)
    assert (span.start.column, span.end.column) == (6, 12)
    assert locate(text_at('a: "x\\u00e9y"'), 2).start.column == 12

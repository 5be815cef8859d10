"""From offsets to tokens and back."""

from flowrun.expression.places import Offsets
from flowrun.expression.syntax import parse


def test_tokens_know_where_they_stand():
    text = "a {{- b . c [ 'd' ] -}} e {% if f %}g{% endif %}"
    places = parse(text).places
    for piece in places.pieces:
        assert text[piece.start : piece.end] == piece.text
    assert [one.start for one in places.pieces] == sorted(one.start for one in places.pieces)


def test_a_subscript_ends_where_its_last_token_ends():
    text = "{{ a.b[ c[0] ].d }}"
    places = parse(text).places
    assert places.end_of_subscript(text.index(".b")) == text.index(".b") + 2
    assert places.end_of_subscript(text.index("[ c")) == text.index("].d") + 1


def test_the_expression_around_an_offset():
    text = "x {{ a.b | upper }} y {% if  c.d %}z{% endif %}"
    places = parse(text).places
    assert places.expression_at(text.index("upper")) == "a.b | upper"
    assert places.expression_at(text.index("c.d")) == "{% if  c.d %}"
    assert parse("a.b + 1", bare=True).places.expression_at(2) == "a.b + 1"


def test_removed_carriage_returns_are_counted():
    text = "a\r\nb\r\nc"
    offsets = Offsets((1, 3))
    for offset, character in enumerate("a\nb\nc"):
        found = text[offsets.original(offset)]
        assert found == character or (found, character) == ("\r", "\n")

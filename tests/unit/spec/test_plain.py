"""Trees as plain values."""

from math import inf, nan

from flowrun.source.nodes import UNKNOWN, Scalar, Sequence
from flowrun.source.text import Position, Span
from flowrun.spec.plain import (
    find_leaves,
    has_unknown,
    is_endless,
    is_filled,
    is_nothing,
    to_plain,
)
from tests.support.binding import document

PLACE = Span("a", Position(1, 1), Position(1, 2))


def test_a_tree_is_what_the_author_meant():
    root = document("a: [1, 2.5, true, , x]\nb: {c: on}\n".replace(" ,", " null,")).root
    assert to_plain(root) == {"a": [1, 2.5, True, None, "x"], "b": {"c": "on"}}


def test_leaves_are_found_in_file_order():
    value = {"a": None, "b": [1, None, {"c": inf}], "d": nan}
    assert list(find_leaves(value, is_nothing)) == [("a",), ("b", 1)]
    assert list(find_leaves(value, is_endless)) == [("b", 2, "c"), ("d",)]


def test_a_tree_is_filled_unless_a_leaf_is_nothing_or_endless():
    assert is_filled({"a": 1, "b": [2.5, "", False, [], {"c": "x"}]})
    for unfit in (None, inf, nan):
        assert not is_filled({"a": 1, "b": [2.5, {"c": unfit}]})


def test_a_value_that_could_not_be_had_is_seen_wherever_it_is():
    known, unknown = Scalar("x", PLACE), Scalar("x", PLACE, (), UNKNOWN)
    assert has_unknown(Sequence((known, Sequence((unknown,), PLACE)), PLACE))
    assert not has_unknown(Sequence((known,), PLACE))
    assert not has_unknown(document("a: {b: [c]}\n").root)

"""Parts of values, and values as text."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.expression.lookup import (
    ABSENT,
    TEXT_LIMIT,
    VALUE_LIMIT,
    absence,
    dump,
    find,
    kind_of,
    show,
    to_json,
)
from flowrun.expression.terms import Refused

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("value", "key", "expected"),
    [
        ({"a": None}, "a", None),
        ({"a": 1}, "b", ABSENT),
        ({"0": 1}, 0, ABSENT),
        ({}, "items", ABSENT),
        ([1, 2], 0, 1),
        ([1, 2], -1, 2),
        ([1, 2], -3, ABSENT),
        ([1, 2], 2, ABSENT),
        ([1, 2], True, ABSENT),
        ([1, 2], "append", ABSENT),
        ((1, 2), 1, 2),
        ("abc", 1, "b"),
        ("abc", "upper", ABSENT),
        (5, "real", ABSENT),
        (None, "a", ABSENT),
        (b"ab", 0, ABSENT),
    ],
)
def test_only_items_are_found(value, key, expected):
    assert find(value, key) is expected or find(value, key) == expected


@given(JSON)
@settings(deadline=None)
def test_json_is_copied_and_shown_as_json(value):
    assert to_json(value) == value
    assert json.loads(dump(value)) == value
    assert show(value) == (value if isinstance(value, str) else dump(value))


def test_tuples_and_ranges_are_lists():
    assert to_json({"a": (1, range(2))}) == {"a": [1, [0, 1]]}


def test_what_json_cannot_say_is_refused():
    for value in (float("nan"), float("inf"), object(), {1: 2}, {"a": {3}}):
        with pytest.raises(Refused):
            to_json(value)


def test_shared_parts_cannot_multiply_without_bound():
    value = ["x"]
    for _ in range(60):
        value = [value, value]
    with pytest.raises(Refused, match=f"{VALUE_LIMIT:,} parts"):
        to_json(value)
    with pytest.raises(Refused, match=f"{TEXT_LIMIT:,} characters"):
        to_json(["x" * (TEXT_LIMIT // 2)] * 3)


def test_deep_values_are_refused():
    value = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(Refused, match="nested too deeply"):
        to_json(value)


def test_absence_says_what_is_there():
    assert absence({}, "a") == "no `a` in an empty object"
    assert absence({"b": 1}, "a") == "no `a` in the object, which has `b`"
    many = {f"k{n}": n for n in range(20)}
    assert absence(many, "a") == "no `a` in the object, which has 20 other keys"
    assert absence([1], 3) == "no item 3 in a list of 1"
    assert absence(None, "a") == "no `a` in null"


def test_kinds_have_words():
    values = [None, True, False, 1, 1.5, "a", {}, [], object()]
    assert [kind_of(one) for one in values] == [
        *("null", "true", "false", "a number", "a number", "a text", "an object", "a list"),
        "no data",
    ]

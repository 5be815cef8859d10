"""Inputs: typed by the declaration, checked, completed."""

import pytest

from flowrun.app.inputs import MAX_DEPTH, read_inputs
from flowrun.errors import BadRequest
from flowrun.plan.plan import ExecutionPlan

PLAN = ExecutionPlan(
    flow="trip",
    inputs=(
        ("city", {"type": "string", "default": "Paris"}),
        ("days", {"type": "integer", "minimum": 1.0, "default": 3}),
        ("ratio", {"type": "number", "default": 0.5}),
        ("warm", {"type": "boolean", "default": True}),
        ("stops", {"type": "array", "items": {"type": "string"}, "default": []}),
        ("person", {"type": "object", "default": {}}),
    ),
)
DEFAULTS = {"city": "Paris", "days": 3, "ratio": 0.5, "warm": True, "stops": [], "person": {}}


def refusal(given, pairs=(), plan=PLAN):
    with pytest.raises(BadRequest) as refused:
        read_inputs(plan, given, pairs)
    return str(refused.value), refused.value.hint


def test_defaults_are_filled_in_and_order_is_the_declared_one():
    assert read_inputs(PLAN, {"days": 1}, ["city=Rome"]) == {**DEFAULTS, "city": "Rome", "days": 1}
    assert list(read_inputs(PLAN, {"warm": False}, ["ratio=2"])) == list(DEFAULTS)


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("city=42", "42"),
        ("city=", ""),
        ("city=a=b", "a=b"),
        ("city= Köln ☕", " Köln ☕"),
        ('city="quoted"', '"quoted"'),
        ("days=7", 7),
        ("days=7.0", 7),
        ("days=123456789012345678901234567890", 123456789012345678901234567890),
        ("ratio=2", 2),
        ("ratio=-1e3", -1000.0),
        ("warm=false", False),
        ('stops=["a", "b"]', ["a", "b"]),
        ('person={"name": "Ada"}', {"name": "Ada"}),
    ],
)
def test_a_pair_is_read_by_the_declared_type(pair, value):
    name = pair.partition("=")[0]
    found = read_inputs(PLAN, {}, [pair])[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("days=soon", "input `days`: expected an integer, found `soon`"),
        ("days=1.5", "input `days`: expected an integer, found `1.5`"),
        ("days=true", "input `days`: expected an integer, found `true`"),
        ("days=", 'input `days`: expected an integer, found `""`'),
        ("days=NaN", "input `days`: expected an integer, found `NaN`"),
        ("days=0", "input `days`: expected at least `1`, found `0`"),
        ("ratio=half", "input `ratio`: expected a number, found `half`"),
        ("ratio=1e999", "input `ratio`: expected a number with an end, found `inf`"),
        ("warm=yes", "input `warm`: expected `true` or `false`, found `yes`"),
        ("warm=1", "input `warm`: expected `true` or `false`, found `1`"),
        ("stops=a,b", "input `stops`: expected a JSON array, found `a,b`"),
        ("stops=[1]", "input `stops[0]`: expected a text, found `1`"),
        ("person=[]", "input `person`: expected a JSON object, found `[]`"),
        ("city=\udcff", "input `city`: expected Unicode text, found bytes that are none"),
        ('stops=["\\ud800"]', "input `stops`: expected Unicode text, found bytes that are none"),
    ],
)
def test_a_value_of_another_type_is_refused_expected_before_found(pair, said):
    assert refusal({}, [pair])[0] == said


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000])
def test_what_is_nested_without_measure_is_refused(depth):
    said, _ = refusal({}, [f"person={'[' * depth}{']' * depth}"])
    assert said.startswith("input `person`: expected ")
    said, _ = refusal({}, [f"stops={'[' * depth}{']' * depth}"])
    assert said.startswith("input `stops`: expected ")


def test_an_unknown_input_is_refused_with_the_nearest():
    assert refusal({}, ["dayz=1"]) == ("flow `trip` has no input `dayz`", "did you mean `days`?")
    assert refusal({"dayz": 1})[1] == "did you mean `days`?"


def test_a_pair_without_a_value_is_bad_usage():
    assert refusal({}, ["days"])[0] == "expected `name=value`, found `days`"


def test_a_required_input_is_asked_for():
    plan = ExecutionPlan(flow="trip", inputs=(("city", {"type": "string"}),))
    assert refusal({}, plan=plan) == ("input `city` is required", "add `--input city=...`")
    assert read_inputs(plan, {"city": ""}) == {"city": ""}


def test_a_default_of_nothing_is_a_default():
    plan = ExecutionPlan(flow="trip", inputs=(("city", {"type": "string", "default": None}),))
    assert read_inputs(plan, {}) == {"city": None}


def test_values_of_a_file_are_checked_and_pairs_win():
    assert read_inputs(PLAN, {"days": 4, "city": "Rome"}, ["days=5"])["days"] == 5
    assert refusal({"days": "4"})[0] == "input `days`: expected an integer, found `4`"
    assert refusal({"days": None})[0] == "input `days`: expected an integer, found `null`"
    assert refusal({"ratio": float("nan")})[0].endswith("found `nan`")


def test_a_later_pair_wins_over_an_earlier_one():
    assert read_inputs(PLAN, {}, ["days=5", "days=6"])["days"] == 6

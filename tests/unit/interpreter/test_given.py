"""What a sub-flow is given: held to its schemas, defaults filled in."""

import pytest

from flowrun.interpreter.given import Unfit, fill_inputs
from flowrun.plan.plan import ExecutionPlan

LIST = {"type": "array", "items": {"type": "string"}}
PLAN = ExecutionPlan(
    flow="inner",
    inputs=(
        ("city", {"type": "string", "minLength": 2}),
        ("days", {"type": "integer", "default": 3}),
        ("stops", {**LIST, "default": []}),
    ),
)


def test_defaults_are_filled_in_in_declared_order():
    filled = fill_inputs(PLAN, {"stops": ["x"], "city": "Paris"})
    assert list(filled.items()) == [("city", "Paris"), ("days", 3), ("stops", ["x"])]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"days": 1}, "input `city` of flow `inner` is required"),
        ({"city": "Paris", "dyas": 1}, "flow `inner` has no input `dyas`"),
        ({"city": "P"}, 'input `city` of flow `inner`: "P" is shorter than 2 characters'),
        ({"city": "Paris", "days": None}, "input `days` of flow `inner`: null is not of type"),
        ({"city": "Paris", "stops": ["x", 1]}, "input `stops` of flow `inner`: at `/1`: 1 is not"),
    ],
)
def test_the_first_problem_is_told(given, problem):
    found = fill_inputs(PLAN, given)
    assert isinstance(found, Unfit)
    assert found.problem.startswith(problem)


def test_a_long_value_is_not_repeated_in_full():
    found = fill_inputs(PLAN, {"city": "Paris", "days": "x" * 10_000})
    assert len(found.problem) < 400

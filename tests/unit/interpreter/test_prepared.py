"""A plan made ready: what waits for what, and templates compiled once."""

import pytest

from flowrun.expression.template import ExpressionFailed
from flowrun.interpreter.prepared import prepare_plan
from tests.support.steps import ask, call, compute, plan_of, subflow

INNER = plan_of(compute("x", values={"n": 1}), flow="inner")


def test_a_step_waits_once_for_each_step_that_it_needs_or_comes_after():
    plan = plan_of(call("a"), call("b"), call("c", "a", "b", after=("b",)), call("d", after=("a",)))
    prepared = prepare_plan(plan)
    assert prepared.waits == {"a": 0, "b": 0, "c": 2, "d": 1}
    dependents = {name: [one.name for one in steps] for name, steps in prepared.dependents.items()}
    assert dependents == {"a": ["c", "d"], "b": ["c"], "c": [], "d": []}


def test_what_steps_evaluate_is_compiled_for_those_that_have_it():
    plan = plan_of(
        call("a", condition="true", given={"n": "{{ 1 + 1 }}"}),
        compute("b", values={"n": 1}, foreach="[1, 2]", repeat=("steps.b.output", 3)),
        ask("c", message="Well, {{ run.id }}?"),
    )
    values = prepare_plan(plan).values
    assert values.conditions["a"].evaluate({}) is True
    assert values.arguments["a"].evaluate({}) == {"n": 2}
    assert values.items["b"].evaluate({}) == [1, 2]
    assert values.untils["b"].evaluate({"steps": {"b": {"output": 7}}}) == 7
    assert values.messages["c"].evaluate({"run": {"id": "r"}}) == "Well, r?"
    assert set(values.conditions) == {"a"}
    assert set(values.items) == set(values.untils) == {"b"}


def test_a_sub_flow_that_several_steps_run_is_prepared_once():
    plan = plan_of(subflow("a", INNER), subflow("b", INNER), subflow("c", INNER, path="other"))
    flows = prepare_plan(plan).values.flows
    assert flows["a"] is flows["b"]
    assert flows["a"].plan is INNER
    assert flows["c"] is not flows["a"]


def test_a_template_that_is_none_is_refused_in_a_sub_flow_too():
    broken = plan_of(compute("x", values={"n": "{{ 1 +"}), flow="inner")
    with pytest.raises(ExpressionFailed):
        prepare_plan(plan_of(subflow("a", broken)))

"""A limit on the cost needs prices."""

import pytest

from flowrun.graph.check_limits import unpriced_models
from tests.support.flows import HEADER, check_body

BODY = """limits: {{{limits}}}
assistants: {{g: {{model: {model}}}, unused: {{model: fast}}}}
steps: {{x: {{assistant: g, message: Hi}}}}
"""
INNER = (
    HEADER
    + """assistants: {a: {model: m}, b: {model: deep}, c: {model: m}, d: {model: o}}
steps:
  a: {assistant: a, message: Hi}
  b: {assistant: b, message: Hi}
  c: {assistant: c, message: Hi}
  d: {assistant: d, message: Hi}
"""
)


def lines(limits, model):
    return [
        one
        for one in check_body(BODY.format(limits=limits, model=model)).lines
        if "lint/" not in one
    ]


def test_a_model_with_a_price_can_be_limited():
    assert not lines("max_cost_usd: 2", "deep")


def test_other_limits_need_no_price():
    assert not lines("max_tokens: 2000, max_tool_rounds: 3, max_parallel: 2, timeout: 5m", "fast")


@pytest.mark.parametrize("model", ["fast", "gpt-9"])
def test_a_model_without_one_cannot(model):
    (one,) = lines("max_cost_usd: 2", model)
    assert f"flow.yaml:4:25 limits/no-price model `{model}` has no price" in one
    assert "flow.yaml:3:10 limited here" in one


def test_the_models_of_a_sub_flow_count_too_each_once():
    done = check_body(
        "limits: {max_cost_usd: 2}\nsteps: {x: {flow: inner.yaml}}\n", inner_yaml=INNER
    )
    assert [one.message for one in done.diagnostics] == [
        "model `m` of flow `inner.yaml` has no price, and the cost of a run is limited",
        "model `o` of flow `inner.yaml` has no price, and the cost of a run is limited",
    ]
    assert {str(one.span) for one in done.diagnostics} == {"flow.yaml:4:19"}


def test_models_without_a_price_are_named_once():
    assert unpriced_models(check_body(INNER.removeprefix(HEADER)).graph) == ("m", "o")

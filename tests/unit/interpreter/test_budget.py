"""Accounts: what was used, what it cost, and which limit is reached."""

import pytest

from flowrun.interpreter.budget import (
    Spending,
    cost_of,
    read_usage,
    usage_between,
    usage_record,
)
from flowrun.plan.plan import PlannedLimits, PlannedPrices
from flowrun.ports.models import TokenUsage

PRICES = PlannedPrices(input=2.0, output=10.0)
USAGE = TokenUsage(1_000, 100, 1_100)


def test_tokens_and_cost_add_up():
    spent = Spending()
    spent.add(USAGE, PRICES)
    spent.add(USAGE, PRICES)
    assert spent.tokens == 2_200
    assert spent.cost_usd == pytest.approx(0.006)


@pytest.mark.parametrize(
    ("usage", "prices", "dollars"),
    [
        (TokenUsage(1_000_000, 0, 1_000_000), PRICES, 2.0),
        (TokenUsage(0, 1_000_000, 1_000_000), PRICES, 10.0),
        (TokenUsage(1_000_000, 0, 1_000_000, cached_tokens=400_000), PRICES, 2.0),
        (
            TokenUsage(1_000_000, 0, 1_000_000, cached_tokens=400_000),
            PlannedPrices(input=2.0, output=10.0, cached_input=0.5),
            1.4,
        ),
        (
            TokenUsage(10, 0, 10, cached_tokens=400_000),
            PlannedPrices(input=2.0, output=10.0, cached_input=0.0),
            0.0,
        ),
    ],
)
def test_cached_tokens_are_part_of_the_prompt_and_have_their_own_price(usage, prices, dollars):
    assert cost_of(usage, prices) == pytest.approx(dollars)


def test_a_model_without_a_price_leaves_the_cost_unknown():
    spent = Spending()
    spent.add(USAGE, PRICES)
    spent.add(USAGE, None)
    assert spent.cost_usd is None
    assert spent.tokens == 2_200


def test_nothing_used_is_nothing_unknown():
    spent = Spending()
    spent.add(TokenUsage(), None)
    assert spent.cost_usd == 0.0


def test_what_is_added_counts_above_as_well():
    run = Spending()
    flow = Spending(parent=run)
    step = Spending(parent=flow)
    step.add(USAGE, PRICES)
    flow.add_known(USAGE, None)
    assert (step.tokens, flow.tokens, run.tokens) == (1_100, 2_200, 2_200)
    assert step.cost_usd == pytest.approx(0.003)
    assert (flow.cost_usd, run.cost_usd) == (None, None)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({}, None),
        ({"max_tokens": 1_101}, None),
        (
            {"max_tokens": 1_100},
            "the limit `max_tokens` of 1100 is reached: 1100 tokens were used",
        ),
        ({"max_cost_usd": 0.0031}, None),
        (
            {"max_cost_usd": 0.003},
            "the limit `max_cost_usd` of 0.003 is reached: 0.003 US dollars were used",
        ),
    ],
)
def test_a_limit_is_reached_when_as_much_is_used(limits, said):
    spent = Spending(PlannedLimits(**limits))
    spent.add(USAGE, PRICES)
    assert spent.reached() == said
    assert Spending(parent=spent).reached() == said


def test_a_limit_on_cost_cannot_be_kept_without_prices():
    spent = Spending(PlannedLimits(max_cost_usd=1.0))
    spent.add(USAGE, None)
    assert spent.reached() == (
        "the limit `max_cost_usd` of 1 cannot be kept: a model without a price took part"
    )


@pytest.mark.parametrize(
    ("own", "above", "allowed"),
    [(None, None, None), (3, None, 3), (None, 4, 4), (3, 4, 3), (5, 4, 4)],
)
def test_a_step_may_take_as_many_rounds_as_the_strictest_limit_says(own, above, allowed):
    outer = Spending(PlannedLimits(max_tool_rounds=above))
    assert Spending(PlannedLimits(max_tool_rounds=own), outer).rounds_allowed() == allowed


def test_usage_is_counted_from_where_it_was_counted_before():
    later = TokenUsage(30, 5, 35, 10, 2)
    assert usage_between(TokenUsage(10, 5, 15, 4), later) == TokenUsage(20, 0, 20, 6, 2)


def test_usage_is_read_as_it_was_written():
    assert read_usage(usage_record(USAGE)) == USAGE
    assert read_usage(None) == TokenUsage()

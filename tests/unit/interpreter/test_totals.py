"""What several results of one step used together."""

from flowrun.events.records import StepFinished
from flowrun.interpreter.totals import Totals

USED = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def ended(**facts):
    return StepFinished(step="a~1", status="completed", **facts)


def test_tokens_and_dollars_are_summed():
    totals = Totals()
    for _ in range(2):
        totals.add(ended(usage=USED, cost_usd=0.5))
    assert totals.usage == {
        "prompt_tokens": 6,
        "completion_tokens": 4,
        "total_tokens": 10,
    }
    assert totals.cost_usd == 1.0


def test_without_a_model_nothing_was_used():
    totals = Totals()
    totals.add(ended())
    assert (totals.usage, totals.cost_usd) == (None, None)


def test_the_whole_is_the_last_result_under_its_own_label_with_what_all_used():
    totals = Totals()
    totals.add(ended(usage=USED, cost_usd=0.5))
    last = StepFinished(step="a~2", status="failed", error="it broke", error_code="tool")
    totals.add(last)
    whole = totals.closing(last, "a", 2.5)
    assert (whole.step, whole.status, whole.error, whole.error_code) == (
        "a",
        "failed",
        "it broke",
        "tool",
    )
    assert (whole.usage, whole.cost_usd, whole.duration_s) == (USED, 0.5, 2.5)

"""A run as its events tell it."""

import pytest

from flowrun.events.records import (
    FlowRunCancelling,
    FlowRunFinished,
    FlowRunParked,
    StepFinished,
    StepStarted,
)
from flowrun.events.stamped import TRANSIENT
from flowrun.views.run_summary import fold
from flowrun.views.step_summary import CallSummary
from tests.support.run_story import (
    BEGAN,
    USAGE,
    asking,
    completed,
    disk_fails,
    failed,
    parked,
    resumed,
    stamp,
    started,
    summarising,
)


def test_a_resumed_run_forgets_that_it_was_parked():
    summary = fold("trip-1", resumed())
    assert (summary.status, summary.error, summary.entries) == ("completed", None, 2)
    assert [call.status for call in summary.steps[0].calls] == ["completed", "failed"]


def test_steps_stand_in_plan_order_and_unplanned_ones_after_them():
    summary = fold("trip-1", failed(), steps=("report", "disk"))
    assert [step.name for step in summary.steps] == ["report", "disk", "forecast"]


@pytest.mark.parametrize("story", [completed, failed, parked, resumed, asking, summarising])
def test_transient_events_change_nothing(story):
    kept = [item for item in story() if type(item.event) not in TRANSIENT]
    assert fold("trip-1", kept) == fold("trip-1", story())


def test_calls_are_told_with_arguments_results_and_failures():
    assert fold("trip-1", completed()).steps[0].calls == (
        CallSummary(
            id="call_1",
            tool="get_weather",
            arguments='{"city": "Paris"}',
            status="completed",
            output="18 degrees",
            duration_s=0.1,
        ),
        CallSummary(
            id="call_2",
            tool="get_weather",
            arguments='{"city": "Atlantis"}',
            status="failed",
            output="error: there is no such place",
            error="exception",
            duration_s=0.1,
        ),
    )


def test_a_tool_step_has_no_calls_of_a_model():
    assert fold("trip-1", stamp(started(), *disk_fails())).steps[0].calls == ()


def test_calls_are_taken_from_the_step_when_their_own_events_are_missing():
    record = {"id": "c", "name": "t", "arguments": "{}", "output": "no", "error": "timeout"}
    story = stamp((0, StepFinished(step="a", status="completed", tool_calls=(record,))))
    assert fold("trip-1", story).steps[0].calls == (
        CallSummary(
            id="c", tool="t", arguments="{}", status="failed", output="no", error="timeout"
        ),
    )


def test_calls_of_a_repeated_id_are_two_calls():
    twice = [*completed()[:8], *completed()[3:8]]
    assert len(fold("trip-1", twice).steps[0].calls) == 4


def test_usage_is_summed_over_steps():
    story = stamp(
        (0, StepStarted(step="a")),
        (0, StepFinished(step="a", status="completed", usage=USAGE)),
        (0, StepFinished(step="b", status="completed", usage={**USAGE, "cached_tokens": 7})),
        (0, StepFinished(step="c", status="skipped")),
    )
    assert fold("trip-1", story).usage == {
        "prompt_tokens": 600,
        "completion_tokens": 48,
        "total_tokens": 648,
        "cached_tokens": 7,
    }


def test_tokens_and_cost_are_those_of_the_run_when_it_is_over():
    over = FlowRunFinished(status="completed", usage={**USAGE, "total_tokens": 999}, cost_usd=0.5)
    run = fold("r", stamp((0, StepFinished(step="a", status="completed", usage=USAGE)), (1, over)))
    assert (run.usage["total_tokens"], run.cost_usd) == (999, 0.5)


def test_before_that_they_are_those_of_what_is_finished_counted_once():
    story = stamp(
        (0, StepStarted(step="a", items=2)),
        (0, StepFinished(step="a[0]~1", status="failed", usage=USAGE, cost_usd=0.1)),
        (0, StepFinished(step="a[0]", status="completed", usage=USAGE, cost_usd=0.2)),
        (0, StepFinished(step="a[1]~1", status="failed", usage=USAGE, cost_usd=0.4)),
    )
    run = fold("r", story)
    assert run.usage["total_tokens"] == 2 * USAGE["total_tokens"]
    assert run.cost_usd == pytest.approx(0.6)


def test_a_cost_that_is_not_known_makes_the_sum_unknown():
    story = stamp(
        (0, StepFinished(step="a", status="completed", usage=USAGE, cost_usd=0.1)),
        (0, StepFinished(step="b", status="completed", usage=USAGE)),
    )
    assert fold("r", story).cost_usd is None


def test_a_run_waits_for_people_or_for_an_instant():
    asks = fold("trip-1", asking())
    assert ([one.step for one in asks.questions], asks.wake_at) == (["stay"], None)
    sleeps = fold("r", stamp((0, FlowRunParked(reason="waiting", wake_at=BEGAN + 60))))
    assert (sleeps.questions, sleeps.wake_at) == ((), BEGAN + 60)


def test_a_run_says_who_cancelled_it():
    over = FlowRunFinished(status="cancelled", error="the run was cancelled")
    by = FlowRunCancelling(by="ann", reason="too late")
    assert fold("r", stamp(started(), (1, by), (2, over))).error == "cancelled by ann: too late"


def test_a_run_that_was_cancelled_at_rest_leaves_no_step_running():
    over = FlowRunFinished(status="cancelled", error="cancelled by ann")
    run = fold("r", stamp((0, StepStarted(step="a")), (1, over)), steps=("a", "b"))
    assert [(one.status, one.error_code) for one in run.steps] == [
        ("failed", "cancelled"),
        ("skipped", None),
    ]

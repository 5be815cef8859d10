"""How far steps are, and the last words of a run."""

import pytest

from flowrun.events.records import FlowRunFinished, FlowRunParked, StepFinished, StepStarted
from flowrun.views.run_progress import Progress, RunTally, cost_said, is_asleep
from tests.support.run_story import BEGAN, USAGE, asking, stamp, summarising


def test_items_are_counted_when_they_are_over_and_tries_are_not():
    progress = Progress()
    for item in summarising():
        progress.take(item.event)
    assert progress.of("files[9]").said() == "3/3, 1 failed"


def test_a_step_inside_of_items_counts_the_items():
    progress = Progress()
    progress.take(StepStarted(step="a", items=9))
    assert progress.take(StepFinished(step="a[0]/b", status="completed"))
    assert not progress.take(StepFinished(step="a[0]/b~1", status="completed"))
    assert progress.of("a/b").said() == "1"
    assert progress.of("a").said() == "0/9"


def test_iterations_are_counted():
    progress = Progress()
    progress.take(StepStarted(step="a#7"))
    assert progress.of("a").iteration == 7


def closing(story):
    tally = RunTally("r")
    for item in story:
        tally.take(item)
    return [line for line, _ in tally.closing(story[-1].event)]


def test_only_the_steps_of_the_flow_itself_are_counted():
    story = stamp(
        (0, StepFinished(step="a[0]", status="completed", usage=USAGE)),
        (0, StepFinished(step="a/b", status="failed", usage=USAGE)),
        (0, StepFinished(step="a", status="completed", usage=USAGE)),
        (1, FlowRunFinished(status="completed", duration_s=1.0)),
    )
    assert closing(story) == ["completed in 1.0s: 1 step completed, 324 tokens"]


def test_the_cost_is_said():
    assert closing(summarising())[0] == "failed in 6.0s: 1 step failed, 1,296 tokens, $0.0125"


@pytest.mark.parametrize(
    ("cost", "said"), [(None, []), (0.0, []), (0.00213, ["$0.0021"]), (1234.5, ["$1,234.50"])]
)
def test_a_price_is_said_as_people_do(cost, said):
    assert cost_said(cost) == said


def test_a_run_that_waits_for_a_person_ends_with_what_answers_it():
    assert closing(asking()) == [
        "parked: waiting for an answer to `stay`",
        "`stay` asks: How long will you stay?",
        "  flowrun runs answer r stay --value nights=...",
        "  flowrun runs answer r stay --reject",
    ]


def test_a_run_that_waits_for_an_instant_goes_on_by_itself():
    event = FlowRunParked(reason="waiting until noon", wake_at=BEGAN + 60)
    assert is_asleep(event)
    assert closing(stamp((0, event))) == [
        "waiting until noon; after an interrupt `flowrun runs resume r` goes on"
    ]

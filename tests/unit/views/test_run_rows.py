"""The rows of the live table."""

from flowrun.events.records import (
    MessageDelta,
    QuestionAnswered,
    StepFinished,
    StepRetrying,
    StepStarted,
)
from flowrun.views.run_rows import Rows
from tests.support.run_story import BEGAN, asking, stamp, stay, summarising


def rows_of(story, *steps):
    rows = Rows(steps)
    for item in story:
        rows.take(item)
    return {row.label: row for row in rows.all()}


def test_many_items_have_one_row_that_counts_them():
    story = stamp(
        (0, StepStarted(step="a", items=500)),
        *[(0, StepStarted(step=f"a[{n}]")) for n in range(50)],
        *[(0, MessageDelta(step=f"a[{n}]", text="noise")) for n in range(50)],
        *[(0, StepFinished(step=f"a[{n}]", status="completed")) for n in range(12)],
        (0, StepFinished(step="a[13]", status="failed", error="no")),
    )
    rows = rows_of(story)
    assert list(rows) == ["a"]
    assert (rows["a"].state, rows["a"].counted, rows["a"].text) == (
        "running",
        "13/500, 1 failed",
        "a[13]: no",
    )


def test_a_step_that_is_tried_again_says_when_and_why():
    event = StepRetrying(
        step="a", attempt=1, error="busy", error_code="endpoint", retry_at=BEGAN + 4
    )
    rows = rows_of(stamp((0, StepStarted(step="a")), (0, event)))
    assert rows["a"].note == "retrying in 4.0s: busy"
    rows = rows_of(stamp((0, event), (4, StepStarted(step="a~2"))))
    assert rows["a"].note == ""


def test_a_step_that_asks_says_so_until_it_is_answered():
    row = rows_of(asking())["stay"]
    assert (row.state, row.note) == ("asks", "How long will you stay?")
    answer = QuestionAnswered(step="stay", question="steps/stay/answer", decision="approved")
    row = rows_of(stamp((0, stay()), (1, answer)))["stay"]
    assert (row.state, row.note) == ("running", "")


def test_iterations_are_counted_from_the_second():
    story = [(0, StepStarted(step="a")), (0, StepStarted(step="a#1"))]
    assert rows_of(stamp(*story))["a"].counted == ""
    assert rows_of(stamp(*story, (1, StepStarted(step="a#2"))))["a"].counted == "iteration 2"


def test_steps_of_a_sub_flow_stand_indented_under_theirs():
    story = stamp(
        (0, StepStarted(step="outer")),
        (0, StepStarted(step="outer/one")),
        (0, StepStarted(step="outer/two")),
        (0, StepStarted(step="outer/one/deep")),
    )
    rows = rows_of(story, "outer", "last")
    assert [row.name for row in rows.values()] == ["outer", "  one", "    deep", "  two", "last"]


def test_a_step_inside_of_items_is_over_with_them():
    story = stamp(
        (0, StepStarted(step="outer", items=2)),
        (0, StepStarted(step="outer[0]/in")),
        (0, StepFinished(step="outer[0]/in", status="completed")),
        (0, StepStarted(step="outer[1]/in")),
        (0, StepFinished(step="outer", status="completed")),
    )
    assert rows_of(story)["outer/in"].state == "completed"


def test_the_whole_story_of_some_items():
    row = rows_of(summarising())["files"]
    assert (row.state, row.tokens, row.counted) == ("failed", 1296, "3/3, 1 failed")


def test_rows_there_is_no_room_for_are_the_least_urgent():
    rows = Rows(["a", "b", "c"])
    for item in stamp((0, StepStarted(step="c")), (0, stay("b"))):
        rows.take(item)
    shown, hidden = rows.choose(2)
    assert ([row.label for row in shown], [row.label for row in hidden]) == (["b", "c"], ["a"])

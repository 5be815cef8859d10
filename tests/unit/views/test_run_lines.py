"""Plain lines: what a log of a run looks like."""

import io

from flowrun.events.records import (
    FlowRunCancelling,
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    QuestionAnswered,
    StepFinished,
    StepStarted,
    ToolCallFinished,
)
from flowrun.events.stamped import StampedEvent
from flowrun.views.run_lines import RunLines
from tests.support.run_story import (
    BEGAN,
    asking,
    completed,
    failed,
    parked,
    resumed,
    stamp,
    started,
    summarising,
)


def lines_of(story, **options):
    stream = io.StringIO()
    lines = RunLines(stream, "trip-1", **options)
    for item in story:
        lines(item)
    return stream.getvalue()


def test_a_run_that_fails():
    assert lines_of(failed(), steps=("forecast", "disk", "report")) == (
        "run trip-1 (flow trip-report, plan 7c1e09a1b2c3)\n"
        "    0ms  forecast  started\n"
        '   0.4s  forecast  calls get_weather {"city": "Paris"}\n'
        '   0.4s  forecast  calls get_weather {"city": "Atlantis"}\n'
        "   0.5s  forecast  get_weather completed in 0.1s\n"
        "   0.6s  forecast  get_weather failed in 0.1s (exception): error: there is no such place\n"
        "   1.0s  forecast  completed in 1.0s, 324 tokens\n"
        "    0ms  disk      started\n"
        "   0.2s  disk      failed in 0.2s: `df` exited with 1\n"
        "   1.1s  report    skipped: not run: step `disk` failed\n"
        "failed in 1.1s: 1 step completed, 1 step failed, 1 step skipped, 324 tokens\n"
        "error: step `disk` failed: `df` exited with 1\n"
        "help: look at the path\n"
    )


def test_a_run_that_completes_ends_with_its_sum():
    assert lines_of(completed()).endswith("completed in 1.1s: 1 step completed, 324 tokens\n")


def test_a_parked_run_ends_with_the_command_that_goes_on():
    assert lines_of(parked()).endswith(
        "parked: interrupted\ncontinue with: flowrun runs resume trip-1\n"
    )


def test_a_resumed_run_counts_what_was_done_before():
    story = resumed()
    again = next(at for at, item in enumerate(story) if item.at >= BEGAN + 60)
    stream = io.StringIO()
    lines = RunLines(stream, "trip-1")
    lines.catch_up(
        [*story[:again], StampedEvent(StepFinished(step="old", status="completed"), 99, BEGAN)]
    )
    for item in story[again:]:
        lines(item)
    said = stream.getvalue().splitlines()
    assert said[0] == "run trip-1 resumed, entry 2"
    assert said[-1] == "completed in 1.4s: 2 steps completed, 324 tokens"


def test_colour_is_put_around_words_and_never_without_being_asked_for():
    assert "\x1b" not in lines_of(failed())
    coloured = lines_of(failed(), colour=True)
    assert "\x1b[31mfailed in 0.2s" in coloured
    assert "".join(coloured.split("\x1b[31m")) != coloured


def test_what_tools_say_cannot_move_the_cursor():
    event = ToolCallFinished(
        step="a",
        call_id="c",
        tool="evil\x1b[2J",
        status="failed",
        output="\x1b]0;owned\x07\nsecond line",
        error="exception",
        duration_s=0.0,
    )
    said = lines_of([StampedEvent(event, 1, 0.0)])
    assert "\x1b" not in said
    assert "\x07" not in said
    assert said.count("\n") == 1


def test_a_very_long_sentence_is_cut():
    event = StepFinished(step="a", status="failed", error="x" * 100_000)
    assert len(lines_of([StampedEvent(event, 1, 0.0)])) < 600


class Gone(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


def test_a_reader_that_has_gone_does_not_stop_the_run():
    lines = RunLines(Gone(), "trip-1")
    for item in completed():
        lines(item)


def test_items_are_told_by_how_far_they_are_and_by_the_first_failures():
    assert lines_of(summarising(), steps=("files",)) == (
        "run trip-1 (flow trip-report, plan 7c1e09a1b2c3)\n"
        "    0ms  files  started, 3 items\n"
        "   0.1s  files[1]  retrying in 4.0s: too long\n"
        "   1.0s  files  1/3 items\n"
        "   5.0s  files[1]  failed in 0ms: too long\n"
        "   5.0s  files  2/3 items, 1 failed\n"
        "   6.0s  files  3/3 items, 1 failed\n"
        "   6.0s  files  failed in 6.0s: 1 of 3 items failed, the first: item 1: too long\n"
        "failed in 6.0s: 1 step failed, 1,296 tokens, $0.0125\n"
        "error: step `files` failed: 1 of 3 items failed, the first: item 1: too long\n"
    )


def test_however_many_items_there_are_there_are_a_few_lines():
    story = stamp(
        started(),
        (0, StepStarted(step="a", items=500)),
        *[(0, StepStarted(step=f"a[{n}]")) for n in range(500)],
        *[(1, StepFinished(step=f"a[{n}]", status="failed", error="no")) for n in range(500)],
    )
    said = lines_of(story).splitlines()
    assert len(said) == 2 + 5 + 10
    assert said[-1].endswith("500/500 items, 500 failed")


def test_iterations_are_told_one_by_one_and_then_every_tenth():
    story = stamp(
        (0, StepStarted(step="a")),
        *[(0, StepStarted(step=f"a#{n}")) for n in range(1, 101)],
    )
    said = lines_of(story).splitlines()
    assert said[1].endswith("a  iteration 1")
    assert len(said) == 1 + 10 + 9


def test_a_question_ends_with_what_answers_it():
    assert lines_of(asking()).splitlines()[-5:] == [
        "   1.1s  stay  asks: How long will you stay?",
        "parked: waiting for an answer to `stay`",
        "`stay` asks: How long will you stay?",
        "  flowrun runs answer trip-1 stay --value nights=...",
        "  flowrun runs answer trip-1 stay --reject",
    ]


def test_an_answer_is_told_with_its_name():
    answer = QuestionAnswered(step="a", question="q", decision="approved", by="ann")
    assert lines_of(stamp((0, answer))).endswith("a  approved by ann\n")


def test_a_timer_is_told_once_and_its_end_not_at_all():
    story = stamp(
        (0, FlowRunParked(reason="waiting until noon", wake_at=BEGAN + 60)),
        (60, FlowRunResumed(entry=2)),
        (61, FlowRunFinished(status="completed", duration_s=1.0)),
    )
    assert lines_of(story) == (
        "waiting until noon; after an interrupt `flowrun runs resume trip-1` goes on\n"
        "completed in 1.0s: no steps\n"
    )


def test_who_cancelled_is_told():
    event = FlowRunCancelling(by="ann", reason="too late")
    assert lines_of(stamp((0, event))) == "cancelled by ann: too late\n"


def test_why_a_step_was_skipped_is_said_once():
    event = StepFinished(step="a", status="skipped", error="skipped: `if` is false")
    assert lines_of(stamp((0, event))) == "    0ms  a  skipped: `if` is false\n"

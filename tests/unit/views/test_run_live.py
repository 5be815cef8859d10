"""The live table, drawn on a terminal of paper."""

import io
import re

import pytest

from flowrun.clock import ManualClock
from flowrun.events.records import (
    FlowRunCancelling,
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    MessageDelta,
    StepFinished,
    StepStarted,
    ToolCallsRequested,
)
from flowrun.events.records import ToolCallRequest as Call
from flowrun.events.stamped import StampedEvent
from flowrun.views.run_live import RunLive, live_console
from tests.support.run_story import BEGAN, asking, completed, failed, parked, stamp, summarising


def view_of(*, steps=(), environ=None, colour=False, columns=78):
    paper = io.StringIO()
    environ = {"TERM": "xterm-256color", "LINES": "20"} | (environ or {})
    console = live_console(paper, environ, colour=colour, columns=columns)
    return RunLive(console, "trip-1", steps=steps, clock=ManualClock(BEGAN + 2.0)), paper, console


def drawn(story, **options):
    """Return the table as it stands after the events."""
    view, paper, console = view_of(**options)
    for item in story:
        view(item)
    paper.truncate(0)
    paper.seek(0)
    console.print(view.picture())
    return lines_of(paper.getvalue())


def lines_of(text):
    """Return what is left on the paper: no styles, and only the last of several pictures."""
    last = re.split(r"(?:\x1b\[1A\x1b\[2K)+", text)[-1]
    return [line.rstrip() for line in without_control(last).rstrip("\n").split("\n")]


def without_control(text):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")


def test_a_table_in_the_middle_of_a_run():
    assert drawn(completed()[:11], steps=("forecast", "report")) == [
        "step      state      elapsed   tokens",
        "forecast  running       2.0s           It is mild.",
        "report    waiting",
    ]


def test_a_table_at_the_end_of_a_run_that_failed():
    assert drawn(failed(), steps=("forecast", "disk", "report")) == [
        "step      state      elapsed   tokens",
        "forecast  completed     1.0s      324  It is mild.",
        "disk      failed        0.2s           `df` exited with 1",
        "report    skipped                      not run: step `disk` failed",
    ]


def test_the_tool_at_work_is_named():
    assert drawn(completed()[:4])[1].endswith("calls get_weather, get_weather")


def test_streamed_text_shows_its_end():
    story = stamp(
        (0, StepStarted(step="a")),
        *[(0, MessageDelta(step="a", text=f"word {n}\n")) for n in range(2000)],
    )
    line = drawn(story, columns=60)[1]
    assert line.endswith("word 1998 word 1999")
    assert "…" in line
    assert len(line) <= 60


def test_text_of_models_and_tools_is_neither_markup_nor_a_command():
    calls = (Call(id="c", tool="[red]evil[/]\x1b[2J", arguments=""),)
    story = stamp(
        (0, StepStarted(step="a")),
        (0, MessageDelta(step="a", text="[bold]x[/b] :smile: \x1b[31m")),
        (0, StepStarted(step="b")),
        (0, ToolCallsRequested(step="b", run_id="r", round=1, calls=calls)),
        (0, StepFinished(step="c", status="failed", error="[/nothing]\x07")),
    )
    text = "\n".join(drawn(story))  # takes out whatever a terminal would have obeyed
    assert r"[bold]x[/b] :smile: \x1b[31m" in text
    assert r"calls [red]evil[/]\x1b[2J" in text
    assert r"[/nothing]\x07" in text


def test_wide_characters_keep_to_their_column():
    story = stamp((0, StepStarted(step="a")), (0, MessageDelta(step="a", text="東京" * 200)))
    console_columns = 60
    line = drawn(story, columns=console_columns)[1]
    assert sum(2 if ord(one) > 0x2FFF else 1 for one in line) <= console_columns


def test_more_steps_than_lines_show_the_urgent_ones_and_count_the_rest():
    names = [f"s{number}" for number in range(100)]
    story = stamp(
        *[(0, StepFinished(step=name, status="completed")) for name in names[:50]],
        (0, StepStarted(step="s70")),
        (0, StepFinished(step="s71", status="failed", error="no")),
    )
    table = drawn(story, steps=names)
    assert len(table) == 18
    assert any(line.startswith("s70") for line in table)
    assert any(line.startswith("s71") for line in table)
    assert table[-1].startswith("84 more")
    assert table[-1].endswith("36 completed, 48 waiting")


def played(story, **options):
    view, paper, _ = view_of(**options)
    with view:
        for item in story:
            view(item)
    return paper.getvalue()


def test_the_last_picture_and_the_last_words_stay_on_the_screen():
    left = played(failed(), steps=("forecast", "disk", "report"))
    assert lines_of(left) == [
        "step      state      elapsed   tokens",
        "forecast  completed     1.0s      324  It is mild.",
        "disk      failed        0.2s           `df` exited with 1",
        "report    skipped                      not run: step `disk` failed",
        "failed in 1.1s: 1 step completed, 1 step failed, 1 step skipped, 324 tokens",
        "error: step `disk` failed: `df` exited with 1",
        "help: look at the path",
    ]


def test_a_parked_run_leaves_the_command_that_goes_on():
    assert "continue with: flowrun runs resume trip-1" in without_control(played(parked()))


def test_the_cursor_is_given_back():
    text = played(completed())
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1


def test_no_color_leaves_no_colour():
    plain = played(failed(), environ={"NO_COLOR": "1"}, colour=False)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)
    assert re.search(r"\x1b\[[0-9;]*3[0-7]m", played(failed(), colour=True))


def test_a_long_last_word_is_neither_cut_nor_broken():
    sentence = "word " * 60 + "end"
    story = failed()
    last = story[-1].event
    longer = type(last)(status="failed", error=sentence, duration_s=1.0)
    text = played([*story[:-1], StampedEvent(longer, 99, BEGAN)])
    assert f"error: {sentence}\n" in without_control(text)


def test_a_resume_shows_what_was_done_before():
    view, paper, console = view_of(steps=("forecast", "report"))
    view.catch_up(completed()[:-1])
    console.print(view.picture())
    assert "forecast  completed" in paper.getvalue()
    assert "run trip-1" not in paper.getvalue()


@pytest.mark.parametrize("columns", [1, 10, 39, 40, 200])
def test_any_width_can_be_drawn(columns):
    table = drawn(failed(), steps=("forecast", "disk", "report"), columns=columns)
    assert len(table) == 4
    assert max(map(len, table)) <= columns


def test_a_run_without_steps_can_be_drawn():
    assert drawn([]) == ["step  state      elapsed   tokens"]


def test_items_have_one_row_that_says_how_far_they_are():
    assert drawn(summarising()[:7], steps=("files",)) == [
        "step   state      elapsed   tokens",
        "files  running       2.0s           1/3: retrying in 4.0s: too long",
    ]


def test_a_step_that_asks_is_seen_to_ask():
    assert drawn(asking(), steps=("stay",))[1] == (
        "stay      asks          1.0s           How long will you stay?"
    )


def test_the_terminal_is_given_away_and_taken_back():
    view, paper, _ = view_of(steps=("stay",))
    with view:
        for item in asking():
            view(item)
        with view.suspended():
            paper.write("answer? ")
        view(StampedEvent(FlowRunResumed(entry=2), 99, BEGAN + 2))
    text = paper.getvalue()
    before, _, after = text.partition("answer? ")
    assert before.count("\x1b[?25l") == before.count("\x1b[?25h") == 1
    assert after.count("\x1b[?25l") == after.count("\x1b[?25h") == 1
    assert "runs answer" not in text


def test_what_a_run_waits_for_is_left_on_the_screen():
    assert "flowrun runs answer trip-1 stay --reject" in without_control(played(asking()))


def test_a_timer_is_told_above_the_table_and_its_end_is_not():
    story = stamp(
        (0, FlowRunParked(reason="waiting until noon", wake_at=BEGAN + 60)),
        (60, FlowRunResumed(entry=2)),
        (61, FlowRunCancelling(by="ann")),
        (61, FlowRunFinished(status="cancelled", duration_s=1.0)),
    )
    text = without_control(played(story))
    assert text.count("waiting until noon") == 1
    assert "resumed" not in text
    assert "cancelled by ann" in text

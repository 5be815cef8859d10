"""One run in full."""

import json

import pytest

from flowrun.events.records import (
    FlowRunFinished,
    FlowRunParked,
    StepFinished,
    StepStarted,
    ToolCallFinished,
)
from flowrun.views.run_result import result_object
from flowrun.views.run_summary import fold
from flowrun.views.run_text import find_step, run_object, run_text, step_text
from flowrun.views.runs import RunRow
from tests.support.run_story import (
    BEGAN,
    DIGEST,
    USAGE,
    asking,
    failed,
    parked,
    stamp,
    started,
    summarising,
)


def row(**changed):
    facts = {
        "run_id": "trip-1",
        "flow": "trip-report",
        "status": "failed",
        "plan_digest": DIGEST,
        "started_at": BEGAN,
        "finished_at": BEGAN + 1.1,
        "alive": False,
        "error": None,
    }
    return RunRow(**(facts | changed))


def test_a_run_in_full():
    assert run_text(row(), fold("trip-1", failed())) == (
        "run trip-1: failed\n"
        "flow trip-report, plan 7c1e09a1b2c3\n"
        "started 2025-11-20 13:35:07Z, ended 2025-11-20 13:35:08Z\n"
        "324 tokens\n"
        "input city: Paris\n"
        "error: step `disk` failed: `df` exited with 1\n"
        "help: look at the path\n"
        "\n"
        "step      state      took  tokens  calls\n"
        "forecast  completed  1.0s  324     2\n"
        "disk      failed     0.2s\n"
        "report    skipped\n"
        "\n"
        "step forecast (guide)\n"
        '  get_weather {"city": "Paris"}\n'
        "    completed in 0.1s: 18 degrees\n"
        '  get_weather {"city": "Atlantis"}\n'
        "    failed in 0.1s (exception): error: there is no such place\n"
        "  It is mild.\n"
        "\n"
        "step disk\n"
        "  error: `df` exited with 1\n"
        "\n"
        "step report\n"
        "  not run: step `disk` failed\n"
    )


def test_a_parked_run_says_how_to_go_on():
    text = run_text(row(status="parked", finished_at=None), fold("trip-1", parked()))
    assert text.startswith("run trip-1: parked\n")
    assert text.endswith("\ncontinue with: flowrun runs resume trip-1\n")
    assert text.count("flowrun runs resume") == 1


def long_output():
    lines = "\n".join(f"line {n}" for n in range(40))
    call = {"id": "c", "name": "t", "arguments": "a" * 500, "output": "o" * 500, "error": None}
    step = StepFinished(step="a", status="completed", output=lines, tool_calls=(call,))
    return fold("trip-1", stamp((0, step)))


def test_long_texts_are_cut_unless_all_is_wanted():
    cut = run_text(row(), long_output())
    assert "… 28 lines more, all with --full" in cut
    assert "line 12" not in cut
    assert max(map(len, cut.splitlines())) < 240
    full = run_text(row(), long_output(), full=True)
    assert "line 39" in full
    assert "o" * 500 in full


def test_what_tools_said_cannot_move_the_cursor():
    call = {"id": "c", "name": "t\x1b", "arguments": "\x1b[2J", "output": "\x07", "error": None}
    step = StepFinished(
        step="a", status="completed", output="\x1b]0;x\x07", tool_calls=(call,), error="\x9b"
    )
    text = run_text(row(), fold("trip-1", stamp((0, step))), full=True)
    assert not {"\x1b", "\x07", "\x9b"} & set(text)


def test_a_run_as_json_keeps_the_result_and_adds_how_it_came_about():
    summary = fold("trip-1", failed())
    shown, result = run_object(row(), summary), result_object(summary)
    assert {key: shown[key] for key in result if key != "steps"} == {
        key: value for key, value in result.items() if key != "steps"
    }
    for name, step in result["steps"].items():
        assert shown["steps"][name] == step | {
            key: shown["steps"][name][key]
            for key in ("started_at", "assistant", "tool_calls", "parts")
        }
    assert shown["inputs"] == {"city": "Paris"}
    assert shown["steps"]["forecast"]["tool_calls"][1]["error"] == "exception"
    json.dumps(shown)


def test_a_run_that_waits_says_what_answers_it():
    waiting = row(status="parked", finished_at=None, questions=("steps/stay/answer",))
    text = run_text(waiting, fold("trip-1", asking()))
    assert text.endswith(
        "\n`stay` asks: How long will you stay?\n"
        "  flowrun runs answer trip-1 stay --value nights=...\n"
        "  flowrun runs answer trip-1 stay --reject\n"
    )
    assert "flowrun runs resume" not in text


def test_of_many_items_those_that_failed_are_told():
    summary = fold("trip-1", summarising())
    text = run_text(row(), summary)
    assert "step   state   took  tokens  calls  items          cost\n" in text
    assert "files  failed  6.0s  1,296          3/3, 1 failed  $0.0125\n" in text
    assert "1,296 tokens, $0.0125\n" in text
    assert "  files[1] failed in 0ms: too long\n" in text
    assert "files[0]" not in text
    assert "… 4 parts more, all with --full" in text
    full = run_text(row(), summary, full=True)
    assert "  files[0] completed in 0ms\n" in full
    assert "  files[1]~1 failed in 0ms: too long\n" in full


def test_a_bounded_number_of_items_is_told():
    story = stamp(
        (0, StepStarted(step="a", items=500)),
        *[(0, StepFinished(step=f"a[{n}]", status="failed", error="no")) for n in range(500)],
    )
    assert len(run_text(row(), fold("r", story)).splitlines()) < 30


def test_one_step_or_one_part_of_it():
    summary = fold("trip-1", summarising())
    assert "files[0]" in step_text(find_step(summary, "files"))
    assert "  one\n" in step_text(find_step(summary, "files[0]"))
    assert find_step(summary, "file") is None
    parts = run_object(row(), summary)["steps"]["files"]["parts"]
    assert list(parts) == ["files[0]", "files[1]", "files[1]~1", "files[2]", "files[1]~2"]


def test_calls_of_a_try_are_told_with_their_step():
    call = ToolCallFinished(
        step="a~1", call_id="c", tool="t", status="completed", output="x", error=None, duration_s=0
    )
    story = stamp((0, StepStarted(step="a")), (0, call), (0, StepStarted(step="a~1")))
    text = run_text(row(), fold("r", story))
    assert "  a~1 running\n    t\n      completed in 0ms: x\n" in text


def test_steps_of_a_sub_flow_stand_under_theirs():
    story = stamp(
        started(),
        (0, StepStarted(step="outer")),
        (0, StepFinished(step="outer/inner", status="completed", usage=USAGE)),
        (0, StepFinished(step="last", status="completed")),
        (0, StepFinished(step="outer", status="completed")),
    )
    text = run_text(row(), fold("r", story, steps=("outer", "last")))
    assert [
        line.split("  completed")[0].rstrip() for line in text.splitlines() if "completed" in line
    ] == [
        "outer",
        "  inner",
        "last",
    ]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (FlowRunParked(reason="waiting until noon", wake_at=BEGAN + 60), "waiting until noon"),
        (FlowRunFinished(status="failed", error="no", hint="look"), "help: look"),
    ],
)
def test_how_it_stands_is_said_first(event, line):
    assert f"\n{line}\n" in run_text(row(), fold("r", stamp(started(), (1, event))))

"""The list of runs, and one run in full."""

import json

import pytest

from flowrun.events.records import StepFinished
from flowrun.views.run_result import fold, result_object
from flowrun.views.runs import RunRow, run_object, run_text, runs_object, runs_text
from tests.support.run_story import BEGAN, DIGEST, failed, parked, stamp


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


def test_a_list_of_runs():
    rows = [
        row(run_id="trip-3", status="running", finished_at=None, alive=True),
        row(run_id="trip-2", status="running", finished_at=None),
        row(error="step `disk` failed:\n\x1b[2J"),
    ]
    assert runs_text(rows, now=BEGAN + 61) == (
        "run     state        started               took    error\n"
        "trip-3  running      2025-11-20 13:35:07Z  1m 01s\n"
        "trip-2  interrupted  2025-11-20 13:35:07Z\n"
        "trip-1  failed       2025-11-20 13:35:07Z  1.1s    step `disk` failed: \\x1b[2J\n"
        "\n"
        "continue one with: flowrun runs resume trip-2\n"
    )


def test_no_runs_is_a_sentence_and_an_empty_list():
    assert runs_text([], now=0.0) == "no runs in this store\n"
    assert runs_object([]) == {"format_version": 1, "runs": []}


def test_the_list_as_json():
    assert runs_object([row()])["runs"] == [
        {
            "run_id": "trip-1",
            "flow": "trip-report",
            "status": "failed",
            "alive": False,
            "plan_digest": DIGEST,
            "started_at": BEGAN,
            "finished_at": BEGAN + 1.1,
            "error": None,
        }
    ]


@pytest.mark.parametrize(
    ("status", "alive", "said", "can_resume"),
    [
        ("running", True, "running", False),
        ("running", False, "interrupted", True),
        ("parked", False, "parked", True),
        ("completed", False, "completed", False),
    ],
)
def test_a_run_that_nobody_runs_is_interrupted(status, alive, said, can_resume):
    one = row(status=status, alive=alive)
    assert (one.said, one.can_resume) == (said, can_resume)


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
        "  error: not run: step `disk` failed\n"
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
            key: shown["steps"][name][key] for key in ("started_at", "assistant", "tool_calls")
        }
    assert shown["inputs"] == {"city": "Paris"}
    assert shown["steps"]["forecast"]["tool_calls"][1]["error"] == "exception"
    json.dumps(shown)

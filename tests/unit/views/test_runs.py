"""The list of runs."""

import pytest

from flowrun.views.runs import RunRow, runs_object, runs_text
from tests.support.run_story import BEGAN, DIGEST


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
        "run     state        started               took    remark\n"
        "trip-3  running      2025-11-20 13:35:07Z  1m 01s\n"
        "trip-2  interrupted  2025-11-20 13:35:07Z\n"
        "trip-1  failed       2025-11-20 13:35:07Z  1.1s    step `disk` failed: \\x1b[2J\n"
        "\n"
        "continue one with: flowrun runs resume trip-2\n"
    )


def test_no_runs_is_a_sentence_and_an_empty_list():
    assert runs_text([], now=0.0) == "no runs\n"
    assert runs_object([]) == {"format_version": 1, "runs": [], "more": 0}


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
            "waiting_for": [],
            "wake_at": None,
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


def test_a_run_that_waits_says_for_what():
    rows = [
        row(run_id="a", status="parked", finished_at=None, questions=("steps/refund/answer",)),
        row(run_id="b", status="parked", finished_at=None, wake_at=BEGAN + 60),
        row(
            run_id="c",
            status="parked",
            finished_at=None,
            questions=tuple(f"steps/files/each[{n}:00ff00ff]/answer" for n in range(9)),
        ),
    ]
    text = runs_text(rows, now=BEGAN)
    assert "waits for refund\n" in text
    assert "until 2025-11-20 13:36:07Z\n" in text
    assert "waits for files[0], files[1], files[2] and 6 more\n" in text
    assert text.endswith(
        "\nsee what one asks: flowrun runs show a\ncontinue one with: flowrun runs resume b\n"
    )
    assert runs_object(rows)["runs"][0]["waiting_for"] == ["refund"]


def test_what_is_left_out_is_counted():
    assert "… 7 runs more, shown with --limit 8\n" in runs_text([row()], now=BEGAN, more=7)
    assert runs_object([row()], more=7)["more"] == 7

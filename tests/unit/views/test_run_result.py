"""What came of a run is told by its events alone, and the result object keeps its promise."""

import io
import json

import jsonschema_rs
import pytest

from flowrun.events.records import FlowRunFinished
from flowrun.views.run_result import result_object, write_outputs
from flowrun.views.run_summary import fold
from flowrun.views.schemas import result_schema
from tests.support.run_story import (
    DIGEST,
    USAGE,
    asking,
    completed,
    failed,
    parked,
    resumed,
    stamp,
    summarising,
)
from tests.support.terminal import Terminal

STORIES = [completed, failed, parked, resumed, asking, summarising]


def test_a_completed_run_becomes_the_promised_object():
    assert result_object(fold("trip-1", completed())) == {
        "format_version": 1,
        "run_id": "trip-1",
        "flow": "trip-report",
        "status": "completed",
        "plan_digest": DIGEST,
        "outputs": {"report": "Mild."},
        "steps": {
            "forecast": {
                "status": "completed",
                "output": "It is mild.",
                "error": None,
                "usage": USAGE,
                "cost_usd": None,
                "items": None,
                "errors": [],
                "thread_id": "thread_1",
                "run_id": "run_1",
                "duration_s": 1.0,
            }
        },
        "usage": USAGE,
        "cost_usd": None,
        "duration_s": 1.1,
        "error": None,
        "questions": [],
        "wake_at": None,
    }


def test_a_failed_run_says_what_failed_and_what_to_do():
    result = result_object(fold("trip-1", failed()))
    assert result["status"] == "failed"
    assert result["error"] == {
        "code": "tool",
        "message": "step `disk` failed: `df` exited with 1",
        "hint": "look at the path",
    }
    assert {name: step["status"] for name, step in result["steps"].items()} == {
        "forecast": "completed",
        "disk": "failed",
        "report": "skipped",
    }
    assert result["steps"]["disk"]["error"] == {
        "code": "tool",
        "message": "`df` exited with 1",
        "hint": None,
    }


def test_a_parked_run_says_how_to_go_on():
    summary = fold("trip-1", parked(), steps=("forecast", "report"))
    result = result_object(summary)
    assert result["status"] == "parked"
    assert result["duration_s"] is None
    assert result["error"] == {
        "code": "parked",
        "message": "interrupted",
        "hint": "flowrun runs resume trip-1",
    }
    assert [step["status"] for step in result["steps"].values()] == ["running", "pending"]


@pytest.mark.parametrize("story", STORIES)
def test_every_result_keeps_to_its_schema_at_any_moment(story):
    promise = jsonschema_rs.validator_for(result_schema())
    for end in range(len(story()) + 1):
        result = result_object(fold("trip-1", story()[:end], steps=("forecast", "last")))
        promise.validate(json.loads(json.dumps(result)))


def outputs_as(stream, **outputs):
    story = stamp((0, FlowRunFinished(status="completed", outputs=outputs)))
    write_outputs(fold("trip-1", story), stream)
    return stream.getvalue()


def test_a_single_output_is_its_text():
    assert outputs_as(io.StringIO(), report="one\ntwo") == "one\ntwo\n"
    assert outputs_as(io.StringIO(), report="one\n") == "one\n"


def test_several_outputs_stand_under_their_names():
    assert outputs_as(io.StringIO(), a="one\n", b={"x": 1}) == 'a:\none\n\nb:\n{\n  "x": 1\n}\n'


def test_no_output_writes_nothing():
    assert outputs_as(io.StringIO()) == ""


def test_a_file_is_given_the_very_text_and_a_terminal_a_harmless_one():
    assert outputs_as(io.StringIO(), a="\x1b[2J") == "\x1b[2J\n"
    assert outputs_as(Terminal(), a="\x1b[2J") == "\\x1b[2J\n"


def test_a_run_that_waits_says_what_it_asks_and_what_answers_it():
    result = result_object(fold("trip-1", asking()), "own folder")
    assert result["status"] == "parked"
    [one] = result["questions"]
    assert (one["step"], one["kind"], one["schema"]["required"]) == ("stay", "form", ["nights"])
    assert one["commands"] == [
        "flowrun runs answer trip-1 stay --value nights=... --project 'own folder'",
        "flowrun runs answer trip-1 stay --reject --project 'own folder'",
    ]


def test_of_many_items_there_are_numbers_and_those_that_failed():
    step = result_object(fold("trip-1", summarising()))["steps"]["files"]
    assert step["items"] == {"total": 3, "completed": 2, "failed": 1}
    assert step["errors"] == [{"index": 1, "error": "too long", "code": "incomplete"}]
    assert step["output"] == ["one", None, "three"]

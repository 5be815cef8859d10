"""What came of a run is told by its events alone, and the result object keeps its promise."""

import io
import json

import jsonschema_rs
import pytest

from flowrun.events.records import FlowRunFinished, StepFinished, StepStarted
from flowrun.events.stamped import TRANSIENT
from flowrun.views.run_result import CallSummary, fold, result_object, write_outputs
from flowrun.views.schemas import result_schema
from tests.support.run_story import (
    DIGEST,
    USAGE,
    completed,
    disk_fails,
    failed,
    parked,
    resumed,
    stamp,
    started,
)
from tests.support.terminal import Terminal


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
                "thread_id": "thread_1",
                "run_id": "run_1",
                "duration_s": 1.0,
            }
        },
        "usage": USAGE,
        "duration_s": 1.1,
        "error": None,
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


def test_a_resumed_run_forgets_that_it_was_parked():
    summary = fold("trip-1", resumed())
    assert (summary.status, summary.error, summary.entries) == ("completed", None, 2)
    assert [call.status for call in summary.steps[0].calls] == ["completed", "failed"]


def test_steps_stand_in_plan_order_and_unplanned_ones_after_them():
    summary = fold("trip-1", failed(), steps=("report", "disk"))
    assert [step.name for step in summary.steps] == ["report", "disk", "forecast"]


@pytest.mark.parametrize("story", [completed, failed, parked, resumed])
def test_transient_events_change_nothing(story):
    kept = [item for item in story() if type(item.event) not in TRANSIENT]
    assert fold("trip-1", kept) == fold("trip-1", story())


@pytest.mark.parametrize("story", [completed, failed, parked, resumed])
def test_every_result_keeps_to_its_schema_at_any_moment(story):
    promise = jsonschema_rs.validator_for(result_schema())
    for end in range(len(story()) + 1):
        result = result_object(fold("trip-1", story()[:end], steps=("forecast", "last")))
        promise.validate(json.loads(json.dumps(result)))


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

"""Schemas of what flowrun prints, held to what it prints; all of them as files."""

import json

import jsonschema_rs
import pytest

from flowrun.events import records
from flowrun.events.codec import ENVELOPE_KEYS, EVENT_CLASSES, envelope, event_type
from flowrun.events.stamped import TRANSIENT, StampedEvent
from flowrun.views.run_result import result_object
from flowrun.views.run_summary import fold
from flowrun.views.schemas import all_schemas, event_schema, result_schema, write_schemas
from tests.support.repository import ROOT

STORY = (
    records.FlowRunStarted(flow="trip", plan_digest="ab", inputs={"city": "Paris"}),
    records.FlowRunResumed(entry=2),
    records.StepStarted(step="ask"),
    records.AssistantRunStarted(step="ask", assistant="g", thread_id="t", run_id="r"),
    records.MessageDelta(step="ask", text="It"),
    records.ToolCallsRequested(
        step="ask",
        run_id="r",
        round=1,
        calls=(records.ToolCallRequest(id="c", tool="weather", arguments="{}"),),
    ),
    records.ToolCallStarted(step="ask", call_id="c", tool="weather"),
    records.ToolCallFinished(
        step="ask",
        call_id="c",
        tool="weather",
        status="failed",
        output="no",
        error="timeout",
        duration_s=0.5,
    ),
    records.ToolOutputsSubmitted(step="ask", run_id="r", round=1, call_ids=("c",)),
    records.StepFinished(
        step="ask",
        status="completed",
        output={"a": [1, None]},
        messages=("It is.",),
        tool_calls=({"id": "c", "name": "weather"},),
        usage={"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    ),
    records.StepRetrying(step="ask", attempt=1, error="busy", error_code="endpoint", retry_at=1.5),
    records.QuestionAsked(
        step="stay",
        question="steps/stay/answer",
        kind="form",
        message="How long?",
        schema={"type": "object"},
        expires_at=2.5,
    ),
    records.QuestionAnswered(
        step="stay", question="steps/stay/answer", decision="answered", value={"nights": 2}
    ),
    records.FlowRunParked(reason="interrupted", questions=("steps/stay/answer",), wake_at=3.5),
    records.FlowRunCancelling(by="ann"),
    records.FlowRunFinished(status="completed", outputs={"report": "Mild"}, duration_s=1.5),
)


def seq_of(event: records.Event) -> int | None:
    return None if type(event) in TRANSIENT else 7


def test_every_kind_of_event_is_in_the_story():
    assert {type(one) for one in STORY} == set(EVENT_CLASSES.values())


@pytest.mark.parametrize("event", STORY, ids=lambda one: event_type(type(one)))
def test_an_event_is_as_its_schema_says(event):
    validator = jsonschema_rs.Draft7Validator(event_schema())
    line = json.loads(envelope(event, seq=seq_of(event), at=1.5, run_id="trip-1"))
    assert [str(one) for one in validator.iter_errors(line)] == []
    for key in line:
        assert not validator.is_valid({name: one for name, one in line.items() if name != key}), key
    assert validator.is_valid({**line, "of_a_later_version": 1})


def test_kept_events_are_numbered_and_shown_ones_are_not():
    definitions = event_schema()["definitions"]
    for kind in EVENT_CLASSES.values():
        expected = "null" if kind in TRANSIENT else "integer"
        assert definitions[kind.__name__]["properties"]["seq"]["type"] == expected
        assert [*definitions[kind.__name__]["properties"]][: len(ENVELOPE_KEYS)] == [*ENVELOPE_KEYS]


def test_the_words_under_the_fields_are_taken_over():
    arguments = event_schema()["definitions"]["ToolCallRequest"]["properties"]["arguments"]
    assert arguments["markdownDescription"] == "As the model wrote them."


@pytest.mark.parametrize("length", [0, 3, len(STORY) - 1, len(STORY)])
def test_a_result_is_as_its_schema_says_however_far_the_run_is(length):
    stamped = [StampedEvent(one, seq_of(one), 1.0) for one in STORY[:length]]
    result = result_object(fold("trip-1", stamped, steps=("ask", "later")))
    validator = jsonschema_rs.Draft7Validator(result_schema())
    plain = json.loads(json.dumps(result, default=dict))
    assert [str(one) for one in validator.iter_errors(plain)] == []
    for key in plain:
        assert not validator.is_valid({name: one for name, one in plain.items() if name != key})
    assert not validator.is_valid({**plain, "extra": 1})


def test_schemas_are_drawn_up_the_same_every_time_and_are_sound():
    assert all_schemas() == all_schemas()
    assert list(all_schemas()) == ["event", "export", "flow", "project", "replies", "result"]
    for text in all_schemas().values():
        jsonschema_rs.meta.validate(json.loads(text))
        assert text.endswith("}\n")


def test_the_files_in_the_repository_are_fresh():
    for name, text in all_schemas().items():
        assert (ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8") == text, name


def test_schemas_can_be_written_anywhere(tmp_path):
    write_schemas(tmp_path / "deep" / "schemas")
    written = {one.name for one in (tmp_path / "deep" / "schemas").iterdir()}
    assert written == {f"{name}.schema.json" for name in all_schemas()}

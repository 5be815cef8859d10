"""Every event survives its text, and a text that is no event is refused."""

import json
from dataclasses import fields

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.events.codec import (
    ENVELOPE_KEYS,
    EVENT_CLASSES,
    UnreadableEvent,
    decode_event,
    encode_event,
    envelope,
    wrap_encoded,
)
from flowrun.events.records import (
    FlowRunFinished,
    FlowRunResumed,
    MessageDelta,
    StepFinished,
    ToolCallRequest,
    ToolCallsRequested,
)
from flowrun.views.schemas import event_schema
from tests.support.run_story import completed, failed, parked, resumed

TEXT = st.text(max_size=20)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=3)
FIELD = {
    "inputs": OBJECT,
    "outputs": OBJECT,
    "entry": st.integers(1, 99),
    "round": st.integers(0, 99),
    "calls": st.lists(
        st.builds(ToolCallRequest, id=TEXT, tool=TEXT, arguments=TEXT), max_size=3
    ).map(tuple),
    "call_ids": st.lists(TEXT, max_size=3).map(tuple),
    "messages": st.lists(TEXT, max_size=3).map(tuple),
    "questions": st.lists(TEXT, max_size=3).map(tuple),
    "errors": st.lists(OBJECT, max_size=3).map(tuple),
    "tool_calls": st.lists(OBJECT, max_size=3).map(tuple),
    "usage": st.none() | OBJECT,
    "output": JSON,
    "duration_s": NUMBER,
}


def event_of(kind):
    return st.builds(kind, **{one.name: FIELD.get(one.name, TEXT) for one in fields(kind)})


@pytest.mark.parametrize("name", EVENT_CLASSES)
def test_every_event_survives_its_text(name):
    @settings(max_examples=30, deadline=None, database=None)
    @given(event_of(EVENT_CLASSES[name]))
    def survives(event):
        text = encode_event(event)
        assert "\n" not in text
        assert decode_event(text) == event
        assert json.loads(text)["type"] == name

    survives()


def test_no_event_has_a_field_of_the_envelopes_name():
    taken = {one.name for kind in EVENT_CLASSES.values() for one in fields(kind)}
    assert taken.isdisjoint({*ENVELOPE_KEYS, "type"})


def test_names_are_the_class_names_in_snake_case():
    assert list(EVENT_CLASSES)[:4] == [
        "flow_run_started",
        "flow_run_resumed",
        "step_started",
        "step_retrying",
    ]


def test_a_body_says_every_field():
    text = encode_event(StepFinished(step="a", status="skipped"))
    assert set(json.loads(text)) == {"type", *(one.name for one in fields(StepFinished))}


def test_an_envelope_stands_in_front_of_the_body():
    event = ToolCallsRequested(
        step="a", run_id="run_1", round=0, calls=(ToolCallRequest(id="c", tool="t", arguments=""),)
    )
    line = envelope(event, seq=3, at=1700000000.1234567, run_id="trip-1")
    assert json.loads(line) == {
        "v": 1,
        "seq": 3,
        "at": 1700000000.123457,
        "flow_run_id": "trip-1",
        "type": "tool_calls_requested",
        "step": "a",
        "run_id": "run_1",
        "round": 0,
        "calls": [{"id": "c", "tool": "t", "arguments": ""}],
    }
    assert line == wrap_encoded(encode_event(event), seq=3, at=1700000000.1234567, run_id="trip-1")


def test_a_transient_event_has_no_number():
    line = envelope(MessageDelta(step="a", text="x"), seq=None, at=1.0, run_id="r")
    assert json.loads(line)["seq"] is None


def test_text_is_kept_readable_and_half_surrogates_are_escaped():
    assert "Zürich 東京" in encode_event(MessageDelta(step="a", text="Zürich 東京"))
    broken = MessageDelta(step="a", text="ü\ud83d")
    assert decode_event(encode_event(broken).encode().decode()) == broken


def test_absent_fields_take_their_default():
    assert decode_event('{"type":"step_finished","step":"a","status":"failed"}') == StepFinished(
        step="a", status="failed"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected an event as JSON"),
        ("[1]", "JSON object"),
        ('{"step":"a"}', "expected the `type` of an event"),
        ('{"type":"step_exploded"}', "found `step_exploded`"),
        ('{"type":["x"]}', "expected the `type`"),
        ('{"type":"step_started"}', "expected the fields of `step_started`"),
        ('{"type":"step_started","step":"a","more":1}', "more"),
        ('{"type":"tool_calls_requested","step":"a","run_id":"r","round":0,"calls":[3]}', "fields"),
        ('{"type":"step_finished","step":"a","status":"failed","messages":3}', "fields"),
    ],
)
def test_what_is_no_event_is_refused(text, said):
    with pytest.raises(UnreadableEvent, match=r".") as caught:
        decode_event(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises((ValueError, TypeError), match="JSON"):
        encode_event(FlowRunFinished(status="completed", outputs={"a": value}))


def test_read_only_mappings_are_written_as_objects():
    from types import MappingProxyType

    event = FlowRunFinished(status="completed", outputs=MappingProxyType({"a": 1}))
    assert json.loads(encode_event(event))["outputs"] == {"a": 1}


def test_an_event_of_one_field_survives():
    assert decode_event(encode_event(FlowRunResumed(entry=2))) == FlowRunResumed(entry=2)


@pytest.mark.parametrize("story", [completed, failed, parked, resumed])
def test_every_line_keeps_to_its_schema(story):
    promise = jsonschema_rs.validator_for(event_schema())
    for item in story():
        line = envelope(item.event, seq=item.seq, at=item.at, run_id="trip-1")
        promise.validate(json.loads(line))

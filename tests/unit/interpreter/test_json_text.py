"""JSON as models write it: what is read can be kept, validated and said again."""

import json

import pytest

from flowrun.events.codec import decode_event, encode_event
from flowrun.events.records import StepFinished
from flowrun.interpreter.json_text import DEPTH, read_json


def nested(depth, opening="[", closing="]"):
    return opening * depth + closing * depth


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        ('{"a": [1, null, true, "x"]}', {"a": [1, None, True, "x"]}),
        ('"\\ud83d\\ude00 \u00fc"', "\U0001f600 \u00fc"),
        ("1e300", 1e300),
        (str(10**400), 10**400),
        ("[" + "[]," * 500 + "[]]", [[]] * 501),
    ],
)
def test_json_is_read(text, value):
    assert read_json(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("sunny", "Expecting value"),
        ("{'a': 1}", "property name"),
        ('{"a": 1} and more', "Extra data"),
        ("NaN", "`NaN` is not a JSON value"),
        ('{"a": [-Infinity]}', "`-Infinity` is not a JSON value"),
        ("1e999", "the number `1e999` is too large"),
        ("-1e999", "too large"),
        ("9" * 5000, "digits"),
        ('"\\ud800"', "half a character"),
        ('{"\\udc00": 1}', "half a character"),
        ('"\ud800"', "half a character"),
        (nested(DEPTH + 1), f"nested deeper than {DEPTH} levels"),
        ('{"a":' * DEPTH + "[7]" + "}" * DEPTH, "nested deeper"),
        (nested(900), "nested deeper"),
        (nested(200_000), "nested deeper"),
        ("[" * 200_000, "nested deeper"),
    ],
)
def test_what_could_not_be_kept_is_refused_in_words(text, said):
    with pytest.raises(ValueError, match=said) as refusal:
        read_json(text)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    "text",
    [nested(DEPTH), '{"a":' * DEPTH + "7" + "}" * DEPTH, "1.7976931348623157e308", str(10**4000)],
)
def test_what_is_read_can_be_kept_as_a_result(text):
    result = StepFinished(step="a", status="completed", output={"deep": read_json(text)})
    assert decode_event(encode_event(result)) == result


def test_a_long_flat_text_costs_one_look():
    text = json.dumps([{"a": [number]} for number in range(20_000)])
    assert len(read_json(text)) == 20_000

"""Answers held to a schema: fences, misfits in words, and what is asked of endpoints."""

import json

import pytest

from flowrun.interpreter.output import Misfit, read_answer, repair_message, response_format

SCORE = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}
ANYTHING = {}


@pytest.mark.parametrize(
    "text",
    [
        '{"score": 7}',
        '  {"score": 7}\n',
        '```json\n{"score": 7}\n```',
        '```JSON\n{"score": 7}```',
        '```\n{"score": 7}\n```\n',
        '```{"score": 7}```',
    ],
)
def test_an_answer_is_read_with_or_without_its_fence(text):
    assert read_answer(text, SCORE) == {"score": 7}


@pytest.mark.parametrize("text", ['"```"', '"a ``` b"', "7", "null", "[]", '"json"'])
def test_what_only_looks_like_a_fence_is_left_alone(text):
    assert read_answer(text, ANYTHING) == json.loads(text)


@pytest.mark.parametrize("text", ["", "```", "``````", "`", "```json```", "sunny", "{'score': 7}"])
def test_text_that_is_no_json_is_a_misfit(text):
    misfit = read_answer(text, SCORE)
    assert isinstance(misfit, Misfit)
    assert misfit.problem.startswith("expected JSON, found text that is not: ")


@pytest.mark.parametrize(
    "text", ["NaN", '{"score": Infinity}', '{"score": 1e999}', '"\\ud800"', "[" * 100_000]
)
def test_what_json_cannot_say_is_a_misfit_and_no_breakdown(text):
    assert isinstance(read_answer(text, ANYTHING), Misfit)


def test_a_misfit_names_the_place():
    misfit = read_answer('{"scores": [{"of": 1}, {"of": "x"}]}', {
        "properties": {"scores": {"items": {"properties": {"of": {"type": "integer"}}}}}
    })  # fmt: skip
    assert misfit == Misfit('at `/scores/1/of`: "x" is not of type "integer"')


def test_a_missing_field_is_named():
    misfit = read_answer("{}", SCORE)
    assert isinstance(misfit, Misfit)
    assert misfit.problem == 'at `/`: "score" is a required property'


def test_of_very_many_problems_a_few_are_told_briefly():
    """A huge answer must not come back whole in the repair message and the step's error."""
    rows = ", ".join('{"text": "' + "x" * 5_000 + '"}' for _ in range(200))
    misfit = read_answer(f"[{rows}]", {"items": SCORE})
    assert isinstance(misfit, Misfit)
    assert misfit.problem.count("at `/") == 3
    assert len(misfit.problem) < 1_500
    whole = read_answer(f"[{rows}]", {"type": "object"})
    assert isinstance(whole, Misfit)
    assert whole.problem.endswith('is not of type "object"')
    assert len(whole.problem) < 500


def test_the_model_is_told_what_is_wrong_and_what_to_do():
    said = repair_message(Misfit("at `/score`: it is a text"))
    assert "at `/score`: it is a text." in said
    assert said.endswith("nothing else.")


STRICT = {
    "type": "object",
    "properties": {"a": {"type": "array", "items": {"type": "string"}}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (STRICT, True),
        ({**STRICT, "required": ("a",)}, True),
        ({**STRICT, "required": []}, False),
        ({**STRICT, "additionalProperties": True}, False),
        (SCORE, False),
        ({"type": "array", "items": STRICT}, True),
        ({"type": "array", "items": SCORE}, False),
        ({"anyOf": [STRICT, SCORE]}, False),
        ({"anyOf": (STRICT, SCORE)}, False),
        ({"type": "object", "additionalProperties": False}, True),
        ({"$defs": {"one": SCORE}, **STRICT}, False),
        ({"type": "string"}, True),
    ],
)
def test_strictness_is_asked_for_where_strict_endpoints_accept_the_schema(schema, strict):
    asked = response_format("review", schema)
    assert asked["type"] == "json_schema"
    assert asked["json_schema"] == {"name": "review", "schema": schema, "strict": strict}


def test_a_long_name_is_cut_to_what_endpoints_accept():
    assert len(response_format("s" * 80, STRICT)["json_schema"]["name"]) == 64

"""What is said of a value that does not fit."""

import pytest

from flowrun.app.input_wording import SHOWN_MAX, first_complaint, shown

PERSON = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "age": {"type": ["integer", "null"]}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"type": "integer", "minimum": 1.0}, 0, "`days`: expected at least `1`, found `0`"),
        ({"type": "number", "maximum": 1.5}, 2, "`days`: expected at most `1.5`, found `2`"),
        ({"exclusiveMinimum": 0}, 0, "`days`: expected more than `0`, found `0`"),
        ({"exclusiveMaximum": 9}, 9, "`days`: expected less than `9`, found `9`"),
        ({"enum": ["a", "b", 1]}, "c", "`days`: expected `a`, `b` or `1`, found `c`"),
        ({"enum": ["a"]}, "", '`days`: expected `a`, found `""`'),
        ({"minLength": 2}, "a", "`days`: expected at least 2 characters, found `a`"),
        ({"maxLength": 1}, "ab", "`days`: expected at most 1 character, found `ab`"),
        ({"minItems": 1}, [], "`days`: expected at least 1 item, found `[]`"),
        ({"maxItems": 1}, [1, 2], "`days`: expected at most 1 item, found `[1, 2]`"),
        ({"pattern": "^a"}, "b", "`days`: expected a text that matches `^a`, found `b`"),
        ({"type": "string"}, 3, "`days`: expected a text, found `3`"),
        ({"type": "array"}, {}, "`days`: expected a JSON array, found `{}`"),
        (
            {"type": "array", "items": {"type": "integer"}},
            [1, True],
            "`days[1]`: expected an integer, found `true`",
        ),
        (PERSON, {}, "`days.name` is required"),
        (PERSON, {"name": "a", "x": 1}, "`days` has unknown keys: `x`"),
        (
            PERSON,
            {"name": "a", "age": "b"},
            "`days.age`: expected an integer or `null`, found `b`",
        ),
        ({"multipleOf": 2}, 3, "`days`: 3 is not a multiple of 2"),
    ],
)
def test_each_keyword_has_its_words(schema, value, said):
    assert first_complaint("days", schema, value) == f"input {said}"


def test_nothing_is_said_of_what_fits():
    assert first_complaint("person", PERSON, {"name": "Ada", "age": None}) is None


def test_a_long_value_is_cut():
    assert len(shown("x" * 1000)) == SHOWN_MAX + 3
    assert shown([1] * 1000).endswith("…`")

"""Arguments are held to the schema, and what is said is fit for a model."""

from types import MappingProxyType

import pytest

from flowrun.tools.arguments import ArgumentSchema, CannotLoad, DoesNotFit
from tests.support.tool_runs import arguments


def refusal(schema, given):
    with pytest.raises(DoesNotFit) as caught:
        ArgumentSchema(schema).complete(given)
    return str(caught.value)


def test_defaults_are_filled_in_unless_left_to_the_function():
    schema = ArgumentSchema(arguments(a={"type": "integer"}, b={"default": 2}, c={"default": 3}))
    assert schema.complete({"a": 1, "c": 9}) == {"a": 1, "b": 2, "c": 9}
    schema.leave_defaults_of(frozenset({"b"}))
    assert schema.complete({"a": 1}) == {"a": 1, "c": 3}


@pytest.mark.parametrize(
    ("schema", "given", "said"),
    [
        (arguments(a={"type": "integer"}), {}, "argument `a` is required"),
        (
            arguments(a={"type": "integer"}),
            {"a": "1"},
            'argument `a`: expected integer, found `"1"`',
        ),
        (
            arguments(a={"type": ["null", "integer"]}),
            {"a": "x"},
            'argument `a`: expected integer or null, found `"x"`',
        ),
        (
            arguments(u={"enum": ["c", "f"]}),
            {"u": "k"},
            'argument `u`: expected one of `"c"`, `"f"`, found `"k"`',
        ),
        (arguments(u={"const": 1}), {"u": 2}, "argument `u`: expected `1`, found `2`"),
        (
            arguments(u={"type": "string", "pattern": "^a"}),
            {"u": "b"},
            'argument `u`: expected text that matches `"^a"`, found `"b"`',
        ),
        (
            arguments(u={"anyOf": [{"type": "integer"}, {"enum": ["x"]}, {"const": 5.5}]}),
            {"u": "b"},
            'argument `u`: expected integer or one of `"x"` or `5.5`, found `"b"`',
        ),
        (
            arguments(n={"type": "object", "required": ["q"]}),
            {"n": {}},
            "argument `n.q` is required",
        ),
        (
            arguments(n={"type": "array", "items": {"type": "integer"}}),
            {"n": [1, True]},
            "argument `n[1]`: expected integer, found `true`",
        ),
        (
            arguments(n={"type": "integer", "minimum": 3}),
            {"n": 1},
            "argument `n`: 1 is less than the minimum of 3",
        ),
        (
            arguments(a={"type": "integer"}) | {"additionalProperties": False},
            {"a": 1, "z": 1},
            "argument `z` is not known (known: `a`)",
        ),
    ],
)
def test_a_complaint_names_the_argument_and_what_is_expected(schema, given, said):
    assert refusal(schema, given) == said


def test_all_complaints_are_made_but_not_too_many():
    schema = arguments(**{f"a{number}": {"type": "integer"} for number in range(7)})
    said = refusal(schema, {})
    assert said.count("is required") == 5
    assert said.endswith("; and 2 more")


def test_a_long_value_is_not_repeated_whole():
    assert len(refusal(arguments(a={"type": "integer"}), {"a": "x" * 5000})) < 300


def test_json_in_other_types_is_taken():
    schema = ArgumentSchema(arguments(a={"type": "object"}))
    assert schema.complete({"a": MappingProxyType({"b": (1,)})}) == {"a": {"b": [1]}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "obj"},
        {"properties": {"a": {"type": "string", "pattern": "("}}},
        {"$ref": "http://127.0.0.1:9/elsewhere.json"},
        {"$ref": "file:///etc/passwd"},
    ],
)
def test_what_is_no_schema_or_lies_elsewhere_cannot_be_loaded(schema):
    with pytest.raises(CannotLoad, match="`parameters` is not a JSON Schema"):
        ArgumentSchema(schema)


@pytest.mark.parametrize("given", [{"a": "\ud83d"}, {"\ud83d": 1}])
def test_half_a_character_is_refused_in_words(given):
    said = "the arguments are not valid Unicode text"
    schema = {**arguments(a={"type": "number"}), "additionalProperties": False}
    assert refusal(schema, given) == said


def test_nesting_without_end_is_refused_in_words():
    nested: list[object] = []
    for _ in range(5000):
        nested = [nested]
    said = "the arguments are nested too deeply, or are not JSON"
    assert refusal(arguments(a={"type": "number"}), {"a": nested}) == said


def test_whether_others_than_the_declared_arguments_are_taken():
    assert not ArgumentSchema(arguments(a={})).is_closed
    assert ArgumentSchema({"type": "object", "additionalProperties": False}).is_closed

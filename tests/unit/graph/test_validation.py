"""Schemas and values against the library that also runs them."""

import pytest

from flowrun.graph.validation import misfits, refusals


@pytest.mark.parametrize(
    ("schema", "path", "said"),
    [
        ({"properties": {"a": {"minimum": "x"}}}, ("properties", "a", "minimum"), "not of type"),
        ({"pattern": "("}, ("pattern",), "must be a regular expression"),
        ({"pattern": r"a\Z"}, ("pattern",), "must be a regular expression"),
        ({"$schema": "https://example.org/none"}, ("$schema",), "must name a draft"),
        ({"minLength": -1}, ("minLength",), "less than the minimum"),
    ],
)
def test_what_is_no_schema_is_found_where_it_stands(schema, path, said):
    (one,) = refusals(schema)
    assert one.path == path
    assert said in one.message
    assert not one.message.endswith(".")


def test_all_mistakes_are_found():
    assert len(list(refusals({"minLength": -1, "maxLength": "x", "pattern": "("}))) == 3


def test_what_others_tell_of_is_not_told():
    assert not list(refusals({"type": "strin", "tpye": "x", "$ref": "https://example.org/x"}))


def test_nothing_is_fetched():
    assert not list(misfits({"$ref": "https://example.org/x"}, {}, 1))


def test_a_value_is_told_where_it_does_not_fit():
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "p": {"$ref": "#/$defs/p"}},
        "required": ["m"],
        "additionalProperties": False,
    }
    root = {"$defs": {"p": {"type": "string"}}}
    found = {(one.path, one.names) for one in misfits(schema, root, {"n": "x", "p": 1, "z": 1})}
    assert found == {(("n",), ()), (("p",), ()), ((), ("m",)), ((), ("z",))}


def test_long_values_are_cut():
    (one,) = misfits({"type": "integer"}, {}, "word " * 1000)
    assert len(one.message) < 200

"""The schemas inside a schema."""

import pytest

from flowrun.graph.subschemas import is_plain, own_subschemas, subschemas


def test_every_schema_inside_is_found_and_no_value():
    schema = {
        "properties": {"type": {"enum": [{"a": 1}]}},
        "anyOf": [{"items": {}}, True],
        "default": {"properties": {}},
    }
    assert [path for path, _ in subschemas(schema)] == [
        (),
        ("properties", "type"),
        ("anyOf", 0),
        ("anyOf", 0, "items"),
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"enum": [1]},
        True,
    ],
)
def test_a_simple_schema_needs_no_library(schema):
    assert is_plain(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"minimum": 1},
        {"tpye": "string"},
        {"properties": {"a": {}}, "required": ["b"]},
        {"enum": []},
        [],
    ],
)
def test_anything_else_is_looked_at(schema):
    assert not is_plain(schema)


def test_a_part_of_a_choice_does_not_name_all_properties():
    schema = {"properties": {"a": {}}, "anyOf": [{"properties": {}, "required": ["a"]}]}
    assert [path for path, _ in own_subschemas(schema)] == [("properties", "a")]
    assert [path for path, _ in own_subschemas({"items": {"properties": {}}})] == [(), ("items",)]

"""JSON Schemas in flows."""

import pytest

from flowrun.graph.check_schemas import is_plain, subschemas
from tests.support.flows import check_body


def lines(schema):
    steps = "steps: {a: {assistant: j, message: Hi}}\n"
    return check_body(f"assistants: {{j: {{model: m, output: {schema}}}}}\n{steps}").lines


@pytest.mark.parametrize(
    "schema",
    [
        "{}",
        "{type: object, properties: {a: {type: string, description: x}}, required: [a]}",
        "{type: array, items: {type: integer, minimum: 0}}",
        "{anyOf: [{type: string}, {type: 'null'}]}",
        "{$ref: '#/$defs/a', $defs: {a: {type: string}}}",
        "{type: object, properties: {type: {type: string}, default: {type: string}}}",
        "{enum: [strng], default: {type: strng}}",
        "{type: [string, 'null'], pattern: '^a'}",
    ],
)
def test_schemas(schema):
    assert not lines(schema)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("{type: strng}", "found `strng` | did you mean `string`?"),
        ("{type: object, properties: {default: {type: strng}}}", "found `strng`"),
        ("{anyOf: [{type: strng}]}", "found `strng`"),
        ("{minimum: low}", "`minimum` is not valid in a JSON Schema"),
        ("{properties: [a]}", "`properties` is not valid"),
        ("{required: [a, a]}", "`required` is not valid"),
        ("{$ref: 'https://example.com/x'}", "must point into its own schema"),
        ("{items: {$ref: '#/$defs/x'}}", "points at nothing"),
    ],
)
def test_what_is_no_schema(schema, said):
    (one,) = lines(schema)
    assert " schema/invalid " in one
    assert said in one


def test_every_fault_of_a_schema_is_reported():
    found = lines("{type: strng, minimum: low, maxLength: -1, items: {minLength: x}}")
    assert len(found) == 4


def test_plain_schemas_are_known_without_the_library():
    assert is_plain({"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}})
    assert is_plain(True)
    for one in (
        {"type": "strng"},
        {"minimum": 1},
        {"$ref": "#"},
        {"required": ["a", "a"]},
        {"items": {"pattern": "x"}},
        {"enum": []},
        5,
    ):
        assert not is_plain(one)


def test_values_are_not_schemas():
    schema = {"default": {"type": "x"}, "properties": {"enum": {"type": "string"}}, "enum": [{}]}
    assert [path for path, _ in subschemas(schema)] == [(), ("properties", "enum")]

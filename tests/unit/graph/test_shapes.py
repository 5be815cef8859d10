"""What a schema says of a path."""

import pytest

from flowrun.graph.shapes import Lacking, look_up, pointed_at, type_of, types_of, words_for

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "object", "properties": {"x": {}}}},
        "boss": {"$ref": "#"},
        "home": {"anyOf": [{"$ref": "#/$defs/home"}, {"type": "null"}]},
        "free": {"type": "object"},
        "open": {"type": "object", "properties": {"a": {}}, "additionalProperties": True},
        "ints": {"type": "object", "properties": {}, "additionalProperties": {"type": "integer"}},
        "both": {"allOf": [{"properties": {"a": {}}}]},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}]},
        "maybe": {"type": ["object", "null"], "properties": {"a": {"type": "string"}}},
        "shut": {"type": "object", "additionalProperties": False},
        "loop": {"$ref": "#/$defs/loop"},
    },
    "$defs": {
        "home": {"type": "object", "properties": {"city": {"type": "string"}}},
        "loop": {"$ref": "#/$defs/loop"},
    },
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), PERSON),
        (("name",), {"type": "string"}),
        (("tags", 0, "x"), {}),
        (("boss", "boss", "name"), {"type": "string"}),
        (("home", "city"), {"type": "string"}),
        (("free", "anything", 3), None),
        (("open", "b"), None),
        (("ints", "b"), {"type": "integer"}),
        (("both", "b"), None),
        (("pair", 5), None),
        (("name", 0), {"type": "string"}),
        (("maybe", "a"), {"type": "string"}),
        (("loop", "a"), None),
    ],
)
def test_what_can_be_there(path, expected):
    assert look_up(PERSON, path) == expected


@pytest.mark.parametrize(
    ("path", "depth", "kind"),
    [
        (("nme",), 0, "an object"),
        (("name", "x"), 1, "a text"),
        (("tags", "x"), 1, "a list"),
        (("tags", 0, "y"), 2, "an object"),
        (("boss", "nme"), 1, "an object"),
        (("home", "citty"), 1, "an object"),
        (("ints", "b", "c"), 2, "a whole number"),
        (("free", 0), 1, "an object"),
        (("maybe", "b"), 1, "an object"),
        (("shut", "b"), 1, "an object"),
    ],
)
def test_what_cannot(path, depth, kind):
    found = look_up(PERSON, path)
    assert isinstance(found, Lacking)
    assert (found.depth, found.kind) == (depth, kind)


def test_types():
    assert types_of({}) is None
    assert types_of({"type": "string"}) == {"string"}
    assert types_of({"type": ["string", "null"]}) == {"string", "null"}
    assert types_of({"anyOf": [{"type": "string"}, {"type": "null"}]}) == {"string", "null"}
    assert types_of({"anyOf": [{"type": "string"}, {}]}) is None
    assert types_of({"enum": ["a", 1]}) == {"string", "integer"}
    assert types_of({"const": None}) == {"null"}
    values = [None, True, 1, 1.0, 1.5, "a", {}, []]
    assert [type_of(one) for one in values] == [
        *("null", "boolean", "integer", "integer", "number", "string", "object", "array")
    ]
    assert words_for(frozenset({"string", "null"})) == "null or a text"


def test_pointers():
    schema = {"$defs": {"a/b": [{"x": 1}]}}
    assert pointed_at(schema, "#/$defs/a~1b/0/x") == 1
    assert pointed_at(schema, "#") is schema
    assert pointed_at(schema, "#/$defs/none") is None
    assert pointed_at(schema, "#/$defs/a~1b/7") is None
    assert pointed_at(schema, "#/$defs/a~1b/²") is None
    assert pointed_at(schema, "#/$defs/a~1b/" + "9" * 5000) is None
    assert pointed_at(schema, "https://example.com") is None


def test_a_schema_that_is_an_alternative_of_itself_is_looked_into_once():
    inner = {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}, {"type": "string"}]}
    schema = {"$ref": "#/$defs/a", "$defs": {"a": inner}}
    found = look_up(schema, ("x", "y"))
    assert isinstance(found, Lacking)
    assert found.kind == "a text"
    alone = {"$ref": "#/$defs/a", "$defs": {"a": {"oneOf": [{"$ref": "#/$defs/a"}]}}}
    assert look_up(alone, ("x",)) is None


def test_a_tree_is_followed_through_its_alternatives():
    tree = {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]}},
        "additionalProperties": False,
    }
    schema = {"$ref": "#/$defs/tree", "$defs": {"tree": tree}}
    assert look_up(schema, ("next", "next", "next")) == tree["properties"]["next"]
    found = look_up(schema, ("next", "next", "prev"))
    assert isinstance(found, Lacking)
    assert found.depth == 2

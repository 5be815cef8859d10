"""The schemas inside a JSON Schema, and the words that JSON Schema has."""

from collections.abc import Iterator, Mapping, Sequence

from flowrun.ids import JsonObject, JsonValue
from flowrun.spec.spans import DocPath

TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_FREE = frozenset({"description", "title", "default", "const", "examples"})
_ONE = frozenset(
    {
        *("items", "additionalProperties", "additionalItems", "contains", "propertyNames"),
        *("not", "if", "then", "else", "unevaluatedItems", "unevaluatedProperties"),
    }
)
"""Keys whose value is a schema."""
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keys whose value maps names to schemas."""
_LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
"""Keys whose value is a list of schemas."""
_VALUES = frozenset(
    {
        *("type", "enum", "format", "pattern", "minLength", "maxLength", "required"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minItems", "maxItems", "uniqueItems", "minContains", "maxContains"),
        *("minProperties", "maxProperties", "dependentRequired", "dependencies"),
        *("contentEncoding", "contentMediaType", "contentSchema"),
        *("deprecated", "readOnly", "writeOnly"),
        *("$schema", "$id", "$ref", "$anchor", "$comment", "$vocabulary"),
        *("$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor"),
    }
)
KEYWORDS = _FREE | _ONE | _NAMED | _LISTED | _VALUES
"""Every key of JSON Schema from Draft 6 on."""
BOUNDS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern"),
        *("minItems", "maxItems", "minProperties", "maxProperties"),
    }
)
_OTHERS = frozenset(
    {
        *("allOf", "anyOf", "oneOf", "if", "not", "$ref", "$dynamicRef", "patternProperties"),
        *("additionalProperties", "unevaluatedProperties"),
    }
)
"""Keys that may tell of properties that `properties` does not name."""


def is_plain(schema: JsonValue) -> bool:
    """Tell whether a schema is so simple that it is certainly one; spares loading the library."""
    if isinstance(schema, bool):
        return True
    if not isinstance(schema, Mapping):
        return False
    return all(_is_plain_key(key, value) for key, value in schema.items()) and _names_all(schema)


def _is_plain_key(key: str, value: JsonValue) -> bool:
    match key:
        case "description" | "title":
            return isinstance(value, str)
        case "type":
            return isinstance(value, str) and value in TYPES
        case "properties":
            return isinstance(value, Mapping) and all(is_plain(one) for one in value.values())
        case "items" | "additionalProperties":
            return is_plain(value)
        case "required":
            return isinstance(value, list) and _are_names(value)
        case _:
            return key in _FREE or (key == "enum" and isinstance(value, list) and bool(value))


def _are_names(values: Sequence[JsonValue]) -> bool:
    names = [one for one in values if isinstance(one, str)]
    return len(set(names)) == len(values)


def _names_all(schema: JsonObject) -> bool:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping) or not isinstance(required, list):
        return True
    return all(one in properties for one in required)


def subschemas(schema: JsonValue, path: DocPath = ()) -> Iterator[tuple[DocPath, JsonObject]]:
    """Yield a schema and every schema inside it, with their paths; values are not schemas."""
    if not isinstance(schema, Mapping):
        return
    yield path, schema
    for key, value in schema.items():
        if key in _ONE:
            yield from subschemas(value, (*path, key))
        elif key in _NAMED and isinstance(value, Mapping):
            for name, one in value.items():
                yield from subschemas(one, (*path, key, name))
        elif key in _LISTED and isinstance(value, Sequence) and not isinstance(value, str):
            for number, one in enumerate(value):
                yield from subschemas(one, (*path, key, number))


def own_subschemas(schema: JsonValue) -> Iterator[tuple[DocPath, JsonObject]]:
    """Yield those that alone say which properties their objects have, with their paths."""
    for path, one in subschemas(schema):
        keys = [part for part in path if isinstance(part, str)]
        is_part = any(key in _LISTED or key in {"not", "if", "then", "else"} for key in keys)
        says_more = any(key in one and one[key] is not False for key in _OTHERS)
        if not is_part and not says_more:
            yield path, one

"""Every JSON Schema of a flow is one, and stays within itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from flowrun.graph import parameters
from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.shapes import pointed_at
from flowrun.ids import JsonObject, JsonValue
from flowrun.source.diagnostic import Diagnostic, suggest
from flowrun.spec.spans import DocPath

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_FAULTS_LIMIT = 20
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


def check_schemas(graph: FlowGraph) -> Iterator[Diagnostic]:
    """`output`, `parameters`, `response_format` and inputs hold schemas."""
    for path, schema in _schemas(graph):
        if isinstance(schema, Mapping) and not is_plain(schema):
            yield from _misspelt_types(graph, path, schema)
            yield from _invalid(graph, path, schema)
            yield from _references(graph, path, schema)


def is_plain(schema: JsonValue) -> bool:
    """Tell whether a schema is so simple that it is certainly one; spares loading the library."""
    if isinstance(schema, bool):
        return True
    if not isinstance(schema, Mapping):
        return False
    return all(_is_plain_key(key, value) for key, value in schema.items())


def _is_plain_key(key: str, value: JsonValue) -> bool:
    match key:
        case "description" | "title":
            return isinstance(value, str)
        case "type":
            return isinstance(value, str) and value in _TYPES
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


def _schemas(graph: FlowGraph) -> Iterator[tuple[DocPath, JsonValue]]:
    flow = graph.flow
    for name, declared in flow.inputs.items():
        if declared.items is not None:
            yield ("inputs", name, "items"), declared.items
        for key, schema in (declared.properties or {}).items():
            yield ("inputs", name, "properties", key), schema
    for name, tool in flow.tools.items():
        for path, value in parameters.schema_paths(tool.parameters or {}):
            yield ("tools", name, "parameters", *path), value
    for name, assistant in flow.assistants.items():
        if assistant.output is not None:
            yield ("assistants", name, "output"), assistant.output
        yield from _format_schema(name, assistant.response_format)
    for name, step in flow.steps.items():
        if step.output is not None:
            yield ("steps", name, "output"), step.output


def _format_schema(name: str, written: JsonValue) -> Iterator[tuple[DocPath, JsonValue]]:
    body = written.get("json_schema") if isinstance(written, Mapping) else None
    schema = body.get("schema") if isinstance(body, Mapping) else None
    if schema is not None:
        path: DocPath = ("assistants", name, "response_format", "json_schema", "schema")
        yield path, schema


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


def _misspelt_types(graph: FlowGraph, path: DocPath, schema: JsonValue) -> Iterator[Diagnostic]:
    for below, one in subschemas(schema):
        named = one.get("type")
        if isinstance(named, str) and named not in _TYPES:
            yield Diagnostic(
                code="schema/invalid",
                message=f"expected a type of JSON Schema, found `{named}`",
                span=graph.spans.value((*path, *below, "type")),
                label="not a type",
                hint=suggest(named, _TYPES),
            )


def _invalid(graph: FlowGraph, path: DocPath, schema: JsonValue) -> Iterator[Diagnostic]:
    """Yield what the meta-schema refuses, each time without what it refused before."""
    from jsonschema_rs import ValidationError, meta  # 20 ms, and most flows do without

    rest = cast("dict[str, object]", _plain(schema))  # a mapping, by the caller
    for _, one in subschemas(cast("JsonObject", rest)):
        if isinstance(one.get("type"), str) and one["type"] not in _TYPES:
            cast("dict[str, object]", one).pop("type")  # reported already
    for _ in range(_FAULTS_LIMIT):
        try:
            meta.validate(rest)
        except ValidationError as error:
            below = error.instance_path
            yield _refused(graph, (*path, *below), error.message)
            if not below or not _without(rest, below):
                return
        else:
            return


def _refused(graph: FlowGraph, path: DocPath, message: str) -> Diagnostic:
    return Diagnostic(
        code="schema/invalid",
        message=f"`{path[-1]}` is not valid in a JSON Schema: {_reworded(message)}",
        span=graph.spans.value(path),
        hint="correct it, or remove it",
    )


def _without(schema: object, path: Sequence[str | int]) -> bool:
    """Take a part out of plain JSON; tell whether it was there."""
    for part in path[:-1]:
        schema = schema[part]  # type: ignore[index]  # the validator found its way so
    last = path[-1]
    if isinstance(schema, dict) and last in schema:
        del schema[last]
        return True
    if isinstance(schema, list) and isinstance(last, int):
        schema[last] = True  # the neighbours keep their numbers
        return True
    return False


def _reworded(message: str) -> str:
    """Put the validator's sentence into our form: backticks, no quotes, no final stop."""
    return message.replace("'", "`").replace('"', "`").rstrip(".")


def _references(graph: FlowGraph, path: DocPath, schema: JsonObject) -> Iterator[Diagnostic]:
    for below, one in subschemas(schema):
        reference = one.get("$ref")
        if not isinstance(reference, str):
            continue
        outside = not reference.startswith("#")
        if not outside and pointed_at(schema, reference) is not None:
            continue
        said = "must point into its own schema" if outside else "points at nothing"
        yield Diagnostic(
            code="schema/invalid",
            message=f"`$ref` {said}, found `{reference}`",
            span=graph.spans.value((*path, *below, "$ref")),
            hint="put the schema under `$defs` and write `#/$defs/NAME`",
        )


def _plain(value: JsonValue) -> JsonValue:
    """Return the same JSON in the types that the validator reads."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value

"""JSON Schemas (Draft 7) of the files that people write, for editors.

The models give the keys, their types and their words. What only rules know (one kind to a step, the
keys that go with it) is added from the rules' own tables, so that an editor and `check` agree.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

from pydantic import BaseModel

from flowrun.ids import JsonValue
from flowrun.spec.control_rules import FAILS_WITH
from flowrun.spec.flow import Flow
from flowrun.spec.flow_rules import STEP_KEYS, TOOL_KEYS
from flowrun.spec.input_rules import GOES_WITH
from flowrun.spec.project import Project
from flowrun.spec.replies import Replies
from flowrun.spec.tool_rules import MAY_BE_UNKNOWN, RUNS_AGAIN

Schema: TypeAlias = dict[str, JsonValue]

_VARIABLE = r"\$\{"

DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def flow_schema() -> Schema:
    """Return the schema of `*.flow.yaml`."""
    return _file_schema(Flow, "flowrun flow", _FLOW_ADDITIONS)


def project_schema() -> Schema:
    """Return the schema of `flowrun.yaml`."""
    return _file_schema(Project, "flowrun project", {})


def replies_schema() -> Schema:
    """Return the schema of `*.replies.yaml`."""
    return _file_schema(Replies, "flowrun replies", _REPLIES_ADDITIONS)


def head(title: str) -> Schema:
    """Return the first lines of every schema."""
    return {"$schema": DRAFT_7, "title": title}


def say(schema: Schema, text: str | None) -> Schema:
    """Return a schema with a description, as text and as the Markdown that it is."""
    if not text:
        return schema
    line = " ".join(text.split())
    # Draft 7 ignores what stands beside a reference, so the reference is wrapped.
    body: Schema = {"allOf": [schema]} if "$ref" in schema else schema
    return {**body, "description": line, "markdownDescription": line}


def _file_schema(model: type[BaseModel], title: str, additions: Mapping[str, Schema]) -> Schema:
    written = cast("Schema", model.model_json_schema(by_alias=True))
    definitions = _mapping(written.pop("$defs", {}))
    schemas = {
        name: {**_draft_7(_mapping(one)), **additions.get(name, {})}
        for name, one in definitions.items()
        if name != "JsonValue"
    }
    body = {**_draft_7(written), **additions.get(model.__name__, {})}
    return {**head(title), **body, "definitions": dict(sorted(schemas.items()))}


def _draft_7(schema: Schema) -> Schema:
    """Return a schema of pydantic's in the words of Draft 7, null and empty talk left out."""
    schema = _without_null(schema)
    text = schema.pop("description", None)
    schema.pop("title", None)
    if schema.get("default", "") is None:
        schema.pop("default")
    said = str(text) if text else None
    target = schema.pop("$ref", None)
    if target is not None:
        return {**say(_reference(str(target)), said), **schema}
    for keyword, convert in _NESTED.items():
        if keyword in schema:
            schema[keyword] = convert(schema[keyword])
    if "properties" in schema and schema.get("additionalProperties") is False:
        schema["patternProperties"] = {"^x-": {}}
    return {**say({}, said), **_named(_filled_later(schema))}


def _without_null(schema: Schema) -> Schema:
    """A key without a value is refused, so what may be left out is not null either."""
    options = schema.get("anyOf")
    if not isinstance(options, list) or {"type": "null"} not in options:
        return dict(schema)
    kept = [_mapping(one) for one in options if one != {"type": "null"}]
    outer = {key: one for key, one in schema.items() if key != "anyOf"}
    return {**kept[0], **outer} if len(kept) == 1 else {**outer, "anyOf": cast("JsonValue", kept)}


def _reference(target: str) -> Schema:
    name = target.rpartition("/")[2]
    return {} if name == "JsonValue" else {"$ref": f"#/definitions/{name}"}


def _filled_later(schema: Schema) -> Schema:
    """Admit `${VAR}` where the value has a form: variables are filled in before it is checked."""
    kind = schema.get("type")
    if "const" in schema:
        return schema
    if kind in {"integer", "number", "boolean"}:
        return {**schema, "type": [kind, "string"], "pattern": _VARIABLE}
    if "pattern" in schema:
        return {**schema, "pattern": f"{schema['pattern']}|{_VARIABLE}"}
    return schema


def _named(schema: Schema) -> Schema:
    """Say of a mapping of names that every name must match, not that some names may."""
    patterns = schema.get("patternProperties")
    if "properties" in schema or not isinstance(patterns, dict):
        return schema
    [(pattern, value)] = patterns.items()
    rest = {key: one for key, one in schema.items() if key != "patternProperties"}
    return {**rest, "propertyNames": {"pattern": pattern}, "additionalProperties": value}


def _one(value: JsonValue) -> JsonValue:
    return _draft_7(value) if isinstance(value, dict) else value


def _each(value: JsonValue) -> JsonValue:
    return [_one(one) for one in value] if isinstance(value, list) else value


def _values(value: JsonValue) -> JsonValue:
    return {key: _one(one) for key, one in _mapping(value).items()}


_NESTED: Mapping[str, Callable[[JsonValue], JsonValue]] = {
    "additionalProperties": _one,
    "anyOf": _each,
    "items": _one,
    "oneOf": _each,
    "patternProperties": _values,
    "properties": _values,
}


def _mapping(value: JsonValue) -> Schema:
    return value if isinstance(value, dict) else {}


def _exactly_one(kinds: Sequence[str]) -> list[JsonValue]:
    return [{"required": [kind]} for kind in kinds]


def _keys_by_kind(keys: Mapping[str, frozenset[str]], *more: Schema) -> Schema:
    """One kind, and then not the keys of the others; and more rules."""
    every = frozenset[str]().union(*keys.values())
    rules: list[JsonValue] = [
        {"if": {"required": [kind]}, "then": _forbidden(every - its)}
        for kind, its in keys.items()
        if every - its
    ]
    return {"oneOf": _exactly_one(list(keys)), "allOf": [*rules, *more]}


def _keys_by_type(owners: Mapping[str, Sequence[str]]) -> Schema:
    kinds = ("string", "integer", "number", "boolean", "array", "object")
    rules: list[JsonValue] = [
        {
            "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
            "then": _forbidden({key for key, its in owners.items() if kind not in its}),
        }
        for kind in kinds
    ]
    return {"allOf": rules}


def _forbidden(keys: frozenset[str] | set[str]) -> Schema:
    return {"properties": dict.fromkeys(sorted(keys), False)}


def _choice(names: Sequence[str]) -> Schema:
    return {"enum": list(names)}


_LOOPS: Schema = {
    "if": {"required": ["foreach"]},
    "then": {
        "if": {"required": ["thread"]},
        "then": {"properties": {"max_parallel": {"maximum": 1}}},
    },
    "else": _forbidden({"max_parallel"}),
}
"""Items are in a loop, and on one thread they are one after another."""

_TRIES: tuple[Schema, ...] = tuple(
    {
        "if": {"required": [kind]},
        "then": {"properties": {"retry": {"properties": {"on": {"items": _choice(codes)}}}}},
    }
    for kind, codes in FAILS_WITH.items()
)
"""Each kind of step has failures of its own."""

_EFFECTS: tuple[Schema, ...] = (
    {
        "if": {"properties": {"effect": _choice(("probe",))}, "required": ["effect"]},
        "then": {"required": ["probe"]},
        "else": _forbidden({"probe"}),
    },
    {
        "if": {"required": ["retry"]},
        "then": {
            "properties": {"effect": _choice(RUNS_AGAIN), "retry": _forbidden({"on"})},
            "required": ["effect"],
        },
    },
    {
        "if": {"required": ["on_unknown"]},
        "then": {"properties": {"effect": _choice(MAY_BE_UNKNOWN)}},
    },
)
"""What follows a failure or a crash goes with a tool's effect."""

_FLOW_ADDITIONS: Mapping[str, Schema] = {
    "Step": _keys_by_kind(STEP_KEYS, _LOOPS, *_TRIES),
    "Tool": _keys_by_kind(TOOL_KEYS, *_EFFECTS),
    "Input": _keys_by_type(GOES_WITH),
    "Assistant": {"not": {"required": ["output", "response_format"]}},
    "TruncationStrategy": {
        "if": {"properties": {"type": {"const": "last_messages"}}},
        "then": {"required": ["last_messages"]},
        "else": _forbidden({"last_messages"}),
    },
}

_REPLIES_ADDITIONS: Mapping[str, Schema] = {
    "Reply": {
        "anyOf": _exactly_one(("say", "call", "error")),
        "if": {"required": ["error"]},
        "then": _forbidden({"say", "call"}),
    }
}

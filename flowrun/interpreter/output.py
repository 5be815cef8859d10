"""Answers held to a JSON Schema, whatever the endpoint promised."""

import json
from dataclasses import dataclass

from flowrun.ids import JsonObject, JsonValue

_ANNOTATIONS = 3


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why an answer does not fit, in words for the model and for people."""

    problem: str


def read_answer(text: str, schema: JsonObject) -> JsonValue | Misfit:
    """Return the parsed answer, or why it is not one.

    A fenced block around the JSON is taken off: models without constrained output write one.
    """
    import jsonschema_rs  # a compiled library that flows without schemas need not load

    try:
        value: JsonValue = json.loads(_unfenced(text))
    except ValueError as failure:
        return Misfit(f"expected JSON, found text that is not: {failure}")
    problems = [
        f"at `{_place(list(error.instance_path))}`: {error.message}"
        for error in jsonschema_rs.validator_for(dict(schema)).iter_errors(value)
    ]
    if problems:
        return Misfit("; ".join(problems[:_ANNOTATIONS]))
    return value


def response_format(name: str, schema: JsonObject) -> JsonObject:
    """Return the `response_format` that asks an endpoint for the schema.

    `strict` is asked for only where the schema has the form that strict endpoints accept.
    """
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "schema": schema, "strict": _is_strict(schema)},
    }


def repair_message(misfit: Misfit) -> str:
    """Return what the model is told once."""
    return (
        f"Your answer does not fit the required JSON Schema: {misfit.problem}. "
        "Answer again with JSON that fits, and nothing else."
    )


def _unfenced(text: str) -> str:
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```"):
        return stripped.strip("`").removeprefix("json").strip()
    return stripped


def _place(path: list[str | int]) -> str:
    return "/" + "/".join(str(part) for part in path)


def _is_strict(schema: JsonValue) -> bool:
    if isinstance(schema, list):
        return all(_is_strict(one) for one in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        names = set(schema.get("properties", {}))
        if schema.get("additionalProperties") is not False:
            return False
        if names != set(schema.get("required", ())):
            return False
    return all(_is_strict(one) for one in schema.values())

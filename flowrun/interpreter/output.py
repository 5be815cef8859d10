"""Answers held to a JSON Schema, whatever the endpoint promised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from flowrun.ids import JsonObject, JsonValue
from flowrun.interpreter.json_text import read_json

MISFIT = "the answer does not fit its schema: "
"""What the failure of a step begins with that got no answer that fits."""

_PROBLEMS = 3
"""How many of an answer's problems are told."""

_NAME_LENGTH = 64
"""Of a schema's name: endpoints refuse longer ones."""

_PROBLEM_LENGTH = 300
"""Characters told of one: validators repeat the value, which may be the whole answer."""


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
        value = read_json(_unfenced(text))
    except ValueError as failure:
        return Misfit(f"expected JSON, found text that is not: {failure}")
    errors = jsonschema_rs.validator_for(dict(schema)).iter_errors(value)
    problems = [
        f"at `{_place(list(error.instance_path))}`: {_shortened(error.message)}"
        for error in islice(errors, _PROBLEMS)
    ]
    return Misfit("; ".join(problems)) if problems else value


def response_format(name: str, schema: JsonObject) -> JsonObject:
    """Return the `response_format` that asks an endpoint for the schema.

    `strict` is asked for only where the schema has the form that strict endpoints accept.
    """
    return {
        "type": "json_schema",
        "json_schema": {
            "name": name[:_NAME_LENGTH],
            "schema": schema,
            "strict": _is_strict(schema),
        },
    }


def repair_message(misfit: Misfit) -> str:
    """Return what the model is told once."""
    return (
        f"Your answer does not fit the required JSON Schema: {misfit.problem}. "
        "Answer again with JSON that fits, and nothing else."
    )


def _unfenced(text: str) -> str:
    stripped = text.strip()
    if len(stripped) < 2 * len(_FENCE) or not (
        stripped.startswith(_FENCE) and stripped.endswith(_FENCE)
    ):
        return stripped
    inside = stripped.strip("`").lstrip()
    return inside[4:].strip() if inside[:4].lower() == "json" else inside.strip()


_FENCE = "```"


def _shortened(message: str) -> str:
    half = _PROBLEM_LENGTH // 2
    return message if len(message) <= _PROBLEM_LENGTH else f"{message[:half]} … {message[-half:]}"


def _place(path: list[str | int]) -> str:
    return "/" + "/".join(str(part) for part in path)


def _is_strict(schema: JsonValue) -> bool:
    if isinstance(schema, Mapping):
        if schema.get("type") == "object" or "properties" in schema:
            names = set(_names(schema.get("properties")))
            if schema.get("additionalProperties") is not False:
                return False
            if names != set(_names(schema.get("required"))):
                return False
        return all(_is_strict(one) for one in schema.values())
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return all(_is_strict(one) for one in schema)
    return True


def _names(listed: JsonValue) -> list[JsonValue]:
    return list(listed) if isinstance(listed, Mapping | Sequence) else []

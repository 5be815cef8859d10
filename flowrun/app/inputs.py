"""Inputs of a run: typed by the flow's declaration, checked, defaults filled in."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from flowrun.errors import BadRequest, InvalidSource, ProjectError
from flowrun.ids import JsonObject, JsonValue
from flowrun.plan.plan import ExecutionPlan
from flowrun.source.diagnostic import suggest
from flowrun.source.loader import parse_yaml
from flowrun.source.report import Report
from flowrun.source.text import SourceText
from flowrun.spec.plain import to_plain


def read_inputs(
    plan: ExecutionPlan, given: JsonObject, pairs: Sequence[str] = ()
) -> dict[str, JsonValue]:
    """Return the inputs of a run.

    Args:
        plan: Declares them.
        given: Values from a file, already typed.
        pairs: `name=value` from the command line; these win, and are read by the declared type.

    Raises:
        BadRequest: an unknown, missing or ill-typed input; the first found, in declared order.
    """
    schemas = dict(plan.inputs)
    values: dict[str, JsonValue] = dict(given)
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise BadRequest(f"expected `name=value`, found `{pair}`")
        if name in schemas:
            values[name] = _typed(name, text, schemas[name])
        else:
            values[name] = text
    for name in values:
        if name not in schemas:
            raise BadRequest(f"flow `{plan.flow}` has no input `{name}`", suggest(name, schemas))
    return {name: _checked(name, schema, values) for name, schema in plan.inputs}


def read_inputs_file(path: str) -> JsonObject:
    """Return the values of a YAML or JSON file.

    Raises:
        ProjectError: it cannot be read.
        InvalidSource: it is not well-formed.
        BadRequest: it is not a mapping.
    """
    try:
        source = SourceText(path, Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as failure:
        raise ProjectError(f"inputs file `{path}` cannot be read: {failure}") from failure
    node, diagnostics = parse_yaml(source)
    if node is None or diagnostics:
        raise InvalidSource(Report(diagnostics, {path: source}), len(diagnostics))
    value = to_plain(node)
    if not isinstance(value, dict):
        raise BadRequest(f"inputs file `{path}`: expected a mapping of inputs")
    return value


def _checked(name: str, schema: JsonObject, values: Mapping[str, JsonValue]) -> JsonValue:
    if name not in values:
        if "default" not in schema:
            raise BadRequest(f"input `{name}` is required", f"add `--input {name}=...`")
        return schema["default"]
    import jsonschema_rs  # a compiled library that flows without inputs need not load

    for error in jsonschema_rs.validator_for(dict(schema)).iter_errors(values[name]):
        raise BadRequest(f"input `{name}`: {error.message}")
    return values[name]


def _typed(name: str, text: str, schema: JsonObject) -> JsonValue:
    kind = str(schema.get("type", "string"))
    if kind == "string":
        return text
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        value = text
    if not isinstance(value, _PYTHON_TYPES[kind]) or (
        isinstance(value, bool) and kind != "boolean"
    ):
        raise BadRequest(f"input `{name}`: expected {_ARTICLES[kind]}, found `{text}`")
    return value


_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}

_ARTICLES = {
    "integer": "an integer",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a JSON array",
    "object": "a JSON object",
}

"""A file of inputs, YAML or JSON: read as strictly as a flow."""

import json
from pathlib import Path

from flowrun.errors import BadRequest, InvalidSource, ProjectError
from flowrun.ids import JsonObject, JsonValue
from flowrun.source.diagnostic import Diagnostic
from flowrun.source.document import decode_source
from flowrun.source.loader import parse_yaml
from flowrun.source.nodes import FILE_TAG, Mapping, Node, Scalar
from flowrun.source.report import make_report
from flowrun.source.text import SourceText
from flowrun.spec.plain import to_plain


def read_inputs_file(path: str, noun: str = "inputs") -> JsonObject:
    """Return the values of a YAML or JSON file; a pipe will do, too.

    Args:
        path: Of the file.
        noun: What the values are to people: inputs, or those of a form.

    Raises:
        ProjectError: it cannot be read.
        InvalidSource: it is not well-formed, or holds what JSON cannot say.
        BadRequest: it is not a mapping.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as failure:
        reason = (failure.strerror or "no reason given").lower()
        raise ProjectError(f"{noun} file `{path}` cannot be read: {reason}") from failure
    source = decode_source(path, data)
    value = _read_json(source) if path.endswith(".json") else _read_yaml(source)
    if not isinstance(value, dict):
        raise BadRequest(
            f"{noun} file `{path}`: expected a mapping of {noun}", "write a line `name: value`"
        )
    return value


def _read_yaml(source: SourceText) -> JsonValue:
    node, complaints = parse_yaml(source)
    if node is None or complaints:
        raise _refusal(source, *complaints)
    tagged = _find_tagged(node)
    if tagged is not None:
        raise _refusal(
            source,
            Diagnostic(
                code="yaml/unknown-tag",
                message=f"`{FILE_TAG}` is for flows; an inputs file holds the values themselves",
                span=tagged.span,
            ),
        )
    return to_plain(node)


def _find_tagged(node: Node) -> Scalar | None:
    match node:
        case Scalar():
            return node if node.tag is not None else None
        case Mapping():
            below: list[Node] = [entry.value for entry in node.entries]
        case _:
            below = list(node.items)
    return next((found for one in below if (found := _find_tagged(one)) is not None), None)


def _read_json(source: SourceText) -> JsonValue:
    """Read JSON by its own rules: YAML knows no letter that is escaped as a pair of surrogates."""
    try:
        value: JsonValue = json.loads(source.text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as failure:
        _, complaints = parse_yaml(source)  # says it with a place
        raise _refusal(source, *(complaints or [_no_json(source, failure)])) from failure
    return value


def _distinct(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def _no_json(source: SourceText, failure: Exception) -> Diagnostic:
    at, said = 0, "it is not JSON"
    if isinstance(failure, json.JSONDecodeError):
        at, said = failure.pos, failure.msg.lower()
    span = source.span(at, at + 1)
    return Diagnostic(code="yaml/syntax", message=f"JSON expected: {said}", span=span)


def _refusal(source: SourceText, *complaints: Diagnostic) -> InvalidSource:
    report = make_report(complaints, {source.path: source})
    return InvalidSource(report, report.errors)

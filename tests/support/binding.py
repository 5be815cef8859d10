"""Binding in tests: a file as text, its one complaint marked with `«»`."""

from collections.abc import Callable

from flowrun.source.diagnostic import Diagnostic
from flowrun.source.document import Document
from flowrun.source.loader import parse_yaml
from flowrun.source.nodes import Mapping
from flowrun.source.text import SourceText
from flowrun.spec.bind import BoundFlow, bind_flow
from tests.support.yaml_trees import marked

FORBIDDEN = ("pydantic", "ValidationError", "NoneType", "dict", "__", "Input should", "str ", "ctx")
"""What belongs to libraries and must not be read by people."""


def document(text: str, path: str = "test.flow.yaml") -> Document:
    source = SourceText(path, text)
    root, complaints = parse_yaml(source)
    assert isinstance(root, Mapping), complaints
    return Document(root, path, {path: source})


def flow_text(body: str) -> str:
    """Return a flow with what every flow must have, where the body does not say it."""
    lines = body.splitlines()
    said = {line.partition(":")[0].strip("«»") for line in lines if line and line[0] != " "}
    missing = [line for key, line in _DEFAULTS.items() if key not in said]
    return "\n".join([*missing, body])


_DEFAULTS = {
    "version": "version: 1",
    "name": "name: sample",
    "assistants": "assistants: {guide: {model: gpt-5-mini}}",
    "steps": "steps: {only: {assistant: guide, message: Go}}",
}


def bound(body: str) -> tuple[BoundFlow, tuple[Diagnostic, ...]]:
    flow, complaints = bind_flow(document(flow_text(body)))
    assert flow is not None
    return flow, complaints


def complaints_of(body: str) -> list[tuple[str, str]]:
    return [(one.code, one.message) for one in bound(body)[1]]


def the_only_complaint(text: str, bind: Callable[[Document], tuple[object, tuple]]) -> Diagnostic:
    """Return the one complaint about a text, whose place must be the marked one."""
    bare, start, end = marked(text)
    (complaint,) = bind(document(bare))[1]
    assert (complaint.span.start, complaint.span.end) == (start, end), complaint
    for word in FORBIDDEN:
        for said in (complaint.message, complaint.hint or "", complaint.label):
            assert word not in said, said
    assert not complaint.message.endswith(".")
    return complaint

"""The values that a step gives a tool or a sub-flow are the ones that it takes."""

from collections.abc import Iterator, Mapping, Sequence

from flowrun.errors import name_list, plural
from flowrun.expression.template import is_template
from flowrun.expression.terms import Analysis
from flowrun.graph.callee import Callee, callee_of
from flowrun.graph.complaints import is_near, near
from flowrun.graph.flowgraph import FlowGraph, PlacedTemplate
from flowrun.graph.results import referred, sole_reference
from flowrun.graph.shapes import type_of, types_of, words_for
from flowrun.ids import JsonObject, JsonValue, canonical_json
from flowrun.source.diagnostic import Diagnostic
from flowrun.spec.flow import Step
from flowrun.spec.spans import DocPath

_SHOWN = 40


def check_arguments(graph: FlowGraph) -> Iterator[Diagnostic]:
    """Known, complete, and of the right type as far as that can be told."""
    native = {
        one.path: one
        for one in graph.templates
        if one.where == "with" and isinstance(one.analysis, Analysis) and one.analysis.native
    }
    for name, step in graph.flow.steps.items():
        callee = callee_of(graph, name)
        if callee is None:
            continue
        unknown = _unknown(graph, name, step, callee)
        yield from unknown.values()
        yield from _missing(graph, name, step, callee, unknown)
        yield from _misfits(graph, name, step, callee, native)


def _unknown(graph: FlowGraph, name: str, step: Step, callee: Callee) -> Mapping[str, Diagnostic]:
    properties = {*callee.properties, *callee.required}
    others = callee.schema.get("additionalProperties", not properties)
    if others is not False or "patternProperties" in callee.schema:
        return {}
    nothing = f"remove it; the {callee.key} takes no {callee.given}s"
    return {
        one: Diagnostic(
            code=callee.unknown_code,
            message=f"{callee.noun} has no {callee.wants} `{one}`",
            span=graph.spans.key(("steps", name, "with", one)),
            label=f"not {'an' if callee.wants == 'input' else 'a'} {callee.wants}",
            hint=near(one, properties, nothing),
            related=(callee.declared,),
        )
        for one in step.with_ or {}
        if one not in properties
    }


def _missing(
    graph: FlowGraph,
    name: str,
    step: Step,
    callee: Callee,
    unknown: Mapping[str, Diagnostic],
) -> Iterator[Diagnostic]:
    given = step.with_ or {}
    properties = callee.properties  # what is required and not among them is told where it stands
    wanted = [one for one in callee.required if one in properties and one not in given]
    missing = [one for one in wanted if not is_near(one, unknown)]
    if not missing or graph.has_stray_keys("steps", name):
        return
    key = "with" if step.with_ is not None else callee.key
    what = plural(len(missing), callee.given).removeprefix("1 ")
    yield Diagnostic(
        code=callee.misfit_code,
        message=f"{callee.noun} needs {what} {name_list(missing)}, found none",
        span=graph.spans.key(("steps", name, key)),
        label="incomplete",
        hint=f"add `{missing[0]}` to `with:`",
        related=(callee.declared,),
    )


def _misfits(
    graph: FlowGraph,
    name: str,
    step: Step,
    callee: Callee,
    native: Mapping[DocPath, PlacedTemplate],
) -> Iterator[Diagnostic]:
    schemas = dict(callee.schemas())
    for one, value in (step.with_ or {}).items():
        schema = schemas.get(one)
        if schema is None:
            continue
        expected = types_of(schema)
        path: DocPath = ("steps", name, "with", one)
        found = _types_given(graph, path, value, native)
        if expected is not None and found is not None and not _fits(found, expected):
            yield _misfit(graph, path, callee, words_for(expected), _found(value, found))
        elif _is_constant(value) and _is_no_choice(schema, value):
            choices = schema["enum"]
            listed = [_short(one) for one in choices] if isinstance(choices, Sequence) else []
            wanted = f"one of {name_list(listed)}"
            yield _misfit(graph, path, callee, wanted, f"`{_short(value)}`")


def _types_given(
    graph: FlowGraph,
    path: DocPath,
    value: JsonValue,
    native: Mapping[DocPath, PlacedTemplate],
) -> frozenset[str] | None:
    """Return the types that an argument may have, or None when that is not known."""
    if not isinstance(value, str) or not is_template(value):
        return frozenset((type_of(value),))
    template = native.get(path)
    if template is None:
        return frozenset(("string",))
    one = sole_reference(template)
    if one is None or one.path[:2] == ("steps", template.step):
        return None  # null before the first iteration
    part = referred(graph, template.step, one.path)
    types = types_of(part.schema) if part is not None else None
    return types | {"integer"} if types is not None and "number" in types else types


def _fits(found: frozenset[str], expected: frozenset[str]) -> bool:
    return bool(found & expected) or ("number" in expected and "integer" in found)


def _is_constant(value: JsonValue) -> bool:
    return not (isinstance(value, str) and is_template(value))


def _is_no_choice(schema: JsonObject, value: JsonValue) -> bool:
    choices = schema.get("enum")
    return isinstance(choices, Sequence) and not isinstance(choices, str) and value not in choices


def _found(value: JsonValue, types: frozenset[str]) -> str:
    if isinstance(value, str) and is_template(value):
        return words_for(types)
    if isinstance(value, (str, int, float, bool)) or value is None:
        return f"`{_short(value)}`"
    return words_for(types)


def _short(value: JsonValue) -> str:
    said = value if isinstance(value, str) else canonical_json(value)
    return said if len(said) <= _SHOWN else said[: _SHOWN - 1] + "…"


def _misfit(
    graph: FlowGraph, path: DocPath, callee: Callee, expected: str, found: str
) -> Diagnostic:
    return Diagnostic(
        code=callee.misfit_code,
        message=f"{callee.given} `{path[-1]}` of {callee.noun} must be {expected}, found {found}",
        span=graph.spans.value(path),
        label=f"expected {expected}",
        hint="correct the value",
        related=(callee.declared,),
    )

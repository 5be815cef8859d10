"""Values that stand in the flow fit their schemas to the last item: arguments and defaults."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowrun.expression.template import is_template
from flowrun.graph import parameters
from flowrun.graph.callee import callee_of
from flowrun.graph.complaints import near
from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.shapes import look_up, resolve, type_of, types_of
from flowrun.graph.subschemas import BOUNDS
from flowrun.ids import JsonObject, JsonValue
from flowrun.source.diagnostic import Diagnostic
from flowrun.spec.spans import DocPath

if TYPE_CHECKING:
    from flowrun.graph.validation import Refusal

_BOUNDS = BOUNDS | {"const", "not", "allOf", "anyOf", "oneOf", "uniqueItems"}
_NOT_TOLD = frozenset({"pattern"})
"""Bounds of an input that binding does not hold its default to."""
_OF_DEFAULTS = frozenset({"tool/parameters", "schema/invalid"})
"""Codes of defaults whose type and choices nobody else looks at."""
_INNER = frozenset({"items", "prefixItems", "properties", "required", "additionalProperties"})


@dataclass(frozen=True, slots=True)
class _Held:
    """A value of the flow and the schema that it is held to."""

    path: DocPath
    value: JsonValue
    schema: JsonObject
    root: JsonObject
    noun: str
    code: str


def check_values(graph: FlowGraph) -> Iterator[Diagnostic]:
    """Arguments and defaults, where their type alone does not tell that they fit."""
    for held in _all_held(graph):
        types = types_of(held.schema)
        kind = type_of(held.value)
        fits = types is None or kind in types or (kind == "integer" and "number" in types)
        is_told = held.code not in _OF_DEFAULTS  # of a type that does not fit
        if (fits and _wants_more(held)) or not (fits or is_told):
            yield from _faults(graph, held)


def _all_held(graph: FlowGraph) -> Iterator[_Held]:
    for name, schema in graph.inputs.items():
        if "default" in schema:
            noun = f"`default` of input `{name}`"
            path: DocPath = ("inputs", name, "default")
            yield _Held(path, schema["default"], schema, schema, noun, "bind/wrong-value")
    for name, tool in graph.flow.tools.items():
        known = graph.tools.get(name)
        if tool.parameters and known is not None:
            path = ("tools", name, "parameters")
            yield from _defaults(path, tool.parameters, known.parameters, "parameter")
    for name, step in graph.flow.steps.items():
        form = step.ask.schema_ if step.ask is not None else None
        if form is not None and not parameters.faults(form, parameters.FORM):
            path = ("steps", name, "ask", "schema")
            yield from _defaults(path, form, parameters.expand(form), "field")
    for name, step in graph.flow.steps.items():
        callee = callee_of(graph, name) if step.with_ else None
        schemas = dict(callee.schemas()) if callee is not None else {}
        for one, value in (step.with_ or {}).items():
            is_filled_in = isinstance(value, str) and is_template(value)
            if callee is not None and one in schemas and not is_filled_in:
                noun = f"{callee.given} `{one}` of {callee.noun}"
                path = ("steps", name, "with", one)
                yield _Held(path, value, schemas[one], callee.schema, noun, callee.misfit_code)


def _defaults(
    path: DocPath, written: JsonObject, schema: JsonObject | None, part: str
) -> Iterator[_Held]:
    """Yield the defaults of the parameters of a tool or the fields of a form.

    Args:
        path: Of what is written.
        written: Short or long.
        schema: The object schema that it comes to; None when that is not known.
        part: What one of them is called.
    """
    properties = (schema or {}).get("properties")
    if schema is None or not isinstance(properties, Mapping):
        return
    above = ("properties",) if parameters.is_long(written) else ()
    code = "tool/parameters" if path[0] == "tools" else "schema/invalid"
    for name, one in properties.items():
        inner = resolve(one, schema)
        if inner is not None and "default" in inner:
            noun = f"`default` of {part} `{name}`"
            where = (*path, *above, name, "default")
            yield _Held(where, inner["default"], inner, schema, noun, code)


def _wants_more(held: _Held) -> bool:
    """Tell whether the schema says more of such a value than its type; spares the library."""
    is_inside = isinstance(held.value, (Mapping, list))
    bounds = _NOT_TOLD if held.path[0] == "inputs" else _BOUNDS
    if held.code in _OF_DEFAULTS and "enum" in held.schema:
        return True
    return any(key in bounds or (is_inside and key in _INNER) for key in held.schema)


def _faults(graph: FlowGraph, held: _Held) -> Iterator[Diagnostic]:
    from flowrun.graph.validation import misfits  # 20 ms, and most flows do without

    open_places = tuple(_templates(held.value))
    for one in misfits(held.schema, held.root, held.value):
        is_open = any(place[: len(one.path)] == one.path for place in open_places)
        if one.names:
            yield from _about_keys(graph, held, one)
        elif not is_open:
            yield Diagnostic(
                code=held.code,
                message=f"{_named(held, one.path)} does not fit: {one.message}",
                span=graph.spans.value((*held.path, *one.path)),
                hint="correct the value",
            )


def _about_keys(graph: FlowGraph, held: _Held, refusal: "Refusal") -> Iterator[Diagnostic]:
    """Name the fields that are missing or too many."""
    below = refusal.path
    schema = look_up({**held.root, **held.schema}, below)
    value = _part(held.value, below)
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    known = tuple(properties) if isinstance(properties, Mapping) else ()
    noun = _named(held, below)
    for key in refusal.names:
        if key in value:
            message = f"{noun} has no field `{key}`"
            span = graph.spans.key((*held.path, *below, key))
            hint = near(key, known, "remove it")
        else:
            message = f"{noun} must have a field `{key}`, found none"
            span = graph.spans.value((*held.path, *below))
            hint = f"add `{key}:`"
        yield Diagnostic(code=held.code, message=message, span=span, hint=hint)


def _part(value: JsonValue, path: DocPath) -> Mapping[str, JsonValue]:
    for part in path:
        value = value[part]  # type: ignore[index]  # the validator found its way so
    return value if isinstance(value, Mapping) else {}


def _named(held: _Held, below: DocPath) -> str:
    if not below:
        return held.noun
    said = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in below)
    return f"`{said.removeprefix('.')}` of {held.noun}"


def _templates(value: JsonValue, path: DocPath = ()) -> Iterator[DocPath]:
    if isinstance(value, str) and is_template(value):
        yield path
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _templates(one, (*path, key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, one in enumerate(value):
            yield from _templates(one, (*path, number))

"""The arguments that a step gives its tool are the ones that the tool takes."""

from collections.abc import Iterator, Mapping, Sequence

from flowrun.errors import name_list, plural
from flowrun.expression.template import is_template
from flowrun.expression.terms import Analysis, Reference
from flowrun.graph.complaints import is_near, near
from flowrun.graph.flowgraph import FlowGraph, PlacedTemplate, ResolvedTool
from flowrun.graph.shapes import Lacking, look_up, resolve, type_of, types_of, words_for
from flowrun.ids import JsonObject, JsonValue, canonical_json
from flowrun.source.diagnostic import Diagnostic, Label
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
        tool = graph.tools.get(step.tool or "")
        if tool is None or tool.parameters is None:
            continue
        unknown = _unknown(graph, name, step, tool)
        yield from unknown.values()
        yield from _missing(graph, name, step, tool, unknown)
        yield from _misfits(graph, name, step, tool, native)


def _properties(tool: ResolvedTool) -> Mapping[str, JsonValue]:
    found = (tool.parameters or {}).get("properties")
    return found if isinstance(found, Mapping) else {}


def _required(tool: ResolvedTool) -> tuple[str, ...]:
    found = (tool.parameters or {}).get("required")
    if isinstance(found, Sequence) and not isinstance(found, str):
        return tuple(str(one) for one in found)
    return ()


def _unknown(
    graph: FlowGraph, name: str, step: Step, tool: ResolvedTool
) -> Mapping[str, Diagnostic]:
    properties = {*_properties(tool), *_required(tool)}
    parameters = tool.parameters or {}
    others = parameters.get("additionalProperties", not properties)
    if others is not False or "patternProperties" in parameters:
        return {}
    return {
        one: Diagnostic(
            code="ref/unknown-argument",
            message=f"tool `{tool.name}` has no parameter `{one}`",
            span=graph.spans.key(("steps", name, "with", one)),
            label="not a parameter",
            hint=near(one, properties, "remove it; the tool takes no arguments"),
            related=_declared(graph, tool),
        )
        for one in step.with_ or {}
        if one not in properties
    }


def _missing(
    graph: FlowGraph,
    name: str,
    step: Step,
    tool: ResolvedTool,
    unknown: Mapping[str, Diagnostic],
) -> Iterator[Diagnostic]:
    given = step.with_ or {}
    properties = _properties(tool)  # what is required and not among them is told where it stands
    wanted = [one for one in _required(tool) if one in properties and one not in given]
    missing = [one for one in wanted if not is_near(one, unknown)]
    if not missing or graph.has_stray_keys("steps", name):
        return
    key = "with" if step.with_ is not None else "tool"
    what = plural(len(missing), "argument").removeprefix("1 ")
    yield Diagnostic(
        code="tool/bad-arguments",
        message=f"tool `{tool.name}` needs {what} {name_list(missing)}, found none",
        span=graph.spans.key(("steps", name, key)),
        label="incomplete",
        hint=f"add `{missing[0]}` to `with:`",
        related=_declared(graph, tool),
    )


def _misfits(
    graph: FlowGraph,
    name: str,
    step: Step,
    tool: ResolvedTool,
    native: Mapping[DocPath, PlacedTemplate],
) -> Iterator[Diagnostic]:
    properties = _properties(tool)
    for one, value in (step.with_ or {}).items():
        schema = resolve(properties.get(one), tool.parameters or {})
        expected = types_of(schema) if schema is not None else None
        if schema is None:
            continue
        path: DocPath = ("steps", name, "with", one)
        found = _types_given(graph, path, value, native)
        if expected is not None and found is not None and not _fits(found, expected):
            yield _misfit(graph, path, tool, words_for(expected), _found(value, found))
        elif _is_constant(value) and _is_no_choice(schema, value):
            choices = schema["enum"]
            listed = [_short(one) for one in choices] if isinstance(choices, Sequence) else []
            wanted = f"one of {name_list(listed)}"
            yield _misfit(graph, path, tool, wanted, f"`{_short(value)}`")


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
    if len(template.references) != 1:
        return None
    one = template.references[0]
    if template.text[2:-2].strip() != template.text[one.start : one.end]:
        return None
    schema = _schema_of(graph, one)
    types = types_of(schema) if schema is not None else None
    return types | {"integer"} if types is not None and "number" in types else types


def _schema_of(graph: FlowGraph, one: Reference) -> JsonObject | None:
    """Return the schema of what a reference leads to, if that is known."""
    root, *rest = one.path
    name = str(rest[0]) if rest else ""
    found: JsonObject | Lacking | None = None
    if root == "inputs" and name in graph.inputs:
        found = look_up(graph.inputs[name], rest[1:])
    elif root == "steps" and name in graph.flow.steps and rest[1:2] == ["output"]:
        schema = graph.output_schema(name)
        found = look_up(schema, rest[2:]) if schema is not None else None
    return None if isinstance(found, Lacking) else found


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
    graph: FlowGraph, path: DocPath, tool: ResolvedTool, expected: str, found: str
) -> Diagnostic:
    return Diagnostic(
        code="tool/bad-arguments",
        message=f"argument `{path[-1]}` of tool `{tool.name}` must be {expected}, found {found}",
        span=graph.spans.value(path),
        label=f"expected {expected}",
        hint="correct the value",
        related=_declared(graph, tool),
    )


def _declared(graph: FlowGraph, tool: ResolvedTool) -> tuple[Label, ...]:
    return (Label(graph.spans.key(("tools", tool.name)), "the tool is declared here"),)

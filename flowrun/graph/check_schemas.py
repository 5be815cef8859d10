"""Every JSON Schema of a flow is one, stays within itself, and says nothing that is not heard."""

from collections.abc import Iterator, Mapping

from flowrun.graph import parameters
from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.shapes import pointed_at
from flowrun.graph.subschemas import BOUNDS, KEYWORDS, TYPES, is_plain, own_subschemas, subschemas
from flowrun.ids import JsonObject, JsonValue
from flowrun.source.diagnostic import Diagnostic, suggest
from flowrun.spec.flow import Step
from flowrun.spec.spans import DocPath


def check_schemas(graph: FlowGraph) -> Iterator[Diagnostic]:
    """`output`, `parameters`, `response_format` and inputs hold schemas."""
    for path, schema in _schemas(graph):
        if isinstance(schema, Mapping) and not is_plain(schema):
            yield from _misspelt_types(graph, path, schema)
            yield from _unknown_keywords(graph, path, schema)
            yield from _nameless(graph, path, schema)
            yield from _references(graph, path, schema)
            yield from _invalid(graph, path, schema)
    yield from _signatures(graph)
    yield from _forms(graph)


def _forms(graph: FlowGraph) -> Iterator[Diagnostic]:
    """The schema of a form names its fields, at least one, and gives each a schema."""
    for name, step in graph.flow.steps.items():
        written = step.ask.schema_ if step.ask is not None else None
        if written is None:
            continue
        faults = parameters.faults(written, parameters.FORM)
        if not faults and not parameters.names(written):
            yield _no_fields(graph, name)
        for fault in faults:
            path = ("steps", name, "ask", "schema", *fault.path)
            find = graph.spans.key if fault.at_key else graph.spans.value
            yield Diagnostic(
                code="schema/invalid", message=fault.message, span=find(path), hint=fault.hint
            )


def _no_fields(graph: FlowGraph, step: str) -> Diagnostic:
    return Diagnostic(
        code="schema/invalid",
        message=f"the form of step `{step}` must have a field, found none",
        span=graph.spans.value(("steps", step, "ask", "schema")),
        label="nothing to fill in",
        hint="write `NAME: {type: ...}` for each field, or remove `schema` to approve or reject",
    )


def _signatures(graph: FlowGraph) -> Iterator[Diagnostic]:
    """What `Field` says of a function's parameters is of use in a schema."""
    for name, tool in graph.tools.items():
        schema = tool.parameters
        is_read = tool.kind == "python" and graph.flow.tools[name].parameters is None
        if schema is None or not is_read or not _is_bounded(schema):
            continue
        from flowrun.graph.validation import refusals  # 20 ms, and most flows do without

        for one in refusals(schema):
            parameter = one.path[1] if len(one.path) > 1 else name
            yield Diagnostic(
                code="tool/signature",
                message=f"parameter `{parameter}` of tool `{name}` has a bound that is not valid: "
                f"`{one.path[-1]}` {one.message}",
                span=graph.spans.value(("tools", name, "python")),
                hint="correct its annotation",
            )


def _is_bounded(schema: JsonObject) -> bool:
    return any(not BOUNDS.isdisjoint(one) for _, one in subschemas(schema))


def _schemas(graph: FlowGraph) -> Iterator[tuple[DocPath, JsonValue]]:
    flow = graph.flow
    for name, declared in flow.inputs.items():
        if declared.items is not None:
            yield ("inputs", name, "items"), declared.items
        for key, schema in (declared.properties or {}).items():
            yield ("inputs", name, "properties", key), schema
        if declared.pattern is not None:
            yield ("inputs", name), {"pattern": declared.pattern}
    for name, tool in flow.tools.items():
        for path, value in parameters.schema_paths(tool.parameters or {}):
            yield ("tools", name, "parameters", *path), value
    for name, assistant in flow.assistants.items():
        if assistant.output is not None:
            yield ("assistants", name, "output"), assistant.output
        yield from _format_schema(name, assistant.response_format)
    for name, step in flow.steps.items():
        yield from _step_schemas(name, step)


def _step_schemas(name: str, step: Step) -> Iterator[tuple[DocPath, JsonValue]]:
    if step.output is not None:
        yield ("steps", name, "output"), step.output
    if step.ask is not None:
        for path, value in parameters.schema_paths(step.ask.schema_ or {}):
            yield ("steps", name, "ask", "schema", *path), value


def _format_schema(name: str, written: JsonValue) -> Iterator[tuple[DocPath, JsonValue]]:
    body = written.get("json_schema") if isinstance(written, Mapping) else None
    schema = body.get("schema") if isinstance(body, Mapping) else None
    if schema is not None:
        path: DocPath = ("assistants", name, "response_format", "json_schema", "schema")
        yield path, schema


def _misspelt_types(graph: FlowGraph, path: DocPath, schema: JsonValue) -> Iterator[Diagnostic]:
    for below, one in subschemas(schema):
        named = one.get("type")
        if isinstance(named, str) and named not in TYPES:
            yield Diagnostic(
                code="schema/invalid",
                message=f"expected a type of JSON Schema, found `{named}`",
                span=graph.spans.value((*path, *below, "type")),
                label="not a type",
                hint=suggest(named, TYPES),
            )


def _unknown_keywords(graph: FlowGraph, path: DocPath, schema: JsonValue) -> Iterator[Diagnostic]:
    """A key that JSON Schema does not have would be passed over in silence."""
    for below, one in subschemas(schema):
        for key in one:
            if key not in KEYWORDS and not key.startswith("x-"):
                near = suggest(key, KEYWORDS)
                if key == "nullable":
                    near = "add `null` to its types: `type: [string, null]`, for example"
                yield Diagnostic(
                    code="schema/invalid",
                    message=f"JSON Schema has no key `{key}`",
                    span=graph.spans.key((*path, *below, key)),
                    label="unknown key",
                    hint=near or f"remove it, or call it `x-{key}`",
                )


def _nameless(graph: FlowGraph, path: DocPath, schema: JsonValue) -> Iterator[Diagnostic]:
    """What is required is among the properties, where the schema names all that there are."""
    for below, one in own_subschemas(schema):
        properties, required = one.get("properties"), one.get("required")
        if not isinstance(properties, Mapping) or not isinstance(required, list):
            continue
        for number, name in enumerate(required):
            if isinstance(name, str) and name not in properties:
                yield Diagnostic(
                    code="schema/invalid",
                    message=f"`required` names `{name}`, which is not among `properties`",
                    span=graph.spans.value((*path, *below, "required", number)),
                    label="not a property",
                    hint=suggest(name, properties) or f"declare `{name}` under `properties:`",
                )


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


def _invalid(graph: FlowGraph, path: DocPath, schema: JsonObject) -> Iterator[Diagnostic]:
    """Yield what the meta-schema refuses, what was refused here already left out."""
    from flowrun.graph.validation import Refusal, refusals  # 20 ms, and most flows do without

    found: Iterator[Refusal] = refusals(schema)
    for one in found:
        where = (*path, *one.path)
        yield Diagnostic(
            code="schema/invalid",
            message=f"`{where[-1]}` is not valid in a JSON Schema: {one.message}",
            span=graph.spans.value(where),
            hint=one.hint,
        )

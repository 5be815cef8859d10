"""What steps come to, as far as it is known before they run; the last of the transforms.

A schema that is put inside another keeps its meaning: what it points at comes along, and where that
cannot be, nothing is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from flowrun.expression.template import is_template
from flowrun.expression.terms import Analysis, Reference
from flowrun.graph.flowgraph import TEXT, FlowGraph, PlacedTemplate
from flowrun.graph.parameters import expand, faults
from flowrun.graph.shapes import Lacking, look_up, type_of
from flowrun.graph.subschemas import subschemas
from flowrun.graph.surroundings import SubFlow
from flowrun.ids import JsonObject, JsonValue
from flowrun.spec.spans import DocPath

_LIST: JsonObject = {"type": "array"}
_COUNT: JsonObject = {"type": "integer"}
_ANYTHING: JsonObject = {}
_DEFINITIONS = ("$defs", "definitions")
_MOST_KINDS = 20
"""Of items of a written list that are told apart."""
_MOST_INSIDE = 500
"""Schemas inside one that is put inside another."""
_DEEPEST = 60
"""Keys on the way to the innermost of them."""

_TOKENS: JsonObject = {
    "type": "object",
    "properties": {
        "prompt_tokens": _COUNT,
        "completion_tokens": _COUNT,
        "total_tokens": _COUNT,
    },
}
_FAILED_ITEM: JsonObject = {
    "type": "object",
    "properties": {"index": _COUNT, "error": TEXT, "code": TEXT},
}
STEP_FIELDS: Mapping[str, JsonObject] = {
    "output": {},
    "status": TEXT,
    "error": TEXT,
    "errors": {"type": "array", "items": _FAILED_ITEM},
    "messages": _LIST,
    "tool_calls": _LIST,
    "citations": _LIST,
    "files": _LIST,
    "usage": _TOKENS,
    "thread_id": TEXT,
    "run_id": TEXT,
}
"""What `steps.NAME` has; `output` is a matter of each step."""

DECISION: JsonObject = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}, "by": TEXT, "comment": TEXT},
    "required": ["approved", "by", "comment"],
    "additionalProperties": False,
}
"""What a person's approval comes to."""


def describe_results(graph: FlowGraph) -> FlowGraph:
    """Say what each step comes to, those first that others build on."""
    drawn = _Drawing(graph)
    done = set(graph.order)
    for name in (*graph.order, *(one for one in graph.flow.steps if one not in done)):
        drawn.draw(name)
    return drawn.graph


def outputs_schema(graph: FlowGraph) -> JsonObject:
    """Return the object schema of what a sound flow gives back."""
    places = {one.path: one for one in graph.templates if one.where == "outputs"}
    return _object_of(
        {
            name: value_schema(graph, ("outputs", name), value, places)
            for name, value in graph.flow.outputs.items()
        }
    )


def sole_reference(template: PlacedTemplate) -> Reference | None:
    """Return the reference that a text is and nothing besides, with or without its braces."""
    if not isinstance(template.analysis, Analysis) or not template.analysis.native:
        return None
    if len(template.references) != 1:
        return None
    one = template.references[0]
    before, after = template.text[: one.start].strip(), template.text[one.end :].strip()
    return one if (before, after) in (("", ""), ("{{", "}}")) else None


@dataclass(frozen=True, slots=True)
class SchemaPart:
    """A schema and the one that it is a part of, into which it may point."""

    schema: JsonObject
    root: JsonObject


def referred(graph: FlowGraph, step: str, path: Sequence[str | int]) -> SchemaPart | None:
    """Return the schema of what a reference leads to, or None when it is not known.

    Args:
        graph: With what is known so far.
        step: The one in which the reference stands; empty outside of steps.
        path: The reference's.
    """
    root, *rest = path
    if root == "index":
        return SchemaPart(_COUNT, _COUNT)
    name = str(rest[0]) if rest else ""
    schema: JsonObject | None = None
    below: Sequence[str | int] = ()
    if root == "inputs":
        schema, below = graph.inputs.get(name), rest[1:]
    elif root == "item":
        schema, below = graph.items.get(step), rest
    elif root == "steps" and len(rest) > 1:
        field, below = str(rest[1]), rest[2:]
        of_output = graph.output_schema(name, seen_from=step)
        schema = of_output if field == "output" else STEP_FIELDS.get(field)
    if schema is None:
        return None
    found = look_up(schema, below)
    return None if found is None or isinstance(found, Lacking) else SchemaPart(found, schema)


def value_schema(
    graph: FlowGraph, path: DocPath, value: JsonValue, places: Mapping[DocPath, PlacedTemplate]
) -> JsonObject:
    """Return the schema of a value of the flow once it is filled in; `{}` for what is not known."""
    match value:
        case str():
            return _text_schema(graph, path, value, places)
        case Mapping():
            return _object_of(
                {key: value_schema(graph, (*path, key), one, places) for key, one in value.items()}
            )
        case Sequence():
            items = (
                value_schema(graph, (*path, number), one, places)
                for number, one in enumerate(value)
            )
            return {"type": "array", "items": _any_of(items)} if value else _LIST
        case _:
            return {"type": type_of(value)}


def list_of(schema: JsonObject) -> JsonObject:
    """Return the schema of a list of such values."""
    if not _is_handy(schema) or not _is_portable(schema):
        return _LIST
    return {"type": "array", "items": schema, **_definitions(schema)}


class _Drawing:
    """The graph while its steps are looked at one after the other."""

    def __init__(self, graph: FlowGraph) -> None:
        self._places = {one.path: one for one in graph.templates if one.where in {"foreach", "set"}}
        self._items: dict[str, JsonObject] = {}
        self._results: dict[str, JsonObject] = {}
        self._outputs: dict[str, JsonObject] = {}
        self.graph = replace(graph, items=self._items, results=self._results, outputs=self._outputs)

    def draw(self, name: str) -> None:
        step = self.graph.flow.steps[name]
        item = self._item(name)
        if item is not None:
            self._items[name] = item
        result = self._result(name)
        if result is not None:
            self._results[name] = result
        if step.foreach is not None:
            self._outputs[name] = list_of(result or _ANYTHING)
        elif result is not None:
            self._outputs[name] = result

    def _item(self, name: str) -> JsonObject | None:
        path: DocPath = ("steps", name, "foreach")
        match self.graph.flow.steps[name].foreach:
            case None:
                return None
            case str():
                template = self._places.get(path)
                one = sole_reference(template) if template is not None else None
                items = _referred_alone(self.graph, name, one) if one is not None else None
            case written:
                items = value_schema(self.graph, path, written, self._places)
        found = look_up(items, (0,)) if items is not None else None
        if items is None or found is None or isinstance(found, Lacking):
            return None
        return _alone(SchemaPart(found, items))

    def _result(self, name: str) -> JsonObject | None:
        step = self.graph.flow.steps[name]
        if step.tool is not None:
            tool = self.graph.tools.get(step.tool)
            return tool.result if tool is not None else None
        if step.set_ is not None:
            return value_schema(self.graph, ("steps", name, "set"), step.set_, self._places)
        if step.ask is not None:
            form = step.ask.schema_
            if form is None:
                return DECISION
            return None if faults(form) else expand(form)
        if step.flow is not None:
            flow = self.graph.surroundings.flows.get(step.flow)
            return flow.outputs if isinstance(flow, SubFlow) else None
        return _answer(self.graph, name)


def _answer(graph: FlowGraph, name: str) -> JsonObject | None:
    """Return the schema of what an assistant's step answers."""
    step = graph.flow.steps[name]
    if step.output is not None:
        return step.output
    assistant = graph.flow.assistants.get(step.assistant or "")
    if assistant is None:
        return None
    if assistant.output is not None:
        return assistant.output
    assistant_name = step.assistant or ""
    told = graph.has_stray_keys("steps", name) or graph.has_stray_keys("assistants", assistant_name)
    return None if told else TEXT


def _text_schema(
    graph: FlowGraph, path: DocPath, text: str, places: Mapping[DocPath, PlacedTemplate]
) -> JsonObject:
    template = places.get(path)
    if template is None or not isinstance(template.analysis, Analysis):
        return _ANYTHING if is_template(text) else TEXT
    if not template.analysis.native:
        return TEXT
    one = sole_reference(template)
    found = _referred_alone(graph, template.step, one) if one is not None else None
    if found is None or not _is_handy(found) or _has_references(found):
        return _ANYTHING
    return found


def _object_of(fields: Mapping[str, JsonObject]) -> JsonObject:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def _any_of(schemas: Iterable[JsonObject]) -> JsonObject:
    distinct: list[JsonObject] = []
    for one in schemas:
        if one not in distinct:
            distinct.append(one)
        if len(distinct) > _MOST_KINDS:
            return _ANYTHING
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def _referred_alone(graph: FlowGraph, step: str, one: Reference) -> JsonObject | None:
    part = referred(graph, step, one.path)
    return _alone(part) if part is not None else None


def _alone(part: SchemaPart) -> JsonObject | None:
    """Return a part of a schema as one of its own, with the definitions that it points at."""
    found = part.schema
    if found is part.root:
        return found
    if not _is_handy(found):
        return None
    if not _has_references(found):
        return found
    whole = {**found, **_definitions(part.root)}
    return whole if _is_portable(whole) else None


def _is_handy(schema: JsonObject) -> bool:
    """Tell whether a schema is small enough to be put inside others, and those inside others.

    Without a bound, steps that build on each other's outputs would double it each time.
    """
    inside = enumerate(subschemas(schema), 1)
    return all(number <= _MOST_INSIDE and len(path) <= _DEEPEST for number, (path, _) in inside)


def _has_references(schema: JsonObject) -> bool:
    return any("$ref" in one for _, one in subschemas(schema))


def _is_portable(schema: JsonObject) -> bool:
    """Tell whether a schema points at definitions only, which can be carried along."""
    return all(
        str(one["$ref"]).startswith(("#/$defs/", "#/definitions/"))
        for _, one in subschemas(schema)
        if "$ref" in one
    )


def _definitions(root: JsonObject) -> JsonObject:
    return {key: root[key] for key in _DEFINITIONS if key in root}

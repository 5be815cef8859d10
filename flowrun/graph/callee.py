"""What a step hands values to by `with`: the parameters of a tool, or the inputs of a sub-flow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flowrun.graph.flowgraph import FlowGraph, ResolvedTool
from flowrun.graph.shapes import resolve
from flowrun.graph.surroundings import SubFlow
from flowrun.ids import JsonObject, JsonValue
from flowrun.source.diagnostic import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """A tool or a sub-flow, as a step's `with` sees it."""

    key: str
    """The step's key that names it: `tool` or `flow`."""
    noun: str
    """In a person's words: "tool `disk_free`"."""
    wants: str
    """What it declares: `parameter` or `input`."""
    given: str
    """What it is given: `argument` or `input`."""
    schema: JsonObject
    """Object schema of what it takes."""
    unknown_code: str
    misfit_code: str
    declared: Label
    """Where it says what it takes."""

    @property
    def properties(self) -> Mapping[str, JsonValue]:
        """Schemas of what it takes, by name."""
        found = self.schema.get("properties")
        return found if isinstance(found, Mapping) else {}

    @property
    def required(self) -> tuple[str, ...]:
        """Names of what it must be given."""
        found = self.schema.get("required")
        if isinstance(found, Sequence) and not isinstance(found, str):
            return tuple(str(one) for one in found)
        return ()

    def schemas(self) -> Iterator[tuple[str, JsonObject]]:
        """Yield what it takes with the schema of each, where it has one."""
        for name, written in self.properties.items():
            schema = resolve(written, self.schema)
            if schema is not None:
                yield name, schema


def callee_of(graph: FlowGraph, step: str) -> Callee | None:
    """Return what a step hands values to, or None when it is not known what that takes."""
    declared = graph.flow.steps[step]
    if declared.flow is not None:
        flow = graph.surroundings.flows.get(declared.flow)
        return _flow(declared.flow, flow) if isinstance(flow, SubFlow) else None
    tool = graph.tools.get(declared.tool or "")
    if tool is None or tool.parameters is None:
        return None
    return _tool(graph, tool, tool.parameters)


def _tool(graph: FlowGraph, tool: ResolvedTool, parameters: JsonObject) -> Callee:
    return Callee(
        key="tool",
        noun=f"tool `{tool.name}`",
        wants="parameter",
        given="argument",
        schema=parameters,
        unknown_code="ref/unknown-argument",
        misfit_code="tool/bad-arguments",
        declared=Label(graph.spans.key(("tools", tool.name)), "the tool is declared here"),
    )


def _flow(written: str, flow: SubFlow) -> Callee:
    schema: JsonObject = {
        "type": "object",
        "properties": flow.inputs,
        "required": [name for name, one in flow.inputs.items() if "default" not in one],
        "additionalProperties": False,
    }
    return Callee(
        key="flow",
        noun=f"flow `{written}`",
        wants="input",
        given="input",
        schema=schema,
        unknown_code="ref/unknown-input",
        misfit_code="flow/bad-inputs",
        declared=Label(flow.place, "its inputs are declared here"),
    )

"""The flow graph: a flow with everything its parts say about each other drawn out.

Read-only. The transforms fill it field by field, the checks read it, `plan.compile` turns it into a
plan. Places in files are found only when somebody asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from flowrun.expression.terms import Analysis, Reference, TemplateProblem
from flowrun.graph.surroundings import Surroundings
from flowrun.ids import JsonObject
from flowrun.source.locate import locate
from flowrun.source.nodes import Mapping as Node
from flowrun.source.text import Span
from flowrun.spec.bind import BoundFlow
from flowrun.spec.flow import Assistant, Flow, Step, Tool
from flowrun.spec.grammar import written_keys
from flowrun.spec.spans import DocPath, SpanIndex

if TYPE_CHECKING:
    from flowrun.spec.signature import SignatureProblem

Where: TypeAlias = Literal[
    "instructions",
    "key",
    "shell",
    "if",
    "foreach",
    "until",
    "message",
    "with",
    "ask",
    "set",
    "outputs",
]
Reason: TypeAlias = Literal["needs", "reference", "thread"]
ToolKind: TypeAlias = Literal["python", "shell", "script"]


@dataclass(frozen=True, slots=True)
class PlacedTemplate:
    """One text with something to fill in, and where it stands."""

    path: DocPath
    text: str
    where: Where
    analysis: Analysis | TemplateProblem

    @property
    def owner(self) -> str:
        """Name of the step, assistant, tool, thread or output that it belongs to."""
        return str(self.path[1])

    @property
    def step(self) -> str:
        """Name of the step that it belongs to; empty when it belongs to something else."""
        return str(self.path[1]) if self.path[0] == "steps" else ""

    @property
    def references(self) -> tuple[Reference, ...]:
        """What it refers to; nothing when it is not sound."""
        return self.analysis.references if isinstance(self.analysis, Analysis) else ()


@dataclass(frozen=True, slots=True)
class Edge:
    """One reason why a step waits for another."""

    before: str
    after: str
    reason: Reason
    path: DocPath
    """What the author wrote that says so."""
    place: tuple[int, int] | None = None
    """For a reference: its start and end in the text at `path`."""
    words: str = ""
    """For a reference, its text; for thread order, the thread's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedTool:
    """A declared tool and what is known of it."""

    name: str
    kind: ToolKind
    description: str = ""
    parameters: JsonObject | None = None
    """Object schema of the arguments; None when it could not be told, which a check reports."""
    result: JsonObject | None = None
    """Schema of the value that it returns to a step; None when nothing is known."""
    problem: "SignatureProblem | None" = None
    """Why a Python function cannot be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowGraph:
    """Steps, what each waits for and why, and the order that follows."""

    bound: BoundFlow
    surroundings: Surroundings
    templates: tuple[PlacedTemplate, ...] = ()
    """In file order of their sections; texts with nothing to fill in are not among them."""
    inputs: Mapping[str, JsonObject] = field(default_factory=dict)
    """By name, the JSON Schema of every input."""
    tools: Mapping[str, ResolvedTool] = field(default_factory=dict)
    lanes: Mapping[str, str] = field(default_factory=dict)
    """By step: its thread's name, or the step's own name in parentheses."""
    edges: Mapping[str, tuple[Edge, ...]] = field(default_factory=dict)
    """By step: why it waits, each reason for each other step at most once."""
    order: tuple[str, ...] = ()
    """Steps in an order that every edge respects, early ones of the file first. Steps on a cycle,
    and those that wait for one, are missing."""
    items: Mapping[str, JsonObject] = field(default_factory=dict)
    """By step with a `foreach`, the schema of `item`; what is not known is missing."""
    results: Mapping[str, JsonObject] = field(default_factory=dict)
    """By step, the schema of what one go of it comes to; what is not known is missing."""
    outputs: Mapping[str, JsonObject] = field(default_factory=dict)
    """By step, the schema of `steps.NAME.output`; what is not known is missing."""

    @property
    def flow(self) -> Flow:
        """The flow as declared."""
        return self.bound.flow

    @property
    def spans(self) -> SpanIndex:
        """Places of the flow's parts."""
        return self.bound.spans

    def place(self, path: DocPath, start: int, end: int) -> Span:
        """Return the place of a part of the text at a path."""
        scalar = self.spans.scalar(path)
        return self.spans.value(path) if scalar is None else locate(scalar, start, end - start)

    def edge_place(self, edge: Edge) -> Span:
        """Return the place of what the author wrote that makes the edge."""
        if edge.place is None:
            return self.spans.value(edge.path)
        return self.place(edge.path, *edge.place)

    def output_schema(self, step: str, *, seen_from: str = "") -> JsonObject | None:
        """Return the schema of `steps.NAME.output`, or None when nothing is known of it.

        Args:
            step: Name of a step.
            seen_from: The step that looks; under `repeat` a step sees what it did itself.
        """
        return (self.results if step == seen_from else self.outputs).get(step)

    def may_have(self, step: str, key: str) -> bool:
        """Tell whether a step has a key, or had one that was refused and may have meant it."""
        if self.bound.whole:
            return self.spans.node(("steps", step, key)) is not None
        return (
            self.has_stray_keys("steps", step) or self.spans.node(("steps", step, key)) is not None
        )

    def has_stray_keys(self, section: str, name: str) -> bool:
        """Tell whether a definition has a refused key, which may have meant what it lacks."""
        if self.bound.whole:
            return False
        node = self.spans.node((section, name))
        return isinstance(node, Node) and any(
            str(one.key.value) not in _KEYS[section] and not str(one.key.value).startswith("x-")
            for one in node
        )


_KEYS: Mapping[str, frozenset[str]] = {
    "steps": written_keys(Step),
    "tools": written_keys(Tool),
    "assistants": written_keys(Assistant),
}

TEXT: JsonObject = {"type": "string"}
"""What an assistant answers when no schema is declared."""

PROGRAM_RESULT: JsonObject = {
    "type": "object",
    "properties": {
        "stdout": {"type": "string"},
        "stderr": {"type": "string"},
        "exit_code": {"type": "integer"},
    },
    "required": ["stdout", "stderr", "exit_code"],
    "additionalProperties": False,
}
"""What a shell or script tool returns to a step."""

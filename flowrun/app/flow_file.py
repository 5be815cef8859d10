"""What became of one flow's file, for itself and for the flows whose steps run it."""

from dataclasses import dataclass

from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.subflow import sub_flow
from flowrun.graph.surroundings import NamedFlow, UnfitFlow
from flowrun.plan.codec import plan_to_json
from flowrun.plan.plan import ExecutionPlan
from flowrun.source.diagnostic import Diagnostic, Label, Severity
from flowrun.spec.bind import BoundFlow

BROKEN = "flow/broken"
"""The code of the complaint that a sub-flow has errors; those are told where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFile:
    """What became of one flow's file."""

    path: str
    """From the project root, with slashes."""
    diagnostics: tuple[Diagnostic, ...]
    """Those of its sub-flows included, in order."""
    bound: BoundFlow | None = None
    graph: FlowGraph | None = None
    plan: ExecutionPlan | None = None
    """None exactly when there is an error among the diagnostics."""
    deepest: tuple[str, ...]
    """The longest way down through its sub-flows, by their paths; begins with its own."""


def seen_from_outside(done: FlowFile) -> NamedFlow:
    """Return what becomes of a step that runs the flow of a file."""
    if done.plan is None or done.graph is None:
        errors = [one for one in done.diagnostics if one.severity is Severity.ERROR]
        error = next((one for one in errors if one.code != BROKEN), errors[0])
        return UnfitFlow(done.path, "broken", first=Label(error.span, "the first of them"))
    return sub_flow(done.graph, len(plan_to_json(done.plan)))

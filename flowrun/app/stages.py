"""A flow's file through the stages, and the files of its sub-flows, each once, before it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from flowrun.app.flow_file import BROKEN, FlowFile, seen_from_outside
from flowrun.graph.build import build_graph
from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.surroundings import MAX_DEPTH, NamedFlow, SubFlow, Surroundings, UnfitFlow
from flowrun.plan.compile import compile_plan
from flowrun.plan.plan import ExecutionPlan
from flowrun.source.diagnostic import Diagnostic, has_errors, in_order
from flowrun.source.document import OUTSIDE_PROJECT, Reader, Unreadable
from flowrun.source.paths import directory_of, join_inside
from flowrun.source.resolve import resolve_document
from flowrun.spec.bind import BoundFlow, bind_flow
from flowrun.spec.flow import Flow

LookAround: TypeAlias = Callable[[Flow, str], Surroundings]
"""Looks up what the checks of a flow need to know of the machine; given the flow and the path of
its file from the project root. Its sub-flows are not looked for."""


class Stages:
    """Reads, binds, builds and compiles the files of one project, as far as they are asked for.

    A flow is compiled after those that it runs, and no file twice. What a file leads to is
    bounded: a flow that runs itself, or that is nested too deeply, is not followed.
    """

    def __init__(self, read: Reader, environ: Mapping[str, str], look_around: LookAround) -> None:
        self._read = read
        self._environ = environ
        self._look_around = look_around
        self._done: dict[str, FlowFile] = {}
        self._seen: dict[str, NamedFlow] = {}
        self._under_way: list[str] = []

    def compile(self, path: str) -> FlowFile:
        """Take a file through every stage that it reaches.

        Args:
            path: From the project root, with slashes.
        """
        if path not in self._done:
            self._under_way.append(path)
            self._done[path] = self._compile(path)
            self._under_way.pop()
        return self._done[path]

    def _compile(self, path: str) -> FlowFile:
        document, found = resolve_document(path, self._read, self._environ)
        diagnostics: list[Diagnostic] = list(found)
        bound: BoundFlow | None = None
        graph: FlowGraph | None = None
        plan: ExecutionPlan | None = None
        flows: Mapping[str, NamedFlow] = {}
        if document is not None:
            bound, complaints = bind_flow(document)
            diagnostics += complaints
        if bound is not None:
            flows = self._named_by(bound.flow, path)
            around = replace(self._look_around(bound.flow, path), flows=flows)
            graph, complaints = build_graph(bound, around)
            diagnostics += complaints
        inner = [self._done[one.path] for one in flows.values() if self._is_done(one)]
        diagnostics += [
            # that an inner flow's own sub-flow is broken is said where that is
            one
            for flow in inner
            for one in flow.diagnostics
            if one.code != BROKEN
        ]
        if graph is not None and not has_errors(diagnostics):
            plans = {one.path: one.plan for one in inner if one.plan is not None}
            plan, complaints = compile_plan(graph, plans)
            diagnostics += complaints
        return FlowFile(
            path=path,
            diagnostics=in_order(diagnostics),
            bound=bound,
            graph=graph,
            plan=plan,
            deepest=(path, *self._deepest(flows)),
        )

    def _deepest(self, flows: Mapping[str, NamedFlow]) -> tuple[str, ...]:
        """Return the longest way down; what is not run leads nowhere."""
        ways = [self._done[one.path].deepest for one in flows.values() if isinstance(one, SubFlow)]
        return max(ways, key=len, default=())

    def _is_done(self, one: NamedFlow) -> bool:
        return not isinstance(one, Unreadable) and one.path in self._done

    def _named_by(self, flow: Flow, path: str) -> Mapping[str, NamedFlow]:
        """Return what became of each file that a flow's steps name."""
        written = dict.fromkeys(one.flow for one in flow.steps.values() if one.flow is not None)
        return {one: self._named(one, path) for one in written}

    def _named(self, written: str, path: str) -> NamedFlow:
        inner = join_inside(directory_of(path), written)
        if inner is None:
            return Unreadable(written, OUTSIDE_PROJECT)
        found = self._read(inner)
        if isinstance(found, Unreadable):
            return found
        if inner in self._under_way:
            way = (*self._under_way[self._under_way.index(inner) :], inner)
            return UnfitFlow(inner, "recursion", way)
        if len(self._under_way) == MAX_DEPTH:
            return UnfitFlow(inner, "too-deep", (*self._under_way, inner))
        done = self.compile(inner)
        way = (*self._under_way, *done.deepest)
        if len(way) > MAX_DEPTH:
            return UnfitFlow(inner, "too-deep", way)
        if inner not in self._seen:
            self._seen[inner] = seen_from_outside(done)
        return self._seen[inner]

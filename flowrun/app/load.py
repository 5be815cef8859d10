"""From a path to an execution plan: the one code path of check, execute and everything else.

The stages run in order, each giving its product and its complaints; what the checks need to know
of the machine is looked up here, between them, so that they stay pure.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flowrun.app.lookup import look_around
from flowrun.app.project import Project, locate_flow, open_project, reader, seen_from_here
from flowrun.app.stages import Stages
from flowrun.errors import InvalidSource
from flowrun.graph.flowgraph import FlowGraph
from flowrun.plan.plan import ExecutionPlan
from flowrun.source.collector import collector_paused
from flowrun.source.diagnostic import Severity, has_errors
from flowrun.source.document import remembering
from flowrun.source.report import Report, make_report
from flowrun.spec.bind import BoundFlow


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of a flow's file."""

    path: str
    """From the project root, with slashes."""
    project: Project
    report: Report
    """Its paths lead from the current directory."""
    bound: BoundFlow | None
    graph: FlowGraph | None
    plan: ExecutionPlan | None
    """None exactly when the report holds an error."""

    @property
    def flow_dir(self) -> Path:
        """The folder of the flow's file."""
        return self.project.root / PurePosixPath(self.path).parent

    def require_plan(self) -> ExecutionPlan:
        """Return the plan.

        Raises:
            InvalidSource: there is none.
        """
        if self.plan is None:
            raise InvalidSource(self.report, self.report.errors)
        return self.plan


def load_flow(path: str, *, environ: Mapping[str, str] | None = None) -> Loaded:
    """Read, check and compile a flow; complaints are collected, never raised.

    Raises:
        ProjectError: there is no such file.
        InvalidSource: the project's settings have errors.
    """
    with collector_paused():
        return _load(path, os.environ if environ is None else environ)


def _load(path: str, environ: Mapping[str, str]) -> Loaded:
    root, relative = locate_flow(path)
    project = open_project(root, environ)
    read, sources = remembering(reader(root))

    stages = Stages(read, environ, lambda flow, named: look_around(flow, named, project, environ))
    file = stages.compile(relative)
    diagnostics = file.diagnostics
    if has_errors(diagnostics):
        # What looks unused may be used by what could not be read.
        diagnostics = tuple(one for one in diagnostics if one.severity is Severity.ERROR)
    report = seen_from_here(make_report(diagnostics, sources), root)
    return Loaded(
        path=relative,
        project=project,
        report=report,
        bound=file.bound,
        graph=file.graph,
        plan=file.plan,
    )

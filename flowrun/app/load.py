"""From a path to an execution plan: the one code path of check, execute and everything else.

The stages run in order, each giving its product and its complaints; what the checks need to know
of the machine is looked up here, between them, so that they stay pure.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flowrun.app.project import (
    Project,
    is_file,
    locate_flow,
    open_project,
    read_regular,
    reader,
    seen_from_here,
)
from flowrun.errors import InvalidSource
from flowrun.graph.build import build_graph
from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.surroundings import Surroundings
from flowrun.plan.compile import compile_plan
from flowrun.plan.plan import ExecutionPlan
from flowrun.source.collector import collector_paused
from flowrun.source.diagnostic import Diagnostic, Severity, has_errors
from flowrun.source.document import Unreadable, remembering
from flowrun.source.report import Report, make_report
from flowrun.source.resolve import resolve_document
from flowrun.source.text import SourceText
from flowrun.spec.bind import BoundFlow, bind_flow
from flowrun.spec.flow import Flow


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
    document, found = resolve_document(relative, read, environ)
    diagnostics: list[Diagnostic] = list(found)
    bound: BoundFlow | None = None
    graph: FlowGraph | None = None
    plan: ExecutionPlan | None = None
    if document is not None:
        bound, complaints = bind_flow(document)
        diagnostics += complaints
    if bound is not None:
        graph, complaints = build_graph(bound, _look_around(bound.flow, project, relative, environ))
        diagnostics += complaints
    if graph is not None and not has_errors(diagnostics):
        plan, complaints = compile_plan(graph)
        diagnostics += complaints
    if has_errors(diagnostics):
        plan = None
        # What looks unused may be used by what could not be read.
        diagnostics = [one for one in diagnostics if one.severity is Severity.ERROR]
    report = seen_from_here(make_report(diagnostics, sources), root)
    return Loaded(
        path=relative, project=project, report=report, bound=bound, graph=graph, plan=plan
    )


def find_module(name: str, flow_dir: Path, project: Project) -> Path | None:
    """Return the file of a Python tool module, or None.

    A package comes before a module of its name, as for Python itself. What a link leads to must
    lie in one of the folders, too.
    """
    parts = name.split(".")
    folders = (flow_dir, *project.tool_folders)
    allowed = [folder.resolve() for folder in folders]
    for folder in folders:
        stem = folder.joinpath(*parts)
        for candidate in (stem / "__init__.py", stem.with_name(f"{stem.name}.py")):
            real = candidate.resolve() if is_file(candidate) else None
            if real is not None and any(real.is_relative_to(one) for one in allowed):
                return candidate
    return None


def _look_around(
    flow: Flow, project: Project, path: str, environ: Mapping[str, str]
) -> Surroundings:
    """Look up what the checks need to know of the machine and the project."""
    flow_dir = project.root / PurePosixPath(path).parent
    modules: dict[str, SourceText] = {}
    programs: set[str] = set()
    missing_folders: set[str] = set()
    for tool in flow.tools.values():
        if tool.python is not None:
            module = tool.python.partition(":")[0]
            found = find_module(module, flow_dir, project)
            text = None if found is None else _module_text(found, project)
            if text is not None:
                modules[module] = text
            continue
        if not _is_folder(project, tool.cwd):
            missing_folders.add(tool.cwd)
        program = tool.shell[0] if tool.shell else "sh"
        if program not in programs and _program_exists(program, project.root / tool.cwd, environ):
            programs.add(program)
    settings = project.settings
    return Surroundings(
        modules=modules,
        programs=frozenset(programs),
        missing_folders=frozenset(missing_folders),
        environment=frozenset(environ),
        endpoints=frozenset(settings.endpoints),
        aliases={alias: (one.model, one.endpoint or "") for alias, one in settings.models.items()},
    )


def _is_folder(project: Project, folder: str) -> bool:
    try:
        real = (project.root / folder).resolve()
        return real.is_dir() and real.is_relative_to(project.root)
    except (OSError, ValueError):
        return False


def _module_text(file: Path, project: Project) -> SourceText | None:
    """Return a module's text; `tool_paths` may lie beside the project."""
    path = Path(os.path.relpath(file.resolve(), project.root)).as_posix()
    try:
        text = read_regular(path, file)
    except OSError:  # it cannot be imported either; the tool is complained of
        return None
    return None if isinstance(text, Unreadable) else text


def _program_exists(program: str, cwd: Path, environ: Mapping[str, str]) -> bool:
    if "/" in program:
        return is_file(cwd / program) and os.access(cwd / program, os.X_OK)
    from shutil import which  # loads every archive format; only shell tools need it

    return which(program, path=environ.get("PATH", os.defpath)) is not None

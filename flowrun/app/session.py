"""The composition root of a run: everything wired together around one store, and taken apart again.

Every refusal comes before the first model call: the plan, the tools, the endpoint, the store.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from flowrun.app.endpoint_choice import EndpointChoice
from flowrun.app.models import ModelDirectory
from flowrun.app.project import Project, seen_from_here
from flowrun.app.secrets import Secrets
from flowrun.assistants.service import AssistantsService
from flowrun.clock import Clock, SystemClock
from flowrun.engines.journal import JournalEngine
from flowrun.errors import InvalidSource
from flowrun.events.records import FlowRunFinished
from flowrun.ids import JsonObject
from flowrun.interpreter.flow import interpret_flow
from flowrun.interpreter.state import prepare_plan
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.durable import Durable
from flowrun.ports.engine import RunSetting
from flowrun.ports.runtime import Runtime
from flowrun.ports.tools import ToolProblem, ToolRunner
from flowrun.runtimes.local import LocalRuntime
from flowrun.source.collector import spare_what_is_here
from flowrun.source.diagnostic import Diagnostic
from flowrun.source.report import make_report
from flowrun.source.text import Position, Span
from flowrun.spec.bind import BoundFlow
from flowrun.spec.spans import DocPath, SpanIndex
from flowrun.storage.database import open_database
from flowrun.tools.runner import LocalToolRunner, load_all_tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An engine ready for runs of one plan."""

    engine: JournalEngine
    project: Project
    plan: ExecutionPlan
    tools: ToolRunner
    notice: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undertaking:
    """What is going to be run, and where it comes from."""

    project: Project
    """Holds the store and the tools."""
    plan: ExecutionPlan
    flow_path: str
    """Of the flow's file, from the root; its folder is searched for tools."""
    choice: EndpointChoice
    """Which model answers."""
    purpose: str
    """What we are doing, for those who find the store locked."""
    bound: BoundFlow | None = None
    """The flow as it was read, if it was read now: complaints then point into it."""


@asynccontextmanager
async def open_session(
    undertaking: Undertaking, environ: Mapping[str, str]
) -> AsyncIterator[Session]:
    """Wire an engine for one plan; what was opened is closed again, whatever fails.

    Args:
        undertaking: What will be run.
        environ: The process's environment.

    Raises:
        InvalidSource: a tool cannot be loaded.
        StoreLocked: another process owns the store.
        FlowrunError: an endpoint or the store cannot be used.
    """
    plan, project = undertaking.plan, undertaking.project
    clock: Clock = SystemClock()
    async with AsyncExitStack() as stack:
        tools = _load_tools(undertaking, environ)
        stack.callback(tools.close)
        models = ModelDirectory(project, undertaking.choice, environ, clock)
        stack.push_async_callback(models.close)
        for each in plan.all_plans():
            for assistant in each.assistants:
                models.model_for(assistant.endpoint)
        database = open_database(
            project.store_path,
            holder=f"`{undertaking.purpose}` (process {os.getpid()})",
            durability=project.settings.store.durability,
        )
        stack.callback(database.close)
        service = AssistantsService(database, models.model_for, clock)
        stack.push_async_callback(service.close)
        interpreter = _Interpreter(plan, LocalRuntime(service), tools)
        engine = JournalEngine(database, clock, interpreter)
        stack.push_async_callback(engine.close)
        notice = undertaking.choice.notice
        spare_what_is_here()
        yield Session(engine=engine, project=project, plan=plan, tools=tools, notice=notice)


class _Interpreter:
    """Carries out any run of the session's plan; compiles its templates once."""

    def __init__(self, plan: ExecutionPlan, runtime: Runtime, tools: ToolRunner) -> None:
        self._plan = plan
        self._prepared = prepare_plan(plan)
        self._run = partial(interpret_flow, runtime=runtime, tools=tools)

    async def __call__(
        self,
        scope: Durable,
        plan: ExecutionPlan,
        inputs: JsonObject,
        setting: RunSetting,
    ) -> FlowRunFinished:
        prepared = self._prepared if plan is self._plan else prepare_plan(plan)
        return await self._run(scope, prepared, inputs=inputs, setting=setting)


def _load_tools(undertaking: Undertaking, environ: Mapping[str, str]) -> LocalToolRunner:
    project, path = undertaking.project, undertaking.flow_path
    loaded = load_all_tools(
        undertaking.plan,
        path,
        root=project.root,
        tool_paths=[project.root / folder for folder in project.settings.tool_paths],
        environment=environ,
        secrets=Secrets(environ),
    )
    if isinstance(loaded, tuple):
        bound = undertaking.bound
        sources = {} if bound is None else bound.document.sources
        report = make_report([_complain(one, path, bound) for one in loaded], sources)
        raise InvalidSource(seen_from_here(report, project.root), report.errors)
    return loaded


def _complain(problem: ToolProblem, flow_path: str, bound: BoundFlow | None) -> Diagnostic:
    """Point at the tool's own line, or only at the file of a sub-flow, or of a resumed run."""
    if problem.flow not in ("", flow_path):
        flow_path, bound = problem.flow, None
    start = Position(1, 1)
    span = Span(flow_path, start, start)
    if bound is not None:
        span = _place(("tools", problem.tool), bound.spans)
    return Diagnostic(
        code="tool/cannot-load",
        message=f"tool `{problem.tool}` cannot be loaded: {problem.message}",
        span=span,
    )


def _place(tool: DocPath, spans: SpanIndex) -> Span:
    """Return what names the function or the program, else the tool's key."""
    for path in ((*tool, "python"), (*tool, "shell", 0)):
        if spans.node(path) is not None:
            return spans.value(path)
    return spans.key(tool)

"""The composition root of a run: everything wired together around one store, and taken apart again.

Every refusal comes before the first model call: the plan, the tools, the endpoint, the store.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from flowrun.app.endpoints import EndpointChoice, ModelDirectory
from flowrun.app.project import Project
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
from flowrun.ports.runtime import Runtime
from flowrun.ports.tools import ToolProblem, ToolRunner
from flowrun.runtimes.local import LocalRuntime
from flowrun.source.diagnostic import Diagnostic, in_order
from flowrun.source.report import Report
from flowrun.source.text import Position, Span
from flowrun.storage.database import open_database
from flowrun.tools.runner import LocalToolRunner, load_tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An engine ready for runs of one plan."""

    engine: JournalEngine
    plan: ExecutionPlan
    notice: str | None


@asynccontextmanager
async def open_session(
    project: Project,
    plan: ExecutionPlan,
    *,
    flow_path: str,
    choice: EndpointChoice,
    environ: Mapping[str, str],
    purpose: str,
) -> AsyncIterator[Session]:
    """Wire an engine for one plan.

    Args:
        project: Holds the store and the tools.
        plan: What will be run.
        flow_path: Of the flow's file, from the root; its folder is searched for tools.
        choice: Which model answers.
        environ: The process's environment.
        purpose: What we are doing, for those who find the store locked.

    Raises:
        InvalidSource: a tool cannot be loaded.
        StoreLocked: another process owns the store.
    """
    clock: Clock = SystemClock()
    tools = _load_tools(project, plan, flow_path, environ)
    models = ModelDirectory(project, choice, environ, clock)
    for assistant in plan.assistants:
        models.model_for(assistant.endpoint)
    settings = project.settings.store
    database = open_database(
        project.store_path,
        holder=f"`{purpose}` (process {os.getpid()})",
        durability=settings.durability,
    )
    try:
        service = AssistantsService(database, models.model_for, clock)
        runtime = LocalRuntime(service)
        engine = JournalEngine(database, clock, _Interpreter(plan, runtime, tools))
        try:
            yield Session(engine=engine, plan=plan, notice=choice.notice)
        finally:
            await engine.close()
            await service.close()
            await models.close()
    finally:
        database.close()
        tools.close()


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
        environment: Mapping[str, str],
    ) -> FlowRunFinished:
        prepared = self._prepared if plan is self._plan else prepare_plan(plan)
        return await self._run(scope, prepared, inputs=inputs, environment=environment)


def _load_tools(
    project: Project, plan: ExecutionPlan, flow_path: str, environ: Mapping[str, str]
) -> LocalToolRunner:
    loaded = load_tools(
        plan.tools,
        root=project.root,
        flow_dir=project.root / PurePosixPath(flow_path).parent,
        tool_paths=[project.root / folder for folder in project.settings.tool_paths],
        environment=environ,
        secrets=Secrets(environ),
    )
    if isinstance(loaded, tuple):
        diagnostics = in_order(_complain(problem, flow_path) for problem in loaded)
        raise InvalidSource(Report(diagnostics, {}), len(diagnostics))
    return loaded


def _complain(problem: ToolProblem, flow_path: str) -> Diagnostic:
    start = Position(1, 1)
    return Diagnostic(
        code="tool/cannot-load",
        message=f"tool `{problem.tool}` cannot be loaded: {problem.message}",
        span=Span(flow_path, start, start),
    )

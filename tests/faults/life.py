"""One life of a process that executes a flow: wired as `app.session` does, with deaths put around.

A life is given as JSON; see `Life`. It ends by itself: when its run is over, when it is refused, or
at its point. What it says is for those who look for a mistake; what counts is in the store, in the
ledger and with the endpoint.
"""

import asyncio
import os
import resource
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from flowrun.app.load import load_flow
from flowrun.app.models import ModelDirectory, choose_models
from flowrun.app.secrets import Secrets
from flowrun.assistants.service import AssistantsService
from flowrun.engines.journal import PARK_GRACE_S, JournalEngine
from flowrun.errors import FlowrunError
from flowrun.interpreter.flow import interpret_flow
from flowrun.interpreter.prepared import prepare_plan
from flowrun.ports.engine import RunSetting
from flowrun.runtimes.local import LocalRuntime
from flowrun.storage.database import open_database
from flowrun.tools.runner import load_all_tools
from tests.faults import scripts
from tests.faults.points import (
    Death,
    DyingRuntime,
    DyingStore,
    DyingTools,
    SteppedClock,
    watch_commits,
    watch_statements,
)


@dataclass(frozen=True, kw_only=True)
class Life:
    """What a process does, and where it dies."""

    root: str
    """Of the project."""
    says: str
    """The file for its output."""
    ledger: str
    run: str
    flow: str = "main.flow.yaml"
    point: str = ""
    hit: int = 1
    step_s: float = 0.0
    """By how much its calendar is wrong."""
    script: str = "see_through"
    """What it does with the run; a function of `scripts`."""
    store: str = ".flowrun/store.db"
    checkpoint_often: bool = False
    more: dict = field(default_factory=dict)
    """For the script."""


def live(given: dict) -> int:
    """Live a life; return its exit code."""
    life = Life(**given)
    death = Death(life.point, life.hit)
    os.environ["FAULTS_LEDGER"] = life.ledger
    os.chdir(life.root)
    if limit := life.more.get("file_limit"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    watch_statements(death)
    try:
        asyncio.run(_live(life, death))
    except FlowrunError as failure:
        print(f"{type(failure).__name__}: {failure}", flush=True)
        return failure.exit_code
    return 0


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Everything a script plays with."""

    life: Life
    death: Death
    engine: JournalEngine
    project: object
    plan: object
    setting: RunSetting
    tools: DyingTools
    begun: asyncio.Queue
    """Names of tools, as their calls begin."""


async def _live(life: Life, death: Death) -> None:
    async with _assembled(life, death) as cast:
        await getattr(scripts, life.script)(cast)


@asynccontextmanager
async def _assembled(life: Life, death: Death):
    """Wire an engine for the life's flow, as `app.session.open_session` does."""
    environ = dict(os.environ)
    loaded = load_flow(life.flow, environ=environ)
    plan, project = loaded.require_plan(), loaded.project
    choice = choose_models(project, plan, flow_path=loaded.path, asked=None, environ=environ)
    clock = SteppedClock(life.step_s)
    begun = asyncio.Queue()
    async with AsyncExitStack() as stack:
        local = load_all_tools(
            plan,
            loaded.path,
            root=project.root,
            tool_paths=[],
            environment=environ,
            secrets=Secrets(environ),
        )
        if isinstance(local, tuple):
            raise FlowrunError("; ".join(one.message for one in local))
        stack.callback(local.close)
        models = ModelDirectory(project, choice, environ, clock)
        stack.push_async_callback(models.close)
        database = open_database(Path(life.root, life.store), holder=f"life {os.getpid()}")
        stack.callback(database.close)
        watch_commits(database._connection, checkpoint_often=life.checkpoint_often)
        store = DyingStore(database, death)
        service = AssistantsService(store, models.model_for, clock)
        stack.push_async_callback(service.close)
        tools = DyingTools(local, death, partial(_note, life), begun.put_nowait)
        runtime = DyingRuntime(LocalRuntime(service), store, death)
        prepared = prepare_plan(plan)

        async def carry_out(scope, given, inputs, setting):
            return await interpret_flow(
                scope,
                prepared if given is plan else prepare_plan(given),
                runtime=runtime,
                tools=tools,
                inputs=inputs,
                setting=setting,
            )

        grace_s = life.more.get("grace_s", PARK_GRACE_S)
        engine = JournalEngine(store, clock, carry_out, park_grace_s=grace_s)
        stack.push_async_callback(engine.close)
        yield Cast(
            life=life,
            death=death,
            engine=engine,
            project=project,
            plan=plan,
            setting=RunSetting(environment={}, origin={"path": loaded.path}),
            tools=tools,
            begun=begun,
        )


def _note(life: Life, word: str, tool: str, order: object, key: str) -> None:
    """Write a line of the walk's own into the ledger."""
    file = os.open(life.ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(file, f"{word} {life.run} {tool} {order} {key} {os.getpid()}\n".encode())
    os.close(file)

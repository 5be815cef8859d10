"""Run a flow to its end, or go on with a run that was left."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from flowrun.app.endpoints import choose_endpoint
from flowrun.app.load import Loaded
from flowrun.app.project import Project
from flowrun.app.session import Session, open_session
from flowrun.engines.journal import read_plan, read_setting
from flowrun.errors import FlowrunError
from flowrun.events.bus import StampedEvent
from flowrun.ids import JsonObject, mint_run_id
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.engine import FlowRunHead, RunSetting
from flowrun.storage.database import StoreReader


class EnvironmentMissing(FlowrunError):
    """A variable that the flow's expressions read is not set."""

    exit_code = 3

    def __init__(self, name: str) -> None:
        super().__init__(f"environment variable `{name}` is not set; the flow lists it under `env`")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """What is known the moment before a run begins or goes on."""

    run_id: str
    plan: ExecutionPlan
    notice: str | None
    """Something people must be told first."""
    earlier: tuple[StampedEvent, ...] = ()
    """What happened in earlier lives of the run."""


class Audience(Protocol):
    """Who watches a run: told before it begins, and of every event."""

    def begin(self, start: "RunStart") -> None:
        """Everything is ready; the run begins, or goes on, now."""
        ...

    def see(self, event: StampedEvent) -> None:
        """Something happened; must be quick."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What surrounds a command that runs something."""

    environ: Mapping[str, str]
    audience: Audience
    stop: asyncio.Event
    """Set from outside to have the run parked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """How a run stands when this process lets go of it."""

    head: FlowRunHead
    plan: ExecutionPlan
    events: tuple[StampedEvent, ...]
    """Every kept event, earlier lives of the run included."""


async def execute_flow(
    loaded: Loaded,
    inputs: JsonObject,
    *,
    run_id: str | None,
    endpoint: str | None,
    occasion: Occasion,
) -> RunOutcome:
    """Execute a checked flow until it ends or is parked.

    Raises:
        InvalidSource: the flow or one of its tools is refused; nothing was run.
        FlowrunError: the endpoint, the store or the run id cannot be used; nothing was run.
    """
    plan, environ = loaded.require_plan(), occasion.environ
    run_id = run_id or mint_run_id(plan.flow)
    choice = choose_endpoint(
        loaded.project, plan, flow_path=loaded.path, asked=endpoint, environ=environ
    )
    origin = {"path": loaded.path} | ({"endpoint": endpoint} if endpoint else {})
    setting = RunSetting(environment=_environment(plan, environ), origin=origin)
    async with open_session(
        loaded.project,
        plan,
        flow_path=loaded.path,
        choice=choice,
        environ=environ,
        purpose="flowrun execute",
    ) as session:
        return await _see_through(
            session,
            run_id,
            lambda: session.engine.start(run_id, plan, inputs, setting),
            occasion,
        )


async def resume_run(
    project: Project,
    run_id: str,
    *,
    endpoint: str | None,
    occasion: Occasion,
) -> RunOutcome:
    """Go on with a parked or crashed run, by the plan it was started with.

    Raises:
        RunNotFound: no such run.
        RunConflict: it is over.
        FlowrunError: as `execute_flow`.
    """
    environ = occasion.environ
    store = StoreReader(project.store_path)
    try:
        digest, setting = read_setting(store, run_id)
        plan = read_plan(store, digest)
    finally:
        store.close()
    path = setting.origin["path"]
    asked = endpoint or setting.origin.get("endpoint")
    choice = choose_endpoint(project, plan, flow_path=path, asked=asked, environ=environ)
    async with open_session(
        project,
        plan,
        flow_path=path,
        choice=choice,
        environ=environ,
        purpose="flowrun runs resume",
    ) as session:
        return await _see_through(
            session,
            run_id,
            lambda: session.engine.resume(run_id),
            occasion,
            tuple(session.engine.events(run_id)),
        )


async def _see_through(
    session: Session,
    run_id: str,
    enter: Callable[[], Awaitable[None]],
    occasion: Occasion,
    earlier: tuple[StampedEvent, ...] = (),
) -> RunOutcome:
    occasion.audience.begin(
        RunStart(run_id=run_id, plan=session.plan, notice=session.notice, earlier=earlier)
    )
    session.engine.watch(lambda _, event: occasion.audience.see(event))
    await enter()
    waiting = asyncio.create_task(session.engine.wait(run_id))
    stopping = asyncio.create_task(occasion.stop.wait())
    try:
        await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            await session.engine.park(run_id, "interrupted")
        head = await waiting
    finally:
        stopping.cancel()
    return RunOutcome(head=head, plan=session.plan, events=tuple(session.engine.events(run_id)))


def _environment(plan: ExecutionPlan, environ: Mapping[str, str]) -> dict[str, str]:
    for name in plan.env:
        if name not in environ:
            raise EnvironmentMissing(name)
    return {name: environ[name] for name in plan.env}

"""Run a flow to its end, or go on with a run that was left."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from flowrun.app.load import Loaded
from flowrun.app.models import choose_again, choose_models, origin_of
from flowrun.app.project import Project, told_apart
from flowrun.app.runs import refuse_finished, show_run
from flowrun.app.session import Session, Undertaking, open_session
from flowrun.errors import FlowrunError, RunNotFound
from flowrun.events.stamped import StampedEvent
from flowrun.ids import JsonObject, mint_run_id
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.engine import FlowRunHead, RunSetting


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
    project: str = ""
    """The way to the run's project, where that is not the one around the current directory."""
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
    choice = choose_models(
        loaded.project, plan, flow_path=loaded.path, asked=endpoint, environ=environ
    )
    origin = {"path": loaded.path, **origin_of(choice)}
    setting = RunSetting(environment=_environment(plan, environ), origin=origin)
    undertaking = Undertaking(
        project=loaded.project,
        plan=plan,
        flow_path=loaded.path,
        choice=choice,
        purpose="flowrun execute",
        bound=loaded.bound,
    )
    async with open_session(undertaking, environ) as session:

        async def enter() -> None:
            await session.engine.start(run_id, plan, inputs, setting)

        return await _see_through(session, run_id, enter, occasion)


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
    stored = show_run(project, run_id)
    refuse_finished(stored.head)
    path, plan = stored.origin["path"], stored.plan
    choice = choose_again(
        project, plan, origin=stored.origin, asked=endpoint, environ=occasion.environ
    )
    undertaking = Undertaking(
        project=project, plan=plan, flow_path=path, choice=choice, purpose="flowrun runs resume"
    )
    async with open_session(undertaking, occasion.environ) as session:

        async def enter() -> None:
            await session.engine.resume(run_id)

        return await _see_through(session, run_id, enter, occasion)


async def _see_through(
    session: Session, run_id: str, enter: Callable[[], Awaitable[None]], occasion: Occasion
) -> RunOutcome:
    """Enter the run, show it to its end, and park it when the occasion is over before that."""
    engine = session.engine
    earlier = _earlier(session, run_id)
    early: list[StampedEvent] = []
    show = early.append

    def see(_: str, event: StampedEvent) -> None:
        show(event)

    engine.watch(see)
    await enter()
    if not early and earlier:  # the same id once more, of a run that is over: tell its story again
        early, earlier = list(earlier), ()
    # Only now: a run that is refused never began.
    occasion.audience.begin(
        RunStart(
            run_id=run_id,
            plan=session.plan,
            notice=session.notice,
            project=told_apart(session.project.root),
            earlier=earlier,
        )
    )
    show = occasion.audience.see
    for event in early:
        show(event)
    waiting = asyncio.create_task(engine.wait(run_id))
    stopping = asyncio.create_task(occasion.stop.wait())
    try:
        await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            await engine.park(run_id, "interrupted")
        head = await waiting
    finally:
        stopping.cancel()
    return RunOutcome(head=head, plan=session.plan, events=tuple(engine.events(run_id)))


def _earlier(session: Session, run_id: str) -> tuple[StampedEvent, ...]:
    try:
        return tuple(session.engine.events(run_id))
    except RunNotFound:
        return ()


def _environment(plan: ExecutionPlan, environ: Mapping[str, str]) -> dict[str, str]:
    for name in plan.env:
        if name not in environ:
            raise EnvironmentMissing(name)
    return {name: environ[name] for name in plan.env}

"""Run a flow to its end, or go on with a run that was left."""

from collections.abc import Mapping

from flowrun.app.follow import Occasion, RunOutcome, follow_run
from flowrun.app.load import Loaded
from flowrun.app.models import choose_again, choose_models, origin_of
from flowrun.app.project import Project
from flowrun.app.rerun import Rerun
from flowrun.app.runs import StoredRun, refuse_finished, show_run
from flowrun.app.session import Undertaking, open_session
from flowrun.errors import FlowrunError
from flowrun.ids import JsonObject, mint_run_id
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.engine import RunSetting


class EnvironmentMissing(FlowrunError):
    """A variable that the flow's expressions read is not set."""

    exit_code = 3

    def __init__(self, name: str) -> None:
        super().__init__(f"environment variable `{name}` is not set; the flow lists it under `env`")


async def execute_flow(
    loaded: Loaded,
    inputs: JsonObject,
    *,
    run_id: str | None,
    endpoint: str | None,
    occasion: Occasion,
    rerun: Rerun | None = None,
) -> RunOutcome:
    """Execute a checked flow until it ends, is parked, or waits for somebody who is not here.

    Args:
        loaded: The flow.
        inputs: Checked, defaults filled in.
        run_id: Of the run; None for a fresh one.
        endpoint: Who answers, when somebody asked for it.
        occasion: Who watches, and who is asked.
        rerun: The one step that is run, with what it builds on from another run.

    Raises:
        InvalidSource: the flow or one of its tools is refused; nothing was run.
        FlowrunError: the endpoint, the store or the run id cannot be used; nothing was run.
    """
    plan, environ = loaded.require_plan(), occasion.environ
    run_id = run_id or mint_run_id(plan.flow)
    choice = choose_models(
        loaded.project, plan, flow_path=loaded.path, asked=endpoint, environ=environ
    )
    setting = RunSetting(
        environment=_environment(plan, environ),
        origin={"path": loaded.path, **origin_of(choice), **(rerun.origin if rerun else {})},
        only=rerun.step if rerun else "",
    )
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
            recorded = rerun.recorded if rerun else ()
            await session.engine.start(run_id, plan, inputs, setting, recorded)

        return await follow_run(session, run_id, enter, occasion)


async def resume_run(
    project: Project,
    run_id: str,
    *,
    endpoint: str | None,
    occasion: Occasion,
    force: bool = False,
) -> RunOutcome:
    """Go on with a parked or crashed run, by the plan it was started with.

    Args:
        project: Holds the store.
        run_id: Of the run.
        endpoint: Who answers from now on, when somebody asked for it.
        occasion: Who watches, and who is asked.
        force: Enter it even if it keeps killing its process.

    Raises:
        RunNotFound: no such run.
        RunConflict: it is over.
        FlowrunError: as `execute_flow`.
    """
    stored = show_run(project, run_id)
    refuse_finished(stored.head)
    undertaking = _undertaking(project, stored, endpoint, occasion.environ)
    async with open_session(undertaking, occasion.environ) as session:

        async def enter() -> None:
            await session.engine.resume(run_id, force=force)

        return await follow_run(session, run_id, enter, occasion)


def _undertaking(
    project: Project, stored: StoredRun, endpoint: str | None, environ: Mapping[str, str]
) -> Undertaking:
    """Return what it takes to go on with a stored run."""
    origin = stored.setting.origin
    return Undertaking(
        project=project,
        plan=stored.plan,
        flow_path=origin["path"],
        choice=choose_again(project, stored.plan, origin=origin, asked=endpoint, environ=environ),
        purpose="flowrun runs resume",
    )


def _environment(plan: ExecutionPlan, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the flow and its sub-flows read.

    Raises:
        EnvironmentMissing: one is not set.
    """
    names = dict.fromkeys(name for one in plan.all_plans() for name in one.env)
    for name in names:
        if name not in environ:
            raise EnvironmentMissing(name)
    return {name: environ[name] for name in names}

"""Repeat one step of a recorded run, by the flow's file as it is now."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from flowrun.app.runs import StoredRun
from flowrun.errors import BadRequest, RunConflict, name_list
from flowrun.events.records import FlowRunStarted, StepFinished
from flowrun.events.stamped import StampedEvent
from flowrun.ids import JsonObject
from flowrun.interpreter.readiness import was_not_run
from flowrun.plan.plan import ExecutionPlan, PlannedStep
from flowrun.source.diagnostic import suggest


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """One step, and the recorded results that it is run with."""

    step: str
    recorded: tuple[StepFinished, ...]
    """Of the steps upstream, in plan order."""
    inputs: JsonObject
    """Of the recorded run, as far as the flow still has them."""
    origin: Mapping[str, str]
    """What the new run keeps of where it comes from."""
    notice: str | None = None
    """What people must know: what is not carried over."""


def prepare_rerun(plan: ExecutionPlan, stored: StoredRun, step: str) -> Rerun:
    """Return what it takes to run one step with the recorded results of those upstream.

    Raises:
        BadRequest: the plan has no such step, or the run has no result of a step that it needs.
        RunConflict: the run is of another flow.
    """
    run_id = stored.head.run_id
    if stored.head.flow != plan.flow:
        raise RunConflict(run_id, f"is of flow `{stored.head.flow}`, not of `{plan.flow}`")
    steps = {one.name: one for one in plan.steps}
    if step not in steps:
        raise BadRequest(f"flow `{plan.flow}` has no step `{step}`", suggest(step, steps))
    results = {one.step: one for one in _results(stored.events)}
    missing = [name for name in steps[step].needs if not _usable(steps[name], results.get(name))]
    if missing:
        raise BadRequest(
            f"run `{run_id}` has no result of {name_list(missing)}, which `{step}` needs",
            f"`flowrun runs show {run_id}` shows how far it came",
        )
    upstream = _upstream(steps, step)
    return Rerun(
        step=step,
        recorded=tuple(results[name] for name in steps if name in upstream and name in results),
        inputs=_inputs(stored.events, {name for name, _ in plan.inputs}),
        origin={"from_run": run_id},
        notice=_not_carried_over(steps, step),
    )


def _results(events: Iterable[StampedEvent]) -> Iterable[StepFinished]:
    """Yield results of the flow's own steps, not of their items, tries and sub-flows."""
    for one in events:
        if isinstance(one.event, StepFinished) and one.event.step.isidentifier():
            yield one.event


def _usable(step: PlannedStep, result: StepFinished | None) -> bool:
    """Tell whether a recorded result lets the steps below run; see `interpreter.readiness`."""
    if result is None or was_not_run(result):
        return False
    return result.status != "failed" or step.on_error == "continue"


def _upstream(steps: Mapping[str, PlannedStep], step: str) -> set[str]:
    found: set[str] = set()
    waiting = list(steps[step].needs)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += steps[name].needs
    return found


def _inputs(events: Iterable[StampedEvent], declared: Set[str]) -> JsonObject:
    """Return what the recorded run was given, but for inputs that the flow has no more."""
    given = (one.event.inputs for one in events if isinstance(one.event, FlowRunStarted))
    return {name: value for name, value in next(given, {}).items() if name in declared}


def _not_carried_over(steps: Mapping[str, PlannedStep], step: str) -> str | None:
    lane = steps[step].lane
    before = [one.name for one in steps.values() if one.lane == lane]
    before = before[: before.index(step)]
    if not before:
        return None
    return f"thread `{lane}` begins anew: what {name_list(before)} said on it is not carried over"

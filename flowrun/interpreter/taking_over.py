"""A try of a sub-flow goes on from the tries before it.

What completed in one of those is taken over, and so is a failure that was let pass and on which
something that completed was built: neither is carried out again. A step that failed is, and the
attempts at it in the earlier tries are earlier attempts to it, as if it had been tried again by
itself.
"""

from collections.abc import Iterator

from flowrun.events.records import StepFinished
from flowrun.interpreter.state import FlowState
from flowrun.plan.plan import PlannedStep
from flowrun.ports.durable import Durable


def inside(earlier: tuple[Durable, ...], key: str) -> tuple[Durable, ...]:
    """Return the scopes that earlier tries have below theirs under a key."""
    return tuple([one.nested(key) for one in earlier]) if earlier else earlier


def tries_inside(earlier: tuple[Durable, ...], attempts: int) -> tuple[Durable, ...]:
    """Return the scopes of all tries that a step may have had in earlier tries of its flow."""
    return tuple([one.nested(f"try[{n}]") for one in earlier for n in range(1, attempts + 1)])


def completed_before(state: FlowState, earlier: tuple[Durable, ...]) -> StepFinished | None:
    """Return what a step, an item or an iteration came to, if it completed in an earlier try.

    What it used is counted in that try.
    """
    return next((one for one in _finished(state, earlier) if one.status == "completed"), None)


def over_before(state: FlowState, step: PlannedStep) -> StepFinished | None:
    """Return what a step of a sub-flow came to in an earlier try, if it is not to run again."""
    earlier = inside(state.earlier, f"steps/{step.name}")
    found = completed_before(state, earlier)
    if found is None and step.on_error == "continue" and _was_built_on(state, step):
        return next((one for one in _finished(state, earlier) if one.status == "failed"), None)
    return found


def leave(state: FlowState, scope: Durable, result: StepFinished) -> None:
    """Keep a result for the tries that follow, where any may."""
    if state.is_retried:
        state.left[scope.path("")] = result


def _was_built_on(state: FlowState, step: PlannedStep) -> bool:
    """Tell whether a step that needs this one completed in an earlier try."""
    names = [one.name for one in state.prepared.dependents[step.name] if step.name in one.needs]
    found = (completed_before(state, inside(state.earlier, f"steps/{name}")) for name in names)
    return any(one is not None for one in found)


def _finished(state: FlowState, earlier: tuple[Durable, ...]) -> Iterator[StepFinished]:
    for scope in earlier:
        known = state.left.get(scope.path("")) or scope.recorded("finished")
        if isinstance(known, StepFinished):
            yield known

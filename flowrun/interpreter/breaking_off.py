"""Work that was stopped before its end: nothing of it goes on elsewhere, what there is is kept."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import cast

from flowrun.errors import RuntimeRejected
from flowrun.events.records import StepFinished, StepStarted
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.leftovers import Place, finished_among, take_in_leftovers
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.totals import Totals
from flowrun.interpreter.tries import hides_a_call
from flowrun.ports.durable import Durable


async def break_off(attempt: Attempt, state: FlowState, broken: StepFinished) -> StepFinished:
    """Record how an attempt ended that is not at work any more, and return it.

    Args:
        attempt: Its result is recorded under `finished`.
        state: Of the flow that it is of.
        broken: What is said of it; what it used and called so far is added.

    Returns:
        What is recorded: the attempt's own result, if it came to that in the last moment.
    """
    place = Place(attempt.scope, state.prepared, attempt.step)
    await settle_below(place, state, broken)
    return await record_end(attempt.scope, _told(place, state, "", broken))


async def record_end(scope: Durable, broken: StepFinished) -> StepFinished:
    """Record how work ended, unless that is known, and return what is recorded."""

    async def tell() -> StepFinished:
        return broken

    return cast("StepFinished", await scope.effect("finished", tell))


async def settle_below(
    place: Place, state: FlowState, broken: StepFinished
) -> dict[str, StepFinished]:
    """Leave nothing of broken-off work open: no run at the runtime, and nothing without an end.

    Returns:
        What is told of all below that began and did not end, by plan path.
    """
    scope, ended = place.scope, dict[str, StepFinished]()
    await _cancel_open_runs(state, scope.path(""))
    keys = scope.recorded_keys()
    await take_in_leftovers(place, state, keys)
    for path, label in _begun_below(place, state, keys):
        result = _told(place, state, path, replace(broken, step=label, duration_s=0.0))
        scope.emit(f"{path}finished", result)
        state.begun.pop(scope.path(path), None)
        ended[scope.path(path)] = result
    return ended


def _begun_below(place: Place, state: FlowState, keys: Sequence[str]) -> list[tuple[str, str]]:
    """Return path and label of all below that began and did not end, from the innermost out."""
    own, over = place.scope.path(""), finished_among(keys)
    begun: dict[str, str] = {}
    for key in keys:
        path = key.removesuffix("started")
        if f"/{key}".endswith("/started") and path and path not in over:
            known = place.scope.recorded(key)
            if isinstance(known, StepStarted):
                begun[path] = known.step
    for path, label in state.begun.items():
        if path.startswith(own) and path != own:
            begun[path.removeprefix(own)] = label
    return sorted(begun.items(), key=lambda one: len(one[0]), reverse=True)


async def _cancel_open_runs(state: FlowState, path: str) -> None:
    """Cancel, all at once, the assistant runs that this life left open under a plan path."""

    async def cancel(key: str) -> None:
        thread_id, run_id = state.open_runs.pop(key)
        with suppress(RuntimeRejected):  # it is gone; that is what is wanted
            state.traces[key].count(run_id, await state.runtime.cancel(thread_id, run_id))

    await asyncio.gather(*[cancel(key) for key in state.open_runs if key.startswith(path)])


def _told(place: Place, state: FlowState, path: str, broken: StepFinished) -> StepFinished:
    """Return what is told of work: what it used, called and said, and what nobody knows of it."""
    scope, (prepared, step) = place.scope, place.at(path)
    assert step is not None  # what begins is a step or a part of one
    attempt = Attempt(
        scope=scope.nested(path[:-1]) if path else scope,
        step=step,
        label=broken.step,
        names={},
        home="",
    )
    if hides_a_call(attempt, replace(state, prepared=prepared)):
        code = "outcome_unknown" if broken.error_code == "timeout" else broken.error_code
        doubt = f"{broken.error}, and whether a call finished cannot be known"
        broken = replace(broken, error=doubt, error_code=code)
    return _with_what_there_is(state, scope.path(path), broken, scope.now())


def _with_what_there_is(
    state: FlowState, path: str, broken: StepFinished, now: float
) -> StepFinished:
    """Return the result with what the work used, called and said before it was stopped."""
    trace = state.traces.get(path)
    if trace is not None:
        code, error = broken.error_code or "", broken.error or ""
        return trace.failed(code, error, now=now, hint=broken.hint)
    totals, last = Totals(), ""
    for key in sorted(one for one in state.traces if one.startswith(path)):
        if not last or not key.startswith(last):  # what is inside is counted with what is around
            last, one = key, state.traces[key]
            totals.add(one.completed(None, now=now))
    return replace(broken, usage=totals.usage, cost_usd=totals.cost_usd)

"""What earlier lives left of work that is broken off and not entered again: runs, tokens, calls.

It is found in the journal alone. Runs that may be open at the runtime are cancelled there; what
they used, and what the finished parts of the work used, is counted where nobody counted it in this
life, as though the work had been entered once more.
"""

import asyncio
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass

from flowrun.errors import RuntimeRejected
from flowrun.events.records import AssistantRunStarted, StepFinished
from flowrun.interpreter.assistant_setup import with_overrides
from flowrun.interpreter.budget import Spending, read_usage
from flowrun.interpreter.prepared import PreparedPlan
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.trace import Trace
from flowrun.interpreter.tries import recorded_calls
from flowrun.plan.plan import AssistantAction, PlannedPrices, PlannedStep
from flowrun.ports.durable import Durable

_STEP = re.compile(r"(?:^|(?<=/))steps/([^/]+)/")
_RUN = re.compile(r"((?:.*/)?)run\[[^/\]]*\](?:/generation\[\d+\])?")
_LAST_LAYER = re.compile(r"(steps/[^/]+|[^/]+)/$")


@dataclass(frozen=True, slots=True)
class Place:
    """Where work is broken off: a flow, or an attempt at a step of it."""

    scope: Durable
    prepared: PreparedPlan
    step: PlannedStep | None
    """None for all of a flow."""

    def at(self, key: str) -> tuple[PreparedPlan, PlannedStep | None]:
        """Return the plan and the step that a key below is of."""
        prepared, step = self.prepared, self.step
        for name in _STEP.findall(key):
            prepared = prepared if step is None else prepared.values.flows[step.name]
            step = prepared.steps[name]
        return prepared, step


async def take_in_leftovers(place: Place, state: FlowState, keys: Collection[str]) -> None:
    """Leave no run open that earlier lives began below, and count what nobody counted.

    Args:
        place: Nothing of it is at work any more.
        state: Of the flow that the work is of.
        keys: What is recorded below, in order as far as earlier lives did it.
    """
    over = finished_among(keys)
    for path in over:
        if not _is_within(path, over, proper=True) and not _was_recalled(place, state, path):
            _count_finished(place, state, path)
    runs: dict[str, list[str]] = {}
    for key in keys:
        if (found := _RUN.fullmatch(key)) is not None and not _is_within(found[1], over):
            runs.setdefault(found[1], []).append(key)
    ending = [_end_runs(place, state, path, began) for path, began in runs.items()]
    await asyncio.gather(*ending)


def finished_among(keys: Collection[str]) -> frozenset[str]:
    """Return the paths, relative as the keys are, of all that has a result."""
    return frozenset(
        key.removesuffix("finished") for key in keys if f"/{key}".endswith("/finished")
    )


def _is_within(path: str, over: Collection[str], *, proper: bool = False) -> bool:
    """Tell whether something is part of what has a result."""
    return any(one in over for one in _around(path) if not (proper and one == path))


def _around(path: str) -> Iterator[str]:
    """Yield the paths of all that something is part of, itself included."""
    at = 0
    while (at := path.find("/", at) + 1) > 0:
        yield path[:at]


def _was_recalled(place: Place, state: FlowState, path: str) -> bool:
    """Tell whether this life took a result in: it did when it entered what that is a part of."""
    parent = _LAST_LAYER.sub("", path)
    entered = state.traces if _STEP.fullmatch(path.removeprefix(parent)) else state.begun
    around = place.scope.path(parent)
    return not around or around in entered


def _count_finished(place: Place, state: FlowState, path: str) -> None:
    known = place.scope.recorded(f"{path}finished")
    if isinstance(known, StepFinished) and known.usage is not None:
        trace = _trace(place, state, f"{path}finished", known.step)
        trace.spent.add_known(read_usage(known.usage), known.cost_usd)


async def _end_runs(place: Place, state: FlowState, path: str, began: list[str]) -> None:
    """Cancel the runs of an attempt, all but the last of which are over; count what they used."""
    events = [place.scope.recorded(key) for key in began]
    runs = [one for one in events if isinstance(one, AssistantRunStarted)]
    trace = state.traces.get(place.scope.path(path))
    is_known = trace is not None
    for run in runs:
        trace = trace or _trace(place, state, path, run.step, _prices(place, path))
        with suppress(RuntimeRejected):  # it is gone; that is what is wanted
            trace.count(run.run_id, await state.runtime.cancel(run.thread_id, run.run_id))
        if not is_known:
            trace.thread_id, trace.run_id = run.thread_id, run.run_id
    if trace is not None and not is_known:
        trace.calls.update(recorded_calls(place.scope.nested(path[:-1]) if path else place.scope))


def _prices(place: Place, path: str) -> PlannedPrices | None:
    prepared, step = place.at(path)
    assert step is not None  # runs are of attempts
    action = step.action
    assert isinstance(action, AssistantAction)
    return with_overrides(prepared.assistants[action.assistant], action).prices


def _trace(
    place: Place, state: FlowState, key: str, label: str, prices: PlannedPrices | None = None
) -> Trace:
    """Open the trace of something that this life never entered, in the account around it."""
    path = place.scope.path(key)
    around = [state.traces[one] for one in _around(path) if one in state.traces]
    spent = Spending(parent=around[-1].spent if around else state.spending)
    trace = Trace(label=label, began=place.scope.now(), spent=spent, prices=prices)
    state.traces[path] = trace
    return trace

"""Work that was stopped before its end: nothing of it goes on elsewhere, what there is is kept."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import cast

from flowrun.errors import RuntimeRejected
from flowrun.events.records import AssistantRunStarted, StepFinished
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.totals import Totals
from flowrun.interpreter.tries import hides_a_call
from flowrun.ports.durable import Durable


async def break_off(scope: Durable, state: FlowState, broken: StepFinished) -> StepFinished:
    """Record how work ended that is not at work any more, and return it.

    Args:
        scope: Of the work; it is recorded under `finished` there.
        state: Of the flow that the work is of.
        broken: What is said of it; what it used and called so far is added.

    Returns:
        What is recorded: the work's own result, if it came to that in the last moment.
    """
    path = scope.path("")
    await cancel_open_runs(state, path)
    if path not in state.traces:
        await _cancel_earlier_run(scope, state)
    broken = with_what_there_is(state, path, broken)

    async def tell() -> StepFinished:
        return broken

    return cast("StepFinished", await scope.effect("finished", tell))


def in_doubt(attempt: Attempt, state: FlowState, because: str) -> str:
    """Return why an attempt was broken off, and that nobody knows how a call of it ended, if so."""
    if hides_a_call(attempt, state):
        return f"{because}, and whether a call finished cannot be known"
    return because


async def _cancel_earlier_run(scope: Durable, state: FlowState) -> None:
    """Cancel the assistant run that an earlier life left open, of work not entered in this one."""
    for left in deque(_recorded_runs(scope), maxlen=1):
        await _cancel_run(state, left.thread_id, left.run_id)


def _recorded_runs(scope: Durable) -> Iterator[AssistantRunStarted]:
    """Yield the runs of an attempt that earlier lives began, in order."""
    for answer in count():
        key = f"run[{answer}]"
        began = scope.recorded(key)
        if not isinstance(began, AssistantRunStarted):
            return
        for generation in count(1):
            yield began
            began = scope.recorded(f"{key}/generation[{generation}]")
            if not isinstance(began, AssistantRunStarted):
                break


async def cancel_open_runs(state: FlowState, path: str) -> None:
    """Cancel at the runtime every assistant run that work under a plan path left open."""
    for key in [one for one in state.open_runs if one.startswith(path)]:
        await _cancel_run(state, *state.open_runs.pop(key))


def with_what_there_is(state: FlowState, path: str, broken: StepFinished) -> StepFinished:
    """Return the result with what the work used, called and said before it was stopped."""
    trace = state.traces.get(path)
    if trace is not None:
        code, error = broken.error_code or "", broken.error or ""
        now = trace.began + broken.duration_s
        return trace.failed(code, error, now=now, hint=broken.hint)
    totals = Totals()
    for key, one in state.traces.items():
        if key.startswith(path):
            totals.add(one.completed(None, now=one.began))
    return replace(broken, usage=totals.usage, cost_usd=totals.cost_usd)


async def _cancel_run(state: FlowState, thread_id: str, run_id: str) -> None:
    with suppress(RuntimeRejected):  # it is over already; that is what is wanted
        await state.runtime.cancel(thread_id, run_id)

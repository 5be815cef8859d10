"""Another flow as a step: its inputs checked here, its outputs the step's output.

It is carried out in the scope of the step, under keys `steps/OUTER/.../steps/INNER`, with names,
tools, threads, assistants and limits of its own. What it uses counts for the flow around it, too.
A try goes on from the tries before it; see `interpreter.taking_over`.
"""

import re
from typing import cast

from flowrun.events.records import FlowRunFinished, StepFinished
from flowrun.ids import JsonObject
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.budget import Spending, read_usage
from flowrun.interpreter.given import Unfit, fill_inputs
from flowrun.interpreter.slots import Slots
from flowrun.interpreter.state import FlowState, opening_names
from flowrun.interpreter.trace import Trace
from flowrun.plan.plan import FlowAction, PlannedLimits

FINAL = frozenset(
    ("expression", "denied", "outcome_unknown", "rejected", "budget", "cancelled", "repeat")
)
"""Codes of failures inside that the step fails with, too: no other try may mend them."""

_AGAIN = re.compile(r"(?<=/)(loop|try)\[\d+\]/")


async def run_flow_step(attempt: Attempt, state: FlowState, action: FlowAction) -> StepFinished:
    """Carry the sub-flow out and return its outputs as the step's result.

    It fails with code `flow`, or with that of its own failure where no other try may mend it. A
    limit that the sub-flow alone has reached is its own failure, not that of the flow around it.

    Raises:
        ExpressionFailed: one of the inputs could not be evaluated.
    """
    scope = attempt.scope
    given = state.prepared.arguments[attempt.step.name].evaluate(attempt.names)
    filled = fill_inputs(action.plan, cast("JsonObject", given))
    if isinstance(filled, Unfit):
        result = StepFinished(
            step=attempt.label, status="failed", error=filled.problem, error_code="flow"
        )
    else:
        inner = _open(attempt, state, action, filled)
        account = Trace(label=attempt.label, began=scope.since("started"), spent=inner.spending)
        state.traces[scope.path("")] = account
        assert state.carry_out is not None  # set where the run's own flow is opened
        ended = await state.carry_out(scope, inner)
        result = _result(account, state, inner, ended, scope.now())
    await scope.record("finished", result)
    return result


def base_of_threads(path: str) -> str:
    """Return what names a sub-flow's threads: its plan path; iterations and tries share them."""
    return _AGAIN.sub("", path).removesuffix("/")


def _open(attempt: Attempt, state: FlowState, action: FlowAction, inputs: JsonObject) -> FlowState:
    """Return the state of a sub-flow in which nothing has happened yet."""
    prepared, scope = state.prepared.values.flows[attempt.step.name], attempt.scope
    limits = prepared.plan.limits
    environment = {
        name: state.environment[name] for name in prepared.plan.env if name in state.environment
    }
    slots = state.slots
    if limits.max_parallel is not None:
        slots = Slots(limits.max_parallel, slots)
    return FlowState(
        prepared,
        state.runtime,
        state.tools.of(action.path),
        scope=opening_names(scope.run_id, inputs, environment),
        spending=Spending(parent=_account(attempt, state, limits)),
        slots=slots,
        carry_out=state.carry_out,
        environment=state.environment,
        prefix=f"{attempt.label}/",
        thread_base=base_of_threads(scope.path("")),
        order=(*state.order, attempt.step.number),
        open_runs=state.open_runs,
        traces=state.traces,
        begun=state.begun,
        is_retried=state.is_retried or attempt.step.retry is not None,
        earlier=attempt.earlier,
        left=state.left,
        answers=state.answers,
        begun_calls=state.begun_calls,
        settled_calls=state.settled_calls,
    )


def _account(attempt: Attempt, state: FlowState, limits: PlannedLimits) -> Spending:
    """Return the account that a sub-flow's limits are kept in: all of its tries have one."""
    account = Spending(limits, state.spending)
    for scope in attempt.earlier:
        trace, known = state.traces.get(scope.path("")), scope.recorded("finished")
        if trace is not None:
            account.carry(trace.spent.usage, trace.spent.cost_usd)
        elif isinstance(known, StepFinished):
            account.carry(read_usage(known.usage), known.cost_usd)
    return account


def _result(
    account: Trace, state: FlowState, inner: FlowState, ended: FlowRunFinished, now: float
) -> StepFinished:
    if ended.status == "completed":
        return account.completed(ended.outputs, now=now)
    code = ended.error_code or "flow"
    if code not in FINAL or (code == "budget" and _is_own_limit(state, inner)):
        code = "flow"
    return account.failed(code, ended.error or "", now=now, hint=ended.hint)


def _is_own_limit(state: FlowState, inner: FlowState) -> bool:
    """Tell whether the limit that was reached is one that the sub-flow alone has."""
    return inner.prepared.plan.limits != PlannedLimits() and state.limit_reached() is None

"""What the earlier tries of an assistant step leave to the one at hand.

Their message is on the thread already. What their calls came to is given to equal calls, unless the
tool may be called as often as one likes; a `keyed` call that did not succeed is made again under
the idempotency key that it had. A call that was begun and whose end nobody saw is not made again
before it is found out whether it happened.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from flowrun.events.records import StepFinished, ToolCallFinished, ToolCallsRequested
from flowrun.ids import JsonObject, canonical_json
from flowrun.interpreter.assistant_work import AssistantWork, EarlierCall
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.output import MISFIT
from flowrun.interpreter.state import FlowState, PreparedPlan
from flowrun.interpreter.tool_arguments import read_arguments
from flowrun.interpreter.tool_call import is_begun, recorded_end
from flowrun.interpreter.tool_outcome import path_without_tries
from flowrun.interpreter.trace import AnsweredCall, Trace
from flowrun.plan.plan import Effect, FlowAction, PlannedStep, ToolAction
from flowrun.ports.durable import Durable

_LAYERS = re.compile(r"((each\[\d+:[0-9a-f]+\]|loop\[\d+\]|try\[\d+\])/)*")
"""Keys of the layers of a step, from the outermost in."""

_KEPT_FAILURES = frozenset(("outcome_unknown", "rejected"))
"""Failures that stand: nobody may find out by calling again, and nobody is asked twice."""


def has_asked(work: AssistantWork) -> bool:
    """Tell whether the run of an earlier try began, so that its message is on the thread."""
    return any(_began(work.state, scope) for scope in work.attempt.earlier)


def misfit_of(work: AssistantWork) -> str | None:
    """Return what is wrong with the answer of the latest try; None unless it gave one."""
    state, earlier = work.state, reversed(work.attempt.earlier)
    latest = next(scope for scope in earlier if _began(state, scope))
    trace = trace_of(state, latest)
    if trace is not None:
        return trace.misfit
    known = latest.recorded("finished")
    if isinstance(known, StepFinished) and known.error_code == "output":
        return (known.error or "").removeprefix(MISFIT)
    return None


def trace_of(state: FlowState, scope: Durable) -> Trace | None:
    """Return what an attempt came to in this life; None when it was not entered in it."""
    return state.traces.get(scope.path(""))


def keep_of_tries(work: AssistantWork) -> None:
    """Have equal calls given what those of earlier tries came to."""
    for scope in work.attempt.earlier:
        trace, calls = trace_of(work.state, scope), dict(recorded_calls(scope))
        if trace is not None:
            calls |= trace.calls  # it may have been broken off before it took in the recorded ones
        for key, answered in calls.items():
            keep(work, scope, key, replace(answered, ended=_standing(answered.ended)))


def keep(work: AssistantWork, scope: Durable, key: str, answered: AnsweredCall) -> None:
    """Keep a call for an equal one that follows.

    Args:
        work: The step.
        scope: Of the attempt that the call is of.
        key: What the call's end is recorded under.
        answered: The call, with what the equal one is given as its end; None where there is
            nothing to give.
    """
    tool = work.state.prepared.tools.get(answered.call.tool)
    arguments = read_arguments(answered.call.arguments)
    if tool is None or tool.effect == "repeatable" or isinstance(arguments, str):
        return
    ended, is_keyed = answered.ended, tool.effect == "keyed"
    is_in_doubt = ended is None and not is_keyed and _has_begun(work.state, scope, key)
    if ended is not None or is_keyed or is_in_doubt:
        path = path_without_tries(scope.path(key), key)
        same = (tool.name, canonical_json(arguments))
        work.earlier.setdefault(same, []).append(EarlierCall(path, ended, is_in_doubt))


def take_earlier(work: AssistantWork, tool: str, arguments: JsonObject) -> EarlierCall | None:
    """Return an equal call of before, each once; one whose end is known comes first."""
    if not work.earlier:
        return None
    waiting = work.earlier.get((tool, canonical_json(arguments)))
    if not waiting:
        return None
    known = next((at for at, one in enumerate(waiting) if one.ended is not None), 0)
    return waiting.pop(known)


def recorded_calls(scope: Durable) -> Iterator[tuple[str, AnsweredCall]]:
    """Yield the calls of an attempt of an earlier life, by their keys, in order."""
    number = 1
    while isinstance(batch := scope.recorded(f"round[{number}]"), ToolCallsRequested):
        for call in batch.calls:
            key = f"round[{number}]/tool[{call.id}]"
            known = recorded_end(scope, key)
            ended = known if isinstance(known, ToolCallFinished) else None
            yield key, AnsweredCall(batch.run_id, call, ended)
        number += 1


def hides_a_call(attempt: Attempt, state: FlowState) -> bool:
    """Tell whether nobody knows how a call of this attempt ended, so that no other try may make it.

    For attempts that are broken off. A call of a round that has a probe hides nothing, for an equal
    one asks it.
    """
    path = attempt.scope.path("")
    if any(
        one.startswith(path) for one, effect in state.begun_calls.items() if not _can_tell(effect)
    ):
        return True
    step, prepared = attempt.step, state.prepared
    left = attempt.scope.left_begun()
    return any(_hides(attempt.scope, key, step, state, prepared) for key in left)


def _hides(
    scope: Durable, key: str, step: PlannedStep, state: FlowState, prepared: PreparedPlan
) -> bool:
    """Tell whether the end of a call that an earlier life began is hidden.

    Args:
        scope: Of the step, or of one of its layers.
        key: What the end of the call, or of one made after all, would be recorded under there.
        step: The step.
        state: Of the run, or of a flow in it.
        prepared: The plan that the step is of.
    """
    layers = _LAYERS.match(key)
    assert layers is not None  # it may be empty
    scope, key = (
        scope.nested(layers[0].removesuffix("/")) if layers[0] else scope,
        key[layers.end() :],
    )
    action = step.action
    if isinstance(action, FlowAction):
        name, _, rest = key.removeprefix("steps/").partition("/")
        inner = prepared.values.flows[step.name]
        return _hides(scope.nested(f"steps/{name}"), rest, inner.steps[name], state, inner)
    if isinstance(action, ToolAction):
        tool = prepared.tools[action.tool]
        return tool.effect != "keyed" and _has_begun(state, scope, "finished")
    return any(
        answered.ended is None
        and _has_begun(state, scope, own)
        and not _can_tell(prepared.tools[answered.call.tool].effect)
        for own, answered in recorded_calls(scope)
    )


def _can_tell(effect: Effect) -> bool:
    """Tell whether an equal call does no harm, or finds out before it is made."""
    return effect != "at_most_once"


def _began(state: FlowState, scope: Durable) -> bool:
    """Tell whether a run of an attempt began, so that its message is on the thread."""
    trace = trace_of(state, scope)
    return (trace is not None and trace.run_id is not None) or scope.recorded("run[0]") is not None


def _has_begun(state: FlowState, scope: Durable, key: str) -> bool:
    path = scope.path(key)
    return path in state.begun_calls or (path not in state.settled_calls and is_begun(scope, key))


def _standing(ended: ToolCallFinished | None) -> ToolCallFinished | None:
    stands = ended is not None and (ended.error is None or ended.error in _KEPT_FAILURES)
    return ended if stands else None

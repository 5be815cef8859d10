"""What the earlier tries of an assistant step leave to the one at hand.

Their message is on the thread already. What their calls came to is given to equal calls, unless the
tool may be called as often as one likes; a `keyed` call that did not succeed is made again under
the idempotency key that it had.
"""

from collections.abc import Iterator

from flowrun.events.records import StepFinished, ToolCallFinished, ToolCallsRequested
from flowrun.ids import JsonObject, canonical_json
from flowrun.interpreter.assistant_work import AssistantWork, EarlierCall
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.output import MISFIT
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.tool_arguments import read_arguments
from flowrun.interpreter.tool_call import is_begun, recorded_end
from flowrun.interpreter.tool_outcome import path_without_tries
from flowrun.interpreter.trace import AnsweredCall
from flowrun.plan.plan import ToolAction
from flowrun.ports.durable import Durable

_KEPT_FAILURES = frozenset(("outcome_unknown", "rejected"))
"""Failures that stand: nobody may find out by calling again, and nobody is asked twice."""


def has_asked(work: AssistantWork) -> bool:
    """Tell whether the run of an earlier try began, so that its message is on the thread."""
    for scope in work.attempt.earlier:
        trace = work.state.traces.get(scope.path(""))
        if trace is not None and trace.run_id is not None:
            return True
        if scope.recorded("run[0]") is not None:
            return True
    return False


def misfit_of(work: AssistantWork) -> str | None:
    """Return what is wrong with the answer of the latest try; None unless it gave one."""
    scope = work.attempt.earlier[-1]
    trace = work.state.traces.get(scope.path(""))
    if trace is not None:
        return trace.misfit
    known = scope.recorded("finished")
    if isinstance(known, StepFinished) and known.error_code == "output":
        return (known.error or "").removeprefix(MISFIT)
    return None


def keep_of_tries(work: AssistantWork) -> None:
    """Have equal calls given what those of earlier tries came to."""
    for scope in work.attempt.earlier:
        trace = work.state.traces.get(scope.path(""))
        for key, answered in recorded_calls(scope) if trace is None else trace.calls.items():
            path = path_without_tries(scope.path(key), key)
            keep(work, path, answered, _standing(answered.ended))


def keep(
    work: AssistantWork, path: str, answered: AnsweredCall, ended: ToolCallFinished | None
) -> None:
    """Keep a call for an equal one that follows.

    Args:
        work: The step.
        path: Plan path of the call.
        answered: The call.
        ended: What the equal one is given as its end; None if there is nothing to give.
    """
    tool = work.state.prepared.tools.get(answered.call.tool)
    arguments = read_arguments(answered.call.arguments)
    if tool is None or tool.effect == "repeatable" or isinstance(arguments, str):
        return
    if ended is not None or tool.effect == "keyed":
        same = (tool.name, canonical_json(arguments))
        work.earlier.setdefault(same, []).append(EarlierCall(path, ended))


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
    """Tell whether a crash hid how a call of this attempt ended, so that no other try may make it.

    For attempts at tool and assistant steps that are broken off without being entered again.
    """
    scope, action, tools = attempt.scope, attempt.step.action, state.prepared.tools
    if isinstance(action, ToolAction):
        return tools[action.tool].effect != "keyed" and is_begun(scope, "finished")
    return any(
        answered.ended is None
        and is_begun(scope, key)
        and tools[answered.call.tool].effect != "keyed"
        for key, answered in recorded_calls(scope)
    )


def _standing(ended: ToolCallFinished | None) -> ToolCallFinished | None:
    stands = ended is not None and (ended.error is None or ended.error in _KEPT_FAILURES)
    return ended if stands else None

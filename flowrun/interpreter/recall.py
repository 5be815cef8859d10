"""What an earlier life of an assistant step left: rounds in the journal, over or not.

Every life asks the runtime for the same runs again and meets their stops; before each, the rounds
that came before it are taken in from the journal.
"""

from flowrun.events.records import AssistantRunStarted, Event, ToolCallsRequested
from flowrun.interpreter.assistant_work import AssistantWork
from flowrun.interpreter.tool_arguments import admitted_arguments
from flowrun.interpreter.tool_round import Batch, note_calls
from flowrun.interpreter.tries import keep, take_earlier
from flowrun.ports.models import ToolCall
from flowrun.ports.runtime import AnsweredRound, RunEnded, RunRequiresAction
from flowrun.ports.tools import ToolFailed


def recall_rounds(work: AssistantWork, stop: RunRequiresAction | RunEnded) -> Batch | None:
    """Take in the rounds that an earlier life finished on this run, up to the one at hand.

    Rounds of the runs that follow in the step are left to those. A run that no earlier life has
    seen is younger than any round there is: what is there belongs to runs that the runtime lost,
    and what their calls came to is given to the run in their place.

    Returns:
        The round that is still to be answered of a run that is over: it was put aside, or expired.
    """
    scope, lost = work.attempt.scope, list[str]()
    while isinstance(known := _batch_after(work), ToolCallsRequested):
        own = known.run_id == stop.run_id
        if lost and work.trace.calls[lost[-1]].run_id != known.run_id:
            lost = _give_out(work, lost)
        if own and isinstance(stop, RunRequiresAction) and _ids(known) == _ids(stop):
            break
        if not own and _has_begun(work, stop.run_id):
            break
        work.round += 1
        batch = _recalled(known)
        hangs = own and scope.recorded(f"round[{known.round}]/submitted") is None
        if hangs and isinstance(stop, RunEnded) and stop.status in ("cancelled", "expired"):
            note_calls(work, batch)
            return batch
        _take_in(work, batch, own=own)
        if not own:
            lost += [batch.key(call.id) for call in batch.calls]
    _give_out(work, lost)
    return None


def _ids(batch: ToolCallsRequested | RunRequiresAction) -> tuple[str, ...]:
    return tuple([call.id for call in batch.calls])


def _recalled(known: ToolCallsRequested) -> Batch:
    calls = tuple([ToolCall(one.id, one.tool, one.arguments) for one in known.calls])
    return Batch(known.round, known.run_id, calls)


def _take_in(work: AssistantWork, batch: Batch, *, own: bool) -> None:
    """Take in a round that is over. What its calls were given of earlier runs is given out."""
    ends = note_calls(work, batch)
    for call in batch.calls:
        arguments = admitted_arguments(work.assistant, call)
        if not isinstance(arguments, ToolFailed):
            take_earlier(work, call.name, arguments)
    outputs = tuple([one.output for one in ends if one is not None])
    if own and len(outputs) == len(batch.calls):
        work.rounds.append(AnsweredRound(batch.calls, outputs))


def _give_out(work: AssistantWork, lost: list[str]) -> list[str]:
    """Have the run that follows a lost one given what calls of that came to; none are left then."""
    for key in lost:
        keep(work, work.attempt.scope, key, work.trace.calls[key])
    return []


def _batch_after(work: AssistantWork) -> Event | None:
    return work.attempt.scope.recorded(f"round[{work.round + 1}]")


def _has_begun(work: AssistantWork, run_id: str) -> bool:
    """Tell whether an earlier life saw this very run under the request at hand."""
    scope = work.attempt.scope
    began = scope.recorded(work.run_key)
    if isinstance(began, AssistantRunStarted) and began.run_id == run_id:
        return True
    return scope.recorded(f"run[{run_id}]") is not None  # as flowrun 0.1 named it

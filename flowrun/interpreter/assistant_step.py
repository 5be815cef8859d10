"""An assistant as a step: a message on a thread, and the runs that answer it.

The loop is the Assistants API's own: a run goes until it ends or requires action; the calls of one
round are journaled, run side by side, and answered in one submission; then the run goes on.
Whoever enters the step again after a crash asks the runtime for the same labels and finds the same
assistant, thread and runs; what calls came to is in the journal.
"""

from contextlib import suppress

from flowrun.errors import RuntimeRejected
from flowrun.events.records import StepFinished
from flowrun.ids import JsonValue, derive
from flowrun.interpreter.assistant_runs import take_runs
from flowrun.interpreter.assistant_setup import (
    open_thread,
    put_assistant,
    run_request,
    with_overrides,
)
from flowrun.interpreter.assistant_work import AssistantWork, StepFailed, begin_work
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.output import MISFIT, Misfit, read_answer, repair_message
from flowrun.interpreter.state import FlowState, as_text
from flowrun.interpreter.tries import has_asked, keep_of_tries, misfit_of
from flowrun.plan.plan import AssistantAction, PlannedAssistant
from flowrun.ports.runtime import RunEnded

REPAIRS = 1
"""How often an answer that breaks its schema is sent back."""


async def run_assistant_step(
    attempt: Attempt, state: FlowState, action: AssistantAction
) -> StepFinished:
    """Take the step's run to its end and return the step's result, recorded as `finished`.

    Raises:
        ExpressionFailed: the message or the instructions could not be evaluated.
    """
    scope = attempt.scope
    assistant = with_overrides(state.prepared.assistants[action.assistant], action)
    work = begin_work(attempt, state, assistant)
    try:
        output = await _converse(work, action)
        result = work.trace.completed(output, now=scope.now())
    except (StepFailed, RuntimeRejected) as failure:
        await _close(work)
        result = _failed(work, failure)
    await scope.record("finished", result)
    if attempt.step.retry is None and not state.is_retried:
        work.trace.calls.clear()  # no other try is given them
    return result


async def _converse(work: AssistantWork, action: AssistantAction) -> JsonValue:
    """Ask, and ask once more when the answer breaks its schema."""
    attempt, trace = work.attempt, work.trace
    assistant_id = await put_assistant(work)
    trace.thread_id = await open_thread(work, action.thread)
    message = _message(work)
    keep_of_tries(work)
    misfit = Misfit("")
    for repair in range(REPAIRS + 1):
        key = f"run[{repair}]"
        label = derive("label_", attempt.scope.run_id, attempt.scope.path(key))
        request = run_request(work, assistant_id, label=label, message=message)
        answer = _read(work, await take_runs(work, request, key))
        if not isinstance(answer, Misfit):
            return answer
        misfit, message = answer, repair_message(answer)
        trace.misfit = misfit.problem
    raise StepFailed("output", f"{MISFIT}{misfit.problem}")


def _message(work: AssistantWork) -> str | None:
    """Return what the thread is told; nothing when an earlier try has told it."""
    attempt = work.attempt
    if has_asked(work):
        problem = misfit_of(work)
        return None if problem is None else repair_message(Misfit(problem))
    template = work.state.prepared.messages.get(attempt.step.name)
    return None if template is None else as_text(template.evaluate(attempt.names))


def _read(work: AssistantWork, ended: RunEnded) -> JsonValue | Misfit:
    """Return the run's answer; a run that did not complete has none."""
    reached = work.state.spending.reached()
    if ended.status != "completed":
        if reached is not None and ended.status == "cancelled":
            raise StepFailed("budget", reached)
        code = "denied" if ended.denied else _FAILURE_CODES.get(ended.status, "endpoint")
        problem = ended.error or f"the run ended `{ended.status}`"
        raise StepFailed(code, problem, ended.error_hint)
    answer = _answer(ended, work.assistant)
    if reached is not None:
        raise StepFailed("budget", reached, output=None if isinstance(answer, Misfit) else answer)
    return answer


def _answer(ended: RunEnded, assistant: PlannedAssistant) -> JsonValue | Misfit:
    if assistant.output is None:
        return "\n\n".join(ended.messages)
    return read_answer(ended.messages[-1] if ended.messages else "", assistant.output)


async def _close(work: AssistantWork) -> None:
    """Leave no run open that nobody takes further."""
    run_id = work.let_go()
    if run_id is not None:
        with suppress(RuntimeRejected):  # why the step failed is what is to be told
            used = await work.state.runtime.cancel(work.trace.thread_id, run_id)
            work.trace.count(run_id, used)


def _failed(work: AssistantWork, failure: StepFailed | RuntimeRejected) -> StepFinished:
    now = work.attempt.scope.now()
    if isinstance(failure, RuntimeRejected):
        return work.trace.failed("runtime", str(failure), now=now)
    return work.trace.failed(
        failure.code, str(failure), now=now, hint=failure.hint, output=failure.output
    )


_FAILURE_CODES = {
    "failed": "endpoint",
    "incomplete": "incomplete",
    "expired": "expired",
    "cancelled": "cancelled",
}

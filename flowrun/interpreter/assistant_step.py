"""An assistant as a step: one run on a thread, and every action it requires.

The loop is the Assistants API's own: a run goes until it ends or requires action; the calls of one
round are journaled, run side by side, and answered in one submission; then the run goes on.
Whoever enters the step again after a crash asks the runtime for the same labels and finds the same
assistant, thread and run; what calls came to is in the journal.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import replace

from flowrun.errors import RuntimeRejected
from flowrun.events.records import (
    AssistantRunStarted,
    MessageDelta,
    StepFinished,
    ToolOutputsSubmitted,
)
from flowrun.ids import JsonValue, derive
from flowrun.interpreter.assistant_work import AssistantWork, StepFailed
from flowrun.interpreter.output import Misfit, read_answer, repair_message, response_format
from flowrun.interpreter.state import FlowState, as_text
from flowrun.interpreter.tool_round import (
    answer_round,
    keep_for_next_run,
    recall_rounds,
    refuse_failures,
)
from flowrun.plan.plan import AssistantAction, PlannedAssistant, PlannedStep
from flowrun.ports.durable import Durable
from flowrun.ports.runtime import (
    AssistantDefinition,
    RunBegan,
    RunEnded,
    RunEvent,
    RunRequest,
    RunRequiresAction,
    RunTextDelta,
)

REPAIRS = 1
"""How often an answer that breaks its schema is sent back."""

GENERATIONS = 8
"""How many runs a step may take when one after the other expires, as over a long interruption."""


async def run_assistant_step(
    scope: Durable, state: FlowState, step: PlannedStep, action: AssistantAction
) -> StepFinished:
    """Take the step's run to its end and return the step's result.

    Raises:
        ExpressionFailed: the message or the instructions could not be evaluated.
    """
    assistant = _with_overrides(state.prepared.assistants[action.assistant], action)
    work = AssistantWork(
        scope=scope, state=state, step=step, assistant=assistant, began=scope.now()
    )
    try:
        output = await _converse(work, action)
    except StepFailed as failure:
        return work.finish(failure=failure)
    except RuntimeRejected as failure:
        return work.finish(failure=StepFailed("runtime", str(failure)))
    return work.finish(output=output)


async def _converse(work: AssistantWork, action: AssistantAction) -> JsonValue:
    """Ask, and ask once more when the answer breaks its schema."""
    assistant_id = await _put_assistant(work)
    work.thread_id = await _open_thread(work, action)
    template = work.state.prepared.messages.get(work.step.name)
    message = None if template is None else as_text(template.evaluate(work.state.scope))
    misfit = Misfit("")
    for attempt in range(REPAIRS + 1):
        label = derive("label_", work.scope.run_id, work.scope.path(f"run[{attempt}]"))
        ended = await _take_runs(work, _request(work, assistant_id, label, message))
        answer = _read(ended, work.assistant)
        if not isinstance(answer, Misfit):
            return answer
        misfit, message = answer, repair_message(answer)
    raise StepFailed("output", f"the answer does not fit its schema: {misfit.problem}")


async def _take_runs(work: AssistantWork, request: RunRequest) -> RunEnded:
    """Take a run to its end; one that expired meanwhile is followed by its next generation.

    The thread has the message already, and calls that were answered are not made again.
    """
    ended = await _take_run(work, request)
    for generation in range(1, GENERATIONS):
        if ended.status != "expired":
            break
        keep_for_next_run(work, ended.run_id)
        label = derive("label_", request.label, f"generation[{generation}]")
        ended = await _take_run(work, replace(request, label=label, message=None))
    return ended


async def _take_run(work: AssistantWork, request: RunRequest) -> RunEnded:
    """Start or find one run and answer every action it requires."""
    runtime, scope = work.state.runtime, work.scope
    stream = runtime.start_run(request)
    while True:
        stop = await _follow(work, stream)
        recall_rounds(work, stop)
        if isinstance(stop, RunEnded):
            if stop.status == "cancelled":
                refuse_failures(work, stop.run_id)  # it was we, before an interruption
            work.messages += stop.messages
            work.usage += stop.usage
            return stop
        work.round += 1
        try:
            outputs = await answer_round(work, stop)
        except StepFailed:
            with suppress(RuntimeRejected):  # why the step failed is what is to be told
                await runtime.cancel(request.thread_id, stop.run_id)
            raise
        submitted = ToolOutputsSubmitted(
            step=work.step.name,
            run_id=stop.run_id,
            round=work.round,
            call_ids=tuple(one.call_id for one in outputs),
        )
        scope.emit(f"round[{work.round}]/submitted", submitted)
        stream = runtime.submit_tool_outputs(request.thread_id, stop.run_id, outputs)


async def _follow(
    work: AssistantWork, stream: AsyncIterator[RunEvent]
) -> RunRequiresAction | RunEnded:
    """Pass on what streams by, up to the run's next stop; the stream is closed on every way out."""
    try:
        async for event in stream:
            match event:
                case RunTextDelta(text=text):
                    work.scope.show(MessageDelta(step=work.step.name, text=text))
                case RunBegan(run_id=run_id):
                    _note_began(work, run_id)
                case RunRequiresAction() | RunEnded():
                    return event
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
    raise StepFailed("runtime", "the run's stream ended before the run did")


def _note_began(work: AssistantWork, run_id: str) -> None:
    work.run_id = run_id
    began = AssistantRunStarted(
        step=work.step.name,
        assistant=work.assistant.name,
        thread_id=work.thread_id,
        run_id=run_id,
    )
    work.scope.emit(f"run[{run_id}]", began)


async def _put_assistant(work: AssistantWork) -> str:
    state, assistant = work.state, work.assistant
    known = state.assistant_ids.get(assistant.name)
    if known is not None:
        return known
    instructions = state.prepared.instructions[assistant.name].evaluate(
        {name: value for name, value in state.scope.items() if name != "steps"}
    )
    definition = AssistantDefinition(
        name=assistant.name,
        model=assistant.model,
        endpoint=assistant.endpoint,
        instructions=as_text(instructions),
        description=assistant.description,
        tools=tuple(state.prepared.functions[name] for name in assistant.tools),
        temperature=assistant.temperature,
        top_p=assistant.top_p,
        reasoning_effort=assistant.reasoning_effort,
        response_format=assistant.response_format,
        metadata=assistant.metadata,
    )
    state.assistant_ids[assistant.name] = await state.runtime.put_assistant(definition)
    return state.assistant_ids[assistant.name]


async def _open_thread(work: AssistantWork, action: AssistantAction) -> str:
    state, run_id, name = work.state, work.scope.run_id, action.thread
    if name is None:
        return await state.runtime.open_thread(derive("label_", run_id, "step", work.step.name))
    if name in state.thread_ids:
        return state.thread_ids[name]
    declared = state.prepared.threads[name]
    key = state.prepared.thread_keys.get(name)
    if key is None:
        label = derive("label_", run_id, "thread", name)
    else:
        said = as_text(key.evaluate(state.scope))
        label = derive("label_", "key", state.prepared.plan.flow, name, said)
    thread_id = await state.runtime.open_thread(label, declared.metadata)
    state.thread_ids[name] = thread_id
    return thread_id


def _with_overrides(assistant: PlannedAssistant, action: AssistantAction) -> PlannedAssistant:
    if not action.overrides:
        return assistant
    return replace(assistant, **action.overrides)  # type: ignore[arg-type]  # compiled under these names


def _request(work: AssistantWork, assistant_id: str, label: str, message: str | None) -> RunRequest:
    assistant = work.assistant
    return RunRequest(
        thread_id=work.thread_id,
        assistant_id=assistant_id,
        label=label,
        message=message,
        tool_choice=assistant.tool_choice,
        parallel_tool_calls=assistant.parallel_tool_calls,
        max_prompt_tokens=assistant.max_prompt_tokens,
        max_completion_tokens=assistant.max_completion_tokens,
        truncation=assistant.truncation,
        response_format=(
            assistant.response_format
            if assistant.output is None
            else response_format(work.step.name, assistant.output)
        ),
    )


def _read(ended: RunEnded, assistant: PlannedAssistant) -> JsonValue | Misfit:
    """Return the run's answer; a run that did not complete has none."""
    if ended.status != "completed":
        code = "denied" if ended.denied else _FAILURE_CODES.get(ended.status, "endpoint")
        problem = ended.error or f"the run ended `{ended.status}`"
        raise StepFailed(code, problem, ended.error_hint)
    if assistant.output is None:
        return "\n\n".join(ended.messages)
    return read_answer(ended.messages[-1] if ended.messages else "", assistant.output)


_FAILURE_CODES = {
    "failed": "endpoint",
    "incomplete": "incomplete",
    "expired": "expired",
    "cancelled": "cancelled",
}

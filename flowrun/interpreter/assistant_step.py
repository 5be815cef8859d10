"""An assistant as a step: one run on a thread, and every action it requires.

The loop is the Assistants API's own: a run goes until it ends or requires action; the calls of one
round are journaled, run side by side, and answered in one submission; then the run goes on.
Whoever enters the step again after a crash asks the runtime for the same labels and finds the same
assistant, thread and run; tool results come from the journal.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from flowrun.errors import FlowrunError, RuntimeRejected
from flowrun.events.records import (
    AssistantRunStarted,
    Event,
    MessageDelta,
    StepFinished,
    ToolCallFinished,
    ToolCallRequest,
    ToolCallsRequested,
    ToolCallStarted,
    ToolOutputsSubmitted,
)
from flowrun.ids import JsonObject, JsonValue, derive
from flowrun.interpreter.output import Misfit, read_answer, repair_message, response_format
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.tool_call import call_tool, told_to_model, unknown_outcome
from flowrun.plan.plan import AssistantAction, PlannedAssistant, PlannedStep
from flowrun.ports.durable import Durable, OutcomeUnknown
from flowrun.ports.models import TokenUsage, ToolCall
from flowrun.ports.runtime import (
    AssistantDefinition,
    RunBegan,
    RunEnded,
    RunEvent,
    RunRequest,
    RunRequiresAction,
    RunTextDelta,
    ToolOutput,
)
from flowrun.ports.tools import ToolFailed, ToolOutcome

REPAIRS = 1
"""How often an answer that breaks its schema is sent back."""


@dataclass(slots=True)
class _Progress:
    """What one step has gathered so far."""

    began: float
    thread_id: str = ""
    run_id: str | None = None
    round: int = 0
    usage: TokenUsage = field(default_factory=TokenUsage)
    messages: tuple[str, ...] = ()
    tool_calls: list[JsonObject] = field(default_factory=list)


class _StepFailed(FlowrunError):
    """The step cannot go on; becomes its result and goes no further."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


async def run_assistant_step(
    scope: Durable, state: FlowState, step: PlannedStep, action: AssistantAction
) -> StepFinished:
    """Take the step's run to its end and return the step's result.

    Raises:
        ExpressionFailed: the message or the instructions could not be evaluated.
    """
    progress = _Progress(scope.now())
    try:
        output = await _converse(scope, state, step, action, progress=progress)
    except _StepFailed as failure:
        return _result(scope, step, progress, failure=failure)
    except RuntimeRejected as failure:
        return _result(scope, step, progress, failure=_StepFailed("runtime", str(failure)))
    return _result(scope, step, progress, output=output)


async def _converse(
    scope: Durable,
    state: FlowState,
    step: PlannedStep,
    action: AssistantAction,
    *,
    progress: _Progress,
) -> JsonValue:
    assistant = _with_overrides(state.prepared.assistants[action.assistant], action)
    assistant_id = await _put_assistant(state, assistant)
    progress.thread_id = await _open_thread(scope, state, step, action)
    template = state.prepared.messages.get(step.name)
    message = None if template is None else str(template.evaluate(state.scope))
    misfit = Misfit("")
    for attempt in range(REPAIRS + 1):
        request = RunRequest(
            thread_id=progress.thread_id,
            assistant_id=assistant_id,
            label=derive("label_", scope.run_id, step.name, f"run[{attempt}]"),
            message=message,
            tool_choice=assistant.tool_choice,
            parallel_tool_calls=assistant.parallel_tool_calls,
            max_prompt_tokens=assistant.max_prompt_tokens,
            max_completion_tokens=assistant.max_completion_tokens,
            truncation=assistant.truncation,
            response_format=_response_format(step, assistant),
        )
        ended = await _take_run(scope, state, step, assistant, request, progress=progress)
        progress.messages += ended.messages
        progress.usage += ended.usage
        answer = _read(ended, assistant)
        if not isinstance(answer, Misfit):
            return answer
        misfit, message = answer, repair_message(answer)
    raise _StepFailed("output", f"the answer does not fit its schema: {misfit.problem}")


async def _take_run(
    scope: Durable,
    state: FlowState,
    step: PlannedStep,
    assistant: PlannedAssistant,
    request: RunRequest,
    *,
    progress: _Progress,
) -> RunEnded:
    stream = state.runtime.start_run(request)
    while True:
        stop = await _follow(scope, step, assistant, stream, progress=progress)
        _recall(scope, progress, stop)
        if isinstance(stop, RunEnded):
            return stop
        progress.round += 1
        try:
            outputs = await _answer(scope, state, step, assistant, stop, progress=progress)
        except _StepFailed:
            await state.runtime.cancel(request.thread_id, stop.run_id)
            raise
        scope.emit(
            f"round[{progress.round}]/submitted",
            ToolOutputsSubmitted(
                step=step.name,
                run_id=stop.run_id,
                round=progress.round,
                call_ids=tuple(one.call_id for one in outputs),
            ),
        )
        stream = state.runtime.submit_tool_outputs(request.thread_id, stop.run_id, outputs)


async def _follow(
    scope: Durable,
    step: PlannedStep,
    assistant: PlannedAssistant,
    stream: AsyncIterator[RunEvent],
    *,
    progress: _Progress,
) -> RunRequiresAction | RunEnded:
    """Pass on what streams by, up to the run's next stop."""
    async for event in stream:
        match event:
            case RunTextDelta(text=text):
                scope.show(MessageDelta(step=step.name, text=text))
            case RunBegan(run_id=run_id):
                progress.run_id = run_id
                scope.emit(
                    f"run[{run_id}]",
                    AssistantRunStarted(
                        step=step.name,
                        assistant=assistant.name,
                        thread_id=progress.thread_id,
                        run_id=run_id,
                    ),
                )
            case RunRequiresAction() | RunEnded():
                return event
    raise _StepFailed("runtime", "the run's stream ended before the run did")


async def _answer(
    scope: Durable,
    state: FlowState,
    step: PlannedStep,
    assistant: PlannedAssistant,
    stop: RunRequiresAction,
    *,
    progress: _Progress,
) -> list[ToolOutput]:
    """Run all calls of a round side by side and return the complete set of outputs."""
    batch = ToolCallsRequested(
        step=step.name,
        run_id=stop.run_id,
        round=progress.round,
        calls=tuple(
            ToolCallRequest(id=call.id, tool=call.name, arguments=call.arguments)
            for call in stop.calls
        ),
    )
    known = [state.prepared.tools.get(call.name) for call in stop.calls]
    if all(tool is not None and tool.effect == "at_most_once" for tool in known):
        scope.emit(f"round[{progress.round}]", batch)  # durable with the intents that follow
    else:
        await scope.record(f"round[{progress.round}]", batch)
    ended = await asyncio.gather(
        *[
            _call(
                scope, state, step, assistant, call, key=f"round[{progress.round}]/tool[{call.id}]"
            )
            for call in stop.calls
        ]
    )
    progress.tool_calls += [
        _call_record(call, one) for call, one in zip(batch.calls, ended, strict=True)
    ]
    _refuse_failures(state, ended)
    return [ToolOutput(one.call_id, one.output) for one in ended]


async def _call(
    scope: Durable,
    state: FlowState,
    step: PlannedStep,
    assistant: PlannedAssistant,
    call: ToolCall,
    *,
    key: str,
) -> ToolCallFinished:
    """Answer one call: what happened is remembered under the key, with what the model is told."""
    began = scope.now()
    arguments = _arguments(assistant, call)

    async def act() -> ToolCallFinished:
        scope.show(ToolCallStarted(step=step.name, call_id=call.id, tool=call.name))
        if isinstance(arguments, ToolFailed):
            return _finished(step, call, arguments, scope.now() - began)
        outcome = await call_tool(scope, state, call.name, arguments, key=key)
        return _finished(step, call, outcome, scope.now() - began)

    tool = state.prepared.tools.get(call.name)
    runs = tool is not None and not isinstance(arguments, ToolFailed)
    policy = tool.effect if runs and tool else "repeatable"
    try:
        return cast("ToolCallFinished", await scope.effect(key, act, policy))
    except OutcomeUnknown:
        finished = _finished(step, call, unknown_outcome(call.name), scope.now() - began)
        await scope.record(key, finished)
        return finished


def _arguments(assistant: PlannedAssistant, call: ToolCall) -> JsonObject | ToolFailed:
    """Return the arguments, or why the tool cannot even be asked."""
    if call.name not in assistant.tools:
        names = ", ".join(f"`{name}`" for name in assistant.tools) or "none"
        message = f"there is no tool `{call.name}`; there is: {names}"
        return ToolFailed(kind="unknown_tool", message=message)
    arguments = _read_arguments(call.arguments)
    if isinstance(arguments, str):
        return ToolFailed(kind="bad_arguments", message=arguments)
    return arguments


def _finished(
    step: PlannedStep, call: ToolCall, outcome: ToolOutcome, duration_s: float
) -> ToolCallFinished:
    failed = isinstance(outcome, ToolFailed)
    return ToolCallFinished(
        step=step.name,
        call_id=call.id,
        tool=call.name,
        status="failed" if failed else "completed",
        output=told_to_model(outcome),
        error=outcome.kind if isinstance(outcome, ToolFailed) else None,
        duration_s=duration_s,
    )


def _refuse_failures(state: FlowState, ended: Sequence[ToolCallFinished]) -> None:
    """Fail the step for a tool that says so, or whose outcome nobody can know."""
    for one in ended:
        said = one.output.removeprefix("Error: ")
        if one.error == "outcome_unknown":
            raise _StepFailed("outcome_unknown", said)
        tool = state.prepared.tools.get(one.tool)
        if one.error is not None and tool is not None and tool.on_error == "fail":
            raise _StepFailed("tool", f"tool `{one.tool}`: {said}")


def _recall(scope: Durable, progress: _Progress, stop: RunRequiresAction | RunEnded) -> None:
    """Take in the rounds that an earlier life of this run finished, up to the one at hand."""
    at_hand = stop.calls if isinstance(stop, RunRequiresAction) else ()
    ids = tuple(call.id for call in at_hand)
    while True:
        key = f"round[{progress.round + 1}]"
        known = scope.recorded(key)
        if not isinstance(known, ToolCallsRequested):
            return
        if known.run_id == stop.run_id and tuple(call.id for call in known.calls) == ids:
            return
        progress.round += 1
        progress.tool_calls += [
            _call_record(call, scope.recorded(f"{key}/tool[{call.id}]")) for call in known.calls
        ]


def _call_record(call: ToolCallRequest, ended: Event | None) -> JsonObject:
    known = ended if isinstance(ended, ToolCallFinished) else None
    return {
        "id": call.id,
        "name": call.tool,
        "arguments": call.arguments,
        "output": None if known is None else known.output,
        "error": None if known is None else known.error,
    }


async def _put_assistant(state: FlowState, assistant: PlannedAssistant) -> str:
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
        instructions=str(instructions),
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


async def _open_thread(
    scope: Durable, state: FlowState, step: PlannedStep, action: AssistantAction
) -> str:
    name = action.thread
    if name is not None and name in state.thread_ids:
        return state.thread_ids[name]
    if name is None:
        return await state.runtime.open_thread(derive("label_", scope.run_id, "step", step.name))
    declared = next(one for one in state.prepared.plan.threads if one.name == name)
    key = state.prepared.thread_keys.get(name)
    if key is None:
        label = derive("label_", scope.run_id, "thread", name)
    else:
        said = str(key.evaluate(state.scope))
        label = derive("label_", "key", state.prepared.plan.flow, name, said)
    thread_id = await state.runtime.open_thread(label, declared.metadata)
    state.thread_ids[name] = thread_id
    return thread_id


def _with_overrides(assistant: PlannedAssistant, action: AssistantAction) -> PlannedAssistant:
    if not action.overrides:
        return assistant
    return replace(assistant, **action.overrides)  # type: ignore[arg-type]  # compiled under these names


def _response_format(step: PlannedStep, assistant: PlannedAssistant) -> JsonValue:
    if assistant.output is None:
        return assistant.response_format
    return response_format(step.name, assistant.output)


def _read(ended: RunEnded, assistant: PlannedAssistant) -> JsonValue | Misfit:
    """Return the run's answer; a run that did not complete has none."""
    if ended.status != "completed":
        code = "denied" if ended.denied else _FAILURE_CODES.get(ended.status, "endpoint")
        problem = ended.error or f"the run ended `{ended.status}`"
        raise _StepFailed(code, problem, ended.error_hint)
    text = "\n\n".join(ended.messages)
    if assistant.output is None:
        return text
    return read_answer(ended.messages[-1] if ended.messages else "", assistant.output)


_FAILURE_CODES = {
    "failed": "endpoint",
    "incomplete": "incomplete",
    "expired": "expired",
    "cancelled": "cancelled",
}


def _read_arguments(text: str) -> JsonObject | str:
    """Return the arguments, or what is wrong with them in words for the model."""
    try:
        value = json.loads(text or "{}")
    except ValueError as failure:
        return f"expected the arguments as a JSON object, found text that is not JSON: {failure}"
    if not isinstance(value, dict):
        return f"expected the arguments as a JSON object, found `{text[:80]}`"
    return cast("JsonObject", value)


def _result(
    scope: Durable,
    step: PlannedStep,
    progress: _Progress,
    *,
    output: JsonValue = None,
    failure: _StepFailed | None = None,
) -> StepFinished:
    usage = progress.usage
    return StepFinished(
        step=step.name,
        status="completed" if failure is None else "failed",
        output=output,
        error=None if failure is None else str(failure),
        error_code=None if failure is None else failure.code,
        hint=None if failure is None else failure.hint,
        messages=progress.messages,
        tool_calls=tuple(progress.tool_calls),
        usage={
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        },
        thread_id=progress.thread_id or None,
        run_id=progress.run_id,
        duration_s=scope.now() - progress.began,
    )

"""What an assistant step needs at the runtime before its run: the assistant, the thread."""

from dataclasses import replace

from flowrun.ids import derive
from flowrun.interpreter.assistant_work import AssistantWork
from flowrun.interpreter.output import response_format
from flowrun.interpreter.state import as_text
from flowrun.interpreter.tool_outcome import path_without_tries
from flowrun.plan.plan import AssistantAction, PlannedAssistant
from flowrun.ports.runtime import AssistantDefinition, RunRequest


def with_overrides(assistant: PlannedAssistant, action: AssistantAction) -> PlannedAssistant:
    """Return the assistant with the step's own run options."""
    if not action.overrides:
        return assistant
    return replace(assistant, **action.overrides)  # type: ignore[arg-type]  # compiled under these names


async def put_assistant(work: AssistantWork) -> str:
    """Return the id of the step's assistant, making it if there is none."""
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


async def open_thread(work: AssistantWork, name: str | None) -> str:
    """Return the id of the step's thread: a named one, or the step's or the item's own."""
    state = work.state
    if name is None:
        return await state.runtime.open_thread(_private_label(work))
    if name in state.thread_ids:
        return state.thread_ids[name]
    declared = state.prepared.threads[name]
    thread_id = await state.runtime.open_thread(_shared_label(work, name), declared.metadata)
    state.thread_ids[name] = thread_id
    return thread_id


def run_request(
    work: AssistantWork, assistant_id: str, *, label: str, message: str | None
) -> RunRequest:
    """Return what the runtime is asked for."""
    assistant = work.assistant
    return RunRequest(
        thread_id=work.trace.thread_id,
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
            else response_format(work.attempt.step.name, assistant.output)
        ),
    )


def _private_label(work: AssistantWork) -> str:
    """Return the label of the thread that iterations and tries share and nobody else has."""
    run_id, name = work.attempt.scope.run_id, work.attempt.step.name
    home = path_without_tries(work.attempt.home, "")
    return derive("label_", run_id, "step", name if home == f"steps/{name}" else home)


def _shared_label(work: AssistantWork, name: str) -> str:
    state, run_id = work.state, work.attempt.scope.run_id
    key = state.prepared.thread_keys.get(name)
    if key is not None:
        said = as_text(key.evaluate(state.scope))
        return derive("label_", "key", state.prepared.plan.flow, name, said)
    base = (state.thread_base,) if state.thread_base else ()
    return derive("label_", run_id, "thread", *base, name)

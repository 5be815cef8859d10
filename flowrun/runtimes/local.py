"""The embedded Assistants runtime behind the `Runtime` port.

It translates and adds nothing: labels, locks, expiry and durability are the service's.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from flowrun.assistants.limits import read_truncation
from flowrun.assistants.live import LiveRun
from flowrun.assistants.progress import RunChanged
from flowrun.assistants.records import (
    AssistantRun,
    NewAssistant,
    NewMessage,
    NewRun,
    RunCut,
    RunOptions,
    TextPart,
)
from flowrun.assistants.service import AssistantsService
from flowrun.ids import JsonObject, JsonValue, canonical_json, digest
from flowrun.ports.models import TokenUsage
from flowrun.ports.runtime import (
    AssistantDefinition,
    RunBegan,
    RunEnded,
    RunEvent,
    RunRequest,
    RunRequiresAction,
    RunTextDelta,
    RuntimeCapabilities,
    ToolOutput,
)

_CAPABILITIES = RuntimeCapabilities(
    fields=frozenset(
        (
            "name",
            "model",
            "endpoint",
            "instructions",
            "description",
            "tools",
            "temperature",
            "top_p",
            "reasoning_effort",
            "response_format",
            "output",
            "metadata",
            "tool_choice",
            "parallel_tool_calls",
            "max_prompt_tokens",
            "max_completion_tokens",
            "truncation",
        )
    ),
    tools=frozenset(),
    keyed_threads=True,
    rounds=True,
)


class LocalRuntime:
    """Assistants, threads and runs in this process, on this store."""

    def __init__(self, service: AssistantsService) -> None:
        self._service = service

    @property
    def capabilities(self) -> RuntimeCapabilities:
        """Facts about this runtime."""
        return _CAPABILITIES

    async def put_assistant(self, definition: AssistantDefinition) -> str:
        """Return the id of the assistant that is exactly so, making it if there is none."""
        wanted = NewAssistant(
            name=definition.name,
            model=definition.model,
            endpoint=definition.endpoint,
            instructions=definition.instructions,
            description=definition.description,
            tools=definition.tools,
            temperature=definition.temperature,
            top_p=definition.top_p,
            reasoning_effort=definition.reasoning_effort,
            response_format=definition.response_format,
            metadata=dict(definition.metadata),
        )
        return self._service.put_assistant(wanted, digest(canonical_json(_facts(definition)))).id

    async def open_thread(self, label: str, metadata: Sequence[tuple[str, str]] = ()) -> str:
        """Return the id of the thread with this label, making it if there is none."""
        return self._service.open_thread(label, dict(metadata)).id

    async def start_run(self, request: RunRequest) -> AsyncGenerator[RunEvent, None]:
        """Start a run, or attach to the one with this label; end at its next stop.

        Raises:
            RuntimeRejected: the thread has another active run, or a field is out of bounds.
        """
        live = self._service.begin_run(_wanted_run(request))
        yield RunBegan(live.run.id)
        async with aclosing(self._events(live)) as events:
            async for event in events:
                yield event

    async def submit_tool_outputs(
        self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]
    ) -> AsyncGenerator[RunEvent, None]:
        """Submit the complete set of outputs and go on to the run's next stop.

        A run that took these outputs already is attached to instead, and one that is over by now
        (expired or cancelled while the tools ran) says how it ended.
        """
        live = self._service.live_run(thread_id, run_id)
        if not live.run.is_over:
            await self._service.submit_tool_outputs(thread_id, run_id, outputs)
        async with aclosing(self._events(live)) as events:
            async for event in events:
                yield event

    async def cancel(self, thread_id: str, run_id: str) -> TokenUsage:
        """Cancel the run; a run that is over stays as it is. Return what it used in all."""
        live = self._service.live_run(thread_id, run_id)
        if not live.run.is_over:
            await self._service.cancel(thread_id, run_id)
        return live.run.state.tokens

    async def _events(self, live: LiveRun) -> AsyncGenerator[RunEvent, None]:
        """Follow a run to its stop."""
        async with aclosing(self._service.follow(live)) as progress:
            async for told in progress:
                if isinstance(told, RunTextDelta):
                    yield told
                elif isinstance(told, RunChanged) and told.stops:
                    yield _stop(told.run, live)


def _stop(run: AssistantRun, live: LiveRun) -> RunRequiresAction | RunEnded:
    if not run.is_over:
        return RunRequiresAction(run.id, run.state.pending_calls, run.state.tokens)
    state = run.state
    error = state.last_error
    code, sentence = _why(run)
    return RunEnded(
        run_id=run.id,
        status=run.status,
        messages=tuple(live.texts),
        usage=state.tokens,
        error_code=code,
        error=sentence,
        error_hint=error.hint if error else None,
        denied=error.denied if error else False,
    )


def _why(run: AssistantRun) -> tuple[str | None, str | None]:
    """Return code and sentence of a run that did not complete."""
    state, options = run.state, run.options
    if state.last_error is not None:
        return state.last_error.code, state.last_error.message
    if run.status == "expired":
        lifetime = run.deadline - run.created_at
        return "expired", f"the run was not over within {lifetime} seconds of its creation"
    if state.cut is None:
        return None, None
    return state.cut, _cut_sentence(state.cut, options)


def _cut_sentence(cut: RunCut, options: RunOptions) -> str:
    match cut:
        case "max_prompt_tokens":
            return f"the run may send {options.max_prompt_tokens} prompt tokens and needs more"
        case "max_completion_tokens" if options.max_completion_tokens is None:
            return "the answer reached the length that the endpoint allows"
        case "max_completion_tokens":
            allowed = options.max_completion_tokens
            return f"the run may use {allowed} completion tokens and needs more"
        case "content_filter":
            return "the endpoint's content filter stopped the answer"


def _wanted_run(request: RunRequest) -> NewRun:
    message = request.message
    return NewRun(
        thread_id=request.thread_id,
        assistant_id=request.assistant_id,
        label=request.label,
        messages=() if message is None else (NewMessage(content=(TextPart(message),)),),
        rounds=request.rounds,
        options=RunOptions(
            tool_choice=request.tool_choice,
            parallel_tool_calls=request.parallel_tool_calls,
            max_prompt_tokens=request.max_prompt_tokens,
            max_completion_tokens=request.max_completion_tokens,
            truncation=read_truncation(request.truncation),
            response_format=request.response_format,
        ),
        metadata=dict(request.metadata),
    )


def _facts(definition: AssistantDefinition) -> JsonObject:
    """Return all that makes two definitions the same assistant."""
    facts: dict[str, JsonValue] = {
        name: getattr(definition, name)
        for name in AssistantDefinition.__slots__
        if name not in ("tools", "metadata")
    }
    facts["tools"] = [
        [tool.name, tool.description, tool.parameters, tool.strict] for tool in definition.tools
    ]
    facts["metadata"] = dict(definition.metadata)
    return facts

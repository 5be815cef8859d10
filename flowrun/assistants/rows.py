"""Rows of the assistants tables ⇄ records.

Texts of people and models go into JSON with everything beyond ASCII escaped: a model may send
half a surrogate pair, which is no UTF-8 and which no database takes.
"""

import json
from dataclasses import asdict
from typing import cast

from flowrun.assistants.records import (
    Assistant,
    AssistantRun,
    ContentPart,
    LastError,
    Message,
    NewAssistant,
    RefusalPart,
    RunCut,
    RunOptions,
    RunSnapshot,
    RunState,
    RunStep,
    StepStatus,
    TextPart,
    Thread,
    Truncation,
)
from flowrun.ids import JsonObject, JsonValue
from flowrun.ports.models import FunctionTool, TokenUsage, ToolCall
from flowrun.ports.runtime import RunStatus
from flowrun.storage.database import Row, SqlValue

_encode = json.JSONEncoder(separators=(",", ":")).encode


def sqlable(text: str) -> str:
    """Return the text with lone surrogates written out."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def assistant_body(assistant: Assistant) -> str:
    """Return all of an assistant that is not looked up by."""
    return _encode(asdict(assistant.spec))


def thread_body(thread: Thread) -> str:
    """Return all of a thread that is not looked up by."""
    return _encode({"metadata": thread.metadata})


def message_body(message: Message) -> str:
    """Return all of a message that is not looked up by; what is absent is left out."""
    body: dict[str, JsonValue] = {"content": [_part_json(part) for part in message.content]}
    if message.assistant_id is not None:
        body["assistant_id"] = message.assistant_id
    if message.cut is not None:
        body["cut"] = message.cut
    if message.metadata:
        body["metadata"] = message.metadata
    return _encode(body)


def snapshot_json(snapshot: RunSnapshot) -> str:
    """Return the one text of a snapshot; its digest is the snapshot's key."""
    return _encode(asdict(snapshot))


def run_body(run: AssistantRun) -> str:
    """Return what a run was asked for."""
    options = run.options
    truncation = options.truncation
    return _encode(
        {
            "metadata": run.metadata,
            "tool_choice": options.tool_choice,
            "parallel_tool_calls": options.parallel_tool_calls,
            "max_prompt_tokens": options.max_prompt_tokens,
            "max_completion_tokens": options.max_completion_tokens,
            "truncation": (truncation.type, truncation.last_messages),
            "response_format": options.response_format,
        }
    )


def tokens_json(state: RunState) -> str:
    """Return what a run used and what it was charged."""
    return _encode([*_usage_list(state.tokens), state.prompt_charged, state.completion_charged])


def ending_json(state: RunState) -> str | None:
    """Return why a run did not complete."""
    return _encode({"cut": state.cut}) if state.cut is not None else error_json(state.last_error)


def error_json(error: LastError | None) -> str | None:
    """Return an error as it stands in `ending`."""
    return None if error is None else _encode({"error": asdict(error)})


def calls_json(step: RunStep) -> str | None:
    """Return a step's calls; None for one that wrote a message."""
    if step.message_id is not None:
        return None
    return _encode([(call.id, call.name, call.arguments) for call in step.calls])


def outputs_json(step: RunStep) -> str | None:
    """Return the outputs of a step's calls; None until there are any."""
    return None if step.outputs is None else _encode(step.outputs)


def usage_json(step: RunStep) -> str | None:
    """Return a step's tokens; None when the endpoint reported none."""
    return None if step.tokens is None else _encode(_usage_list(step.tokens))


def read_assistant(row: Row) -> Assistant:
    """Return the assistant of a row."""
    identifier, label, created_at, body = row
    spec = json.loads(_text(body))
    spec["tools"] = tuple([FunctionTool(**tool) for tool in spec["tools"]])
    return Assistant(
        id=_text(identifier),
        label=_text(label),
        created_at=integer(created_at),
        spec=NewAssistant(**spec),
    )


def read_thread(row: Row) -> Thread:
    """Return the thread of a row."""
    number, identifier, label, created_at, body = row
    return Thread(
        number=integer(number),
        id=_text(identifier),
        label=_text(label),
        created_at=integer(created_at),
        metadata=json.loads(_text(body))["metadata"],
    )


def read_message(row: Row, thread_id: str) -> Message:
    """Return the message of a row."""
    identifier, place, run_id, role, status, created_at, ended_at, body = row
    rest = json.loads(_text(body))
    return Message(
        id=_text(identifier),
        thread_id=thread_id,
        place=integer(place),
        run_id=None if run_id is None else _text(run_id),
        role="user" if role == "user" else "assistant",
        status="completed" if status == "completed" else "incomplete",
        created_at=integer(created_at),
        ended_at=_integer_or_none(ended_at),
        content=_read_content(_text(body)),
        cut=rest.get("cut"),
        assistant_id=rest.get("assistant_id"),
        metadata=rest.get("metadata", {}),
    )


def read_run(row: Row) -> AssistantRun:
    """Return the run of a row."""
    number, identifier, label, thread_id, first_place, assistant_id, snapshot, body = row[:8]
    created_at, deadline = row[8:10]
    asked = json.loads(_text(body))
    copied = json.loads(_text(snapshot))
    copied["tools"] = tuple([FunctionTool(**tool) for tool in copied["tools"]])
    return AssistantRun(
        id=_text(identifier),
        number=integer(number),
        label=_text(label),
        thread_id=_text(thread_id),
        first_place=integer(first_place),
        assistant_id=_text(assistant_id),
        created_at=integer(created_at),
        deadline=integer(deadline),
        snapshot=RunSnapshot(**copied),
        metadata=asked.pop("metadata"),
        options=RunOptions(truncation=Truncation(*asked.pop("truncation")), **asked),
        state=_read_state(row[10:]),
    )


def read_step(row: Row, thread_id: str) -> RunStep:
    """Return the step of a row."""
    place, identifier, run_id, message_id, calls, outputs, tokens, status = row[:8]
    created_at, ended_at, ending, assistant_id = row[8:]
    return RunStep(
        place=integer(place),
        id=_text(identifier),
        run_id=_text(run_id),
        thread_id=thread_id,
        assistant_id=_text(assistant_id),
        message_id=None if message_id is None else _text(message_id),
        calls=() if calls is None else _read_calls(_text(calls)),
        outputs=None if outputs is None else tuple(json.loads(_text(outputs))),
        tokens=None if tokens is None else TokenUsage(*json.loads(_text(tokens))),
        status=cast(StepStatus, status),  # `end_step` and `add_step` write nothing else
        created_at=integer(created_at),
        ended_at=_integer_or_none(ended_at),
        last_error=_read_ending(ending)[1],
    )


def integer(value: SqlValue) -> int:
    """Return a value of an INTEGER column."""
    assert isinstance(value, int)
    return value


def _part_json(part: ContentPart) -> JsonObject:
    match part:
        case TextPart(text=text, annotations=()):
            return {"type": "text", "text": text}
        case TextPart(text=text, annotations=annotations):
            return {"type": "text", "text": text, "annotations": annotations}
        case RefusalPart(refusal=refusal):
            return {"type": "refusal", "refusal": refusal}


def _usage_list(usage: TokenUsage) -> list[int]:
    return [
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
    ]


def _read_content(body: str) -> tuple[ContentPart, ...]:
    return tuple(
        [
            RefusalPart(part["refusal"])
            if part["type"] == "refusal"
            else TextPart(part["text"], tuple(part.get("annotations", ())))
            for part in json.loads(body)["content"]
        ]
    )


def _read_state(row: Row) -> RunState:
    status, started_at, ended_at, tokens, ending = row
    cut, last_error = _read_ending(ending)
    *usage, prompt_charged, completion_charged = json.loads(_text(tokens))
    return RunState(
        status=cast(RunStatus, status),  # `set_run_state` and `add_run` write nothing else
        started_at=_integer_or_none(started_at),
        ended_at=_integer_or_none(ended_at),
        tokens=TokenUsage(*usage),
        prompt_charged=prompt_charged,
        completion_charged=completion_charged,
        last_error=last_error,
        cut=cut,
    )


def _read_ending(ending: SqlValue) -> tuple[RunCut | None, LastError | None]:
    if ending is None:
        return None, None
    found = json.loads(_text(ending))
    error = found.get("error")
    return found.get("cut"), None if error is None else LastError(**error)


def _read_calls(calls: str) -> tuple[ToolCall, ...]:
    return tuple([ToolCall(*call) for call in json.loads(calls)])


def _text(value: SqlValue) -> str:
    assert isinstance(value, str)
    return value


def _integer_or_none(value: SqlValue) -> int | None:
    return None if value is None else integer(value)

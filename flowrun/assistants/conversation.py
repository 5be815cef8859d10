"""What a model is shown of a thread: messages and answered tool calls, in the order they came.

A thread's transcript only grows while its process lives; `rebuild` makes the same one from the
store. Calls enter it together with their outputs, so that no model is ever shown a call without
an answer, whatever became of the run that asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from flowrun.assistants.records import Message, RunStep
from flowrun.ports.models import (
    AssistantItem,
    ToolCallsItem,
    ToolOutputItem,
    TranscriptItem,
    UserItem,
)


@dataclass(slots=True)
class Rebuilt:
    """A conversation read back from the store."""

    items: list[TranscriptItem] = field(default_factory=list)
    first_item: int = 0
    """Index of the first item that belongs to the run asked about."""
    before_calls: str = ""
    """What the model said before the calls that still wait for their outputs."""


def spoken(message: Message) -> TranscriptItem | None:
    """Return the message as a model is shown it; None for an assistant's empty one."""
    text = message.text
    if message.role == "user":
        return UserItem(text)
    return AssistantItem(text) if text else None


def answered(step: RunStep, text: str) -> list[TranscriptItem]:
    """Return a round of tool calls with their outputs, and what was said before them."""
    outputs = step.outputs or ()
    items: list[TranscriptItem] = [ToolCallsItem(step.calls, text)]
    items += [
        ToolOutputItem(call.id, output) for call, output in zip(step.calls, outputs, strict=True)
    ]
    return items


def rebuild(
    messages: Sequence[Message], steps: Sequence[RunStep], first_place: int | None
) -> Rebuilt:
    """Return the conversation of a thread.

    Args:
        messages: All of the thread's.
        steps: All of the thread's.
        first_place: Where the run asked about begins; None when no run is asked about.
    """
    rebuilt = Rebuilt()
    before_run = True
    last: Message | None = None
    for entry in _in_order(messages, steps):
        if before_run and first_place is not None and entry.place >= first_place:
            rebuilt.first_item, before_run = len(rebuilt.items), False
        if isinstance(entry, Message):
            last = entry
            item = spoken(entry)
            if item is not None:
                rebuilt.items.append(item)
        else:
            _add_calls(rebuilt, entry, last)
            last = None
    if before_run:
        rebuilt.first_item = len(rebuilt.items)
    return rebuilt


def _in_order(messages: Iterable[Message], steps: Iterable[RunStep]) -> list[Message | RunStep]:
    entries: list[Message | RunStep] = list(messages)
    entries += [step for step in steps if step.message_id is None]
    return sorted(entries, key=lambda entry: entry.place)


def _add_calls(rebuilt: Rebuilt, step: RunStep, last: Message | None) -> None:
    """Add a round of calls; what the same turn said before them is merged into it.

    A turn that says something and asks for nothing ends its run. So a message of the same run
    straight before the calls is always of the same turn.
    """
    if step.outputs is None and step.status != "in_progress":
        return
    text = ""
    if last is not None and last.run_id == step.run_id:
        text = last.text
        if text:
            rebuilt.items.pop()
    if step.outputs is None:
        rebuilt.before_calls = text
    else:
        rebuilt.items += answered(step, text)

"""What a model is shown of a thread: messages and answered tool calls, in the order they came.

A thread's transcript only grows while its process lives; `rebuild` makes the same one from the
store. Calls enter it together with their outputs, so that no model is ever shown a call without
an answer, whatever became of the run that asked. A round that a later run begins with is shown
once, where it came first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flowrun.assistants.records import Message, RunStep
from flowrun.ports.models import (
    AssistantItem,
    ToolCallsItem,
    ToolOutputItem,
    TranscriptItem,
    UserItem,
)


@dataclass(frozen=True, slots=True)
class Held:
    """What was said before calls that their run never answered.

    It is shown on its own before whatever comes next, unless that is a run that begins with these
    very calls: then it is said before them again.
    """

    call_ids: tuple[str, ...]
    text: str


class Conversation:
    """The items of one thread, and where its rounds of calls stand among them."""

    __slots__ = ("held", "items", "rounds")

    def __init__(self, items: list[TranscriptItem]) -> None:
        self.items = items
        self.rounds: dict[str, int] = {}
        """Index of each answered round, by the id of its first call."""
        self.held: Held | None = None

    def say(self, message: Message) -> None:
        """Show a message."""
        self.let_out()
        item = spoken(message)
        if item is not None:
            self.items.append(item)

    def answer(self, step: RunStep, text: str) -> None:
        """Show a round of calls with their outputs, and what was said before them."""
        self.rounds[step.calls[0].id] = len(self.items)
        self.items += answered(step, text)

    def carry(self, step: RunStep) -> int:
        """Show a round that a run begins with, unless it is shown already; return where it is."""
        known = self.rounds.get(step.calls[0].id)
        if known is not None:
            return known
        text = self.held.text if self.held is not None and self.holds(step) else ""
        if text:
            self.held = None
        self.let_out()
        self.answer(step, text)
        return self.rounds[step.calls[0].id]

    def leave(self, step: RunStep, text: str) -> None:
        """Take note of calls that stay without an answer, and of what was said before them."""
        if text:
            self.held = Held(_ids(step), text)

    def holds(self, step: RunStep) -> bool:
        """Tell whether what is held was said before these calls."""
        return self.held is not None and self.held.call_ids == _ids(step)

    def let_out(self) -> None:
        """Show what is held: something else comes next."""
        if self.held is not None:
            self.items.append(AssistantItem(self.held.text))
            self.held = None


@dataclass(slots=True)
class Rebuilt:
    """A conversation read back from the store."""

    conversation: Conversation
    first_item: int = 0
    """Index of the first item that belongs to the run asked about."""
    before_calls: str = ""
    """What the model said before the calls that still wait for their outputs."""

    @property
    def items(self) -> list[TranscriptItem]:
        """What a model is shown."""
        return self.conversation.items


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
    conversation = Conversation([])
    rebuilt = Rebuilt(conversation)
    before_run = True
    last: Message | None = None
    for entry in _in_order(messages, steps):
        if before_run and first_place is not None and entry.place >= first_place:
            rebuilt.first_item, before_run = _first_item(conversation, entry), False
        if isinstance(entry, Message):
            last = entry
            conversation.say(entry)
        else:
            _add_calls(rebuilt, entry, last)
            last = None
    if before_run and first_place is not None:
        conversation.let_out()
    if before_run:
        rebuilt.first_item = len(conversation.items)
    return rebuilt


def _first_item(conversation: Conversation, entry: Message | RunStep) -> int:
    """Return where a run begins whose first entry this is: at the rounds that it begins with."""
    if isinstance(entry, RunStep) and entry.calls:
        known = conversation.rounds.get(entry.calls[0].id)
        if known is not None:
            return known
        if conversation.holds(entry):
            return len(conversation.items)
    conversation.let_out()
    return len(conversation.items)


def _in_order(messages: Iterable[Message], steps: Iterable[RunStep]) -> list[Message | RunStep]:
    entries: list[Message | RunStep] = list(messages)
    entries += [step for step in steps if step.message_id is None]
    return sorted(entries, key=lambda entry: entry.place)


def _add_calls(rebuilt: Rebuilt, step: RunStep, last: Message | None) -> None:
    """Add a round of calls; what the same turn said before them is merged into it.

    A turn that says something and asks for nothing ends its run. So a message of the same run
    straight before the calls is always of the same turn.
    """
    conversation, text = rebuilt.conversation, ""
    if not step.calls:
        return
    if last is not None and last.run_id == step.run_id:
        text = last.text
        if text:
            conversation.items.pop()
    if step.outputs is not None and text:
        conversation.answer(step, text)
    elif step.outputs is not None:
        conversation.carry(step)
    elif step.status == "in_progress":
        rebuilt.before_calls = text
    else:
        conversation.leave(step, text)


def _ids(step: RunStep) -> tuple[str, ...]:
    return tuple([call.id for call in step.calls])

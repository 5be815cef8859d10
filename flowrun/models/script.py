"""Which scripted reply fits a request. Pure but for the count of how often each was given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flowrun.errors import name_list, plural
from flowrun.ports.models import (
    AssistantItem,
    ModelRequest,
    ToolCallsItem,
    ToolOutputItem,
    TranscriptItem,
    UserItem,
)
from flowrun.spec.replies import Replies, Reply, When

LONGEST_QUOTE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """An output that the turn follows, and the tool it is of."""

    tool: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a reply can be chosen by."""

    assistant: str | None
    """None over HTTP, which does not say; every condition on it holds then."""
    model: str
    user: str
    """The last user message."""
    outputs: tuple[ToolAnswer, ...]
    """Outputs at the very end, of one round of calls."""
    turn: int
    """Turns of the model since the last user message."""

    @property
    def described(self) -> str:
        """The request in half a sentence, long texts clipped."""
        who = f"assistant `{self.assistant}`" if self.assistant else f"model `{self.model}`"
        if not self.outputs:
            return f"{who} was asked {quoted(self.user)} (turn {self.turn})"
        told = ", ".join(f"`{one.tool}` said {quoted(one.output)}" for one in self.outputs)
        return f"{who} was asked {quoted(self.user)}, and {told} (turn {self.turn})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """No reply fits: what was asked, and why the nearest one does not."""

    asked: Asked
    nearest: int
    """Number of the nearest reply, from 1."""
    failing: tuple[str, ...]
    """What does not hold of it, as `expected ..., found ...`."""

    @property
    def problem(self) -> str:
        """One sentence for people."""
        why = "; ".join(self.failing)
        return f"no reply fits: {self.asked.described}; the nearest is reply {self.nearest}: {why}"


class Script:
    """Replies in order, and how often each was given."""

    def __init__(self, replies: Replies) -> None:
        self._replies = tuple(replies.replies)
        self._given = [0] * len(self._replies)

    def choose(self, asked: Asked) -> Reply | Unmatched:
        """Return the first reply that fits and count it, or say why none does."""
        misses: list[tuple[int, int, tuple[str, ...]]] = []
        for number, reply in enumerate(self._replies):
            failing = tuple(self._failing(number, asked))
            if not failing:
                self._given[number] += 1
                return reply
            misses.append((len(failing), number, failing))
        _, number, failing = min(misses)
        return Unmatched(asked=asked, nearest=number + 1, failing=failing)

    def _failing(self, number: int, asked: Asked) -> Iterator[str]:
        reply = self._replies[number]
        yield from _mismatches(reply.when, asked)
        if reply.times is not None and self._given[number] >= reply.times:
            yield f"it was given {plural(self._given[number], 'time')} already"


def read_asked(request: ModelRequest) -> Asked:
    """Return what a request can be matched by; the part of the history not sent counts, too."""
    items = request.transcript.items
    begin = _last_user_message(items)
    user = items[begin] if begin >= 0 else None
    since = items[begin + 1 :]
    return Asked(
        assistant=request.assistant or None,
        model=request.model,
        user=user.text if isinstance(user, UserItem) else "",
        outputs=_trailing_outputs(since),
        turn=sum(isinstance(one, AssistantItem | ToolCallsItem) for one in since),
    )


def quoted(text: str) -> str:
    """Return a text in quotation marks on one line, at most 200 characters of it."""
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= LONGEST_QUOTE else f'"{line[:LONGEST_QUOTE]}…"'


def _last_user_message(items: Sequence[TranscriptItem]) -> int:
    at = len(items) - 1
    while at >= 0 and not isinstance(items[at], UserItem):
        at -= 1
    return at


def _trailing_outputs(since: Sequence[TranscriptItem]) -> tuple[ToolAnswer, ...]:
    outputs: list[ToolOutputItem] = []
    for item in reversed(since):
        if isinstance(item, ToolCallsItem):
            names = {call.id: call.name for call in item.calls}
            return tuple(
                ToolAnswer(tool=names.get(one.call_id, "?"), output=one.output)
                for one in reversed(outputs)
            )
        if not isinstance(item, ToolOutputItem):
            break
        outputs.append(item)
    return ()


def _mismatches(when: When, asked: Asked) -> Iterator[str]:
    if when.assistant is not None and asked.assistant not in (None, when.assistant):
        yield f"expected assistant `{when.assistant}`, found `{asked.assistant}`"
    if when.model is not None and when.model != asked.model:
        yield f"expected model `{when.model}`, found `{asked.model}`"
    if when.user is not None and when.user.casefold() not in asked.user.casefold():
        yield f"expected {quoted(when.user)} in the user message"
    if when.turn is not None and when.turn != asked.turn:
        yield f"expected turn {when.turn}, found {asked.turn}"
    if when.after is not None or when.output is not None:
        yield from _output_mismatches(when, asked.outputs)
    elif when.turn is None and asked.turn != 0:
        yield "it has neither `after` nor `turn`, and answers a user message only"


def _output_mismatches(when: When, outputs: Sequence[ToolAnswer]) -> Iterator[str]:
    wanted = _names(when)
    found = [one.tool for one in outputs]
    if not outputs:
        of = f" of {name_list(wanted)}" if wanted else ""
        yield f"expected outputs{of}, found none"
        return
    if not set(wanted) <= set(found):
        yield f"expected outputs of {name_list(wanted)}, found {name_list(found)}"
    looked_at = [one.output for one in outputs if not wanted or one.tool in wanted]
    if when.output is not None and not any(when.output in one for one in looked_at):
        yield f"expected {quoted(when.output)} in the outputs"


def _names(when: When) -> list[str]:
    if isinstance(when.after, str):
        return [when.after]
    return list(when.after) if isinstance(when.after, list | tuple) else []

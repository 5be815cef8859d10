"""Put tool calls together from deltas whose index, id and name cannot be relied on. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from flowrun.ids import JsonObject, JsonValue, mint
from flowrun.models.wire_json import as_count, as_object, as_text, is_object, is_object_text, mend
from flowrun.ports.models import ModelEvent, ToolCall, ToolCallDelta

_DECODER = json.JSONDecoder()


@dataclass(slots=True, eq=False)
class _Call:
    """A call that has begun. `id` is ours to give; `server_id` tells deltas apart."""

    position: int
    index: int | None
    server_id: str
    id: str
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    announced: bool = False

    size: int = 0

    @property
    def arguments(self) -> str:
        return mend("".join(self.pieces))

    @property
    def is_whole(self) -> bool:
        """Whether the arguments are a JSON object; looks at all of them only where they may be."""
        last = next((piece for piece in reversed(self.pieces) if not piece.isspace()), "")
        return last.rstrip().endswith("}") and is_object_text(self.arguments)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One element of `tool_calls`, with what it leaves out as None or empty."""

    index: int | None
    id: str
    name: str
    arguments: str


class CallAssembly:
    """The calls of one turn, in the order in which they began."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._at_index: dict[int, _Call] = {}
        self._ids: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._calls)

    def take(self, entries: Sequence[JsonValue], *, whole: bool = False) -> list[ToolCallDelta]:
        """Read the `tool_calls` of one delta; `whole`: each of them is a call of its own."""
        begun: list[_Call] = []
        deltas: list[ToolCallDelta] = []
        for raw in entries:
            if not is_object(raw):
                continue
            entry = _read(raw)
            call = None if whole else self._continued(entry, begun)
            if call is None:
                call = self._begin(entry)
                begun.append(call)
            elif _is_repetition(call, entry):
                continue
            deltas.extend(_grow(call, entry))
        return deltas

    def all_whole(self) -> bool:
        """Tell whether there are calls and each has complete arguments."""
        return bool(self._calls) and all(not one.pieces or one.is_whole for one in self._calls)

    def finish(self) -> tuple[ToolCall, ...]:
        """Return the calls. Arguments that are no JSON object stay as the model wrote them."""
        finished: list[ToolCall] = []
        for call in self._calls:
            if not call.name and not call.pieces:
                continue
            first, *more = whole_arguments(call.arguments)
            finished.append(ToolCall(call.id, call.name, first))
            finished.extend(ToolCall(mint("call_"), call.name, one) for one in more)
        return tuple(finished)

    def _continued(self, entry: _Entry, begun: Sequence[_Call]) -> _Call | None:
        """Return the call that an entry goes on with, or None when it begins one."""
        call = self._addressed(entry)
        if call is None or not entry.name or not call.name:
            return call
        if call in begun or entry.name != call.name:
            return None
        if not entry.arguments or not call.is_whole:
            return call  # the name is repeated in every delta
        return call if _is_repetition(call, entry) else None

    def _addressed(self, entry: _Entry) -> _Call | None:
        last = self._calls[-1] if self._calls else None
        here = last if entry.index is None else self._at_index.get(entry.index)
        if not entry.id:
            # A piece without id and name at an index where nothing began belongs to the last call.
            return here if here is not None or entry.name else last
        for call in reversed(self._calls):
            if call.server_id == entry.id and entry.index in (None, call.index):
                return call
        if here is not None and not here.server_id and not here.is_whole:
            here.server_id = entry.id  # the id came late; the call keeps the one it was given
            return here
        return None

    def _begin(self, entry: _Entry) -> _Call:
        own = entry.id if entry.id and entry.id not in self._ids else mint("call_")
        call = _Call(len(self._calls), entry.index, entry.id, own)
        self._ids.add(own)
        self._calls.append(call)
        if entry.index is not None:
            self._at_index[entry.index] = call
        return call


def _read(raw: JsonObject) -> _Entry:
    function = as_object(raw.get("function")) or raw
    arguments = function.get("arguments")
    if arguments is None:
        text = ""
    elif isinstance(arguments, str):
        text = arguments
    else:
        text = json.dumps(arguments, ensure_ascii=False)
    return _Entry(
        as_count(raw.get("index")), as_text(raw.get("id")), as_text(function.get("name")), text
    )


def _grow(call: _Call, entry: _Entry) -> list[ToolCallDelta]:
    call.name = call.name or entry.name
    if entry.arguments:
        call.pieces.append(entry.arguments)
        call.size += len(entry.arguments)
    if call.announced:
        piece = mend(entry.arguments)
        return [ToolCallDelta(call.position, None, None, piece)] if piece else []
    if not call.name:
        return []
    call.announced = True
    return [ToolCallDelta(call.position, call.id, call.name, call.arguments)]


def _is_repetition(call: _Call, entry: _Entry) -> bool:
    """Tell whether a server sends the finished call once more, to close the stream with."""
    named = bool(entry.id) and entry.id == call.server_id and entry.name == call.name
    same_size = bool(entry.arguments) and len(entry.arguments) == call.size
    return named and same_size and entry.arguments == "".join(call.pieces)


def extend_calls(out: list[ModelEvent], deltas: Sequence[ToolCallDelta]) -> None:
    """Append deltas; a piece that goes on with the last one there is joined to it."""
    for delta in deltas:
        last = out[-1] if out else None
        if delta.id is None and isinstance(last, ToolCallDelta) and last.index == delta.index:
            joined = last.arguments + delta.arguments
            out[-1] = ToolCallDelta(last.index, last.id, last.name, joined)
        else:
            out.append(delta)


def whole_arguments(text: str) -> list[str]:
    """Return the arguments of one call, or of several that a server ran into one.

    `{}{"a": 1}` is a placeholder and the arguments; `{"a": 1}{"a": 1}` was said twice;
    `{"a": 1}{"a": 2}` are two calls.
    """
    if not text.strip() or text.strip() == "null":
        return ["{}"]
    if is_object_text(text):
        return [text]
    said = list(dict.fromkeys(one for one in _objects(text) if one != "{}"))
    return said or [text]


def _objects(text: str) -> list[str]:
    found: list[str] = []
    at = 0
    text = text.strip()
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        found.append(text[at:end] if value else "{}")
        at = end + len(text[end:]) - len(text[end:].lstrip())
    return found

"""Put tool calls together from deltas whose index, id and name cannot be relied on. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from flowrun.ids import JsonObject, JsonValue, canonical_json, mint
from flowrun.models.wire_json import as_count, as_object, as_text, is_object, is_object_text, mend
from flowrun.ports.models import ToolCall, ToolCallDelta

_DECODER = json.JSONDecoder()


@dataclass(slots=True)
class _OpenCall:
    position: int
    index: int | None
    server_id: str
    id: str
    name: str
    pieces: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> str:
        return mend("".join(self.pieces))


class CallAssembly:
    """The calls of one turn, in the order in which they began."""

    def __init__(self) -> None:
        self._calls: list[_OpenCall] = []
        self._at_index: dict[int, _OpenCall] = {}
        self._by_id: dict[tuple[int | None, str], _OpenCall] = {}
        self._ids: set[str] = set()

    def take(self, entries: Sequence[JsonValue], *, whole: bool = False) -> list[ToolCallDelta]:
        """Read the `tool_calls` of one delta; `whole`: each entry is a call of its own."""
        begun_here: list[_OpenCall] = []
        deltas: list[ToolCallDelta] = []
        for entry in entries:
            if not is_object(entry):
                continue
            call = None if whole else self._continued(entry, begun_here)
            begins = call is None
            if call is None:
                call = self._begin(entry)
                begun_here.append(call)
            piece = _arguments(entry)
            if piece:
                call.pieces.append(piece)
            ...
        return deltas

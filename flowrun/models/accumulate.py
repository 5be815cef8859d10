"""Read a Chat Completions answer, as servers really send it.

Pure, over parsed chunks. What to expect, and what is made of it:

- Calls are told apart by index, id and name together, for servers repeat, omit and misnumber each
  of them. A call begins when an unknown id arrives, or a name after complete arguments, or another
  name. Names and ids are never joined from pieces.
- `finish_reason` alone decides nothing: calls present mean `tool_calls`. An answer is over when a
  reason was given, or, with something to show, when `[DONE]` came.
- Usage is optional, and the last one counts. Reasoning is not text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flowrun.ids import JsonObject, JsonValue, canonical_json, mint
from flowrun.models.failures import ServerError, read_error
from flowrun.models.sse import ServerSentEvent
from flowrun.models.tool_calls import CallAssembly
from flowrun.models.wire_json import as_count, as_object, as_text, decode, is_object, mend
from flowrun.ports.models import Finish, ModelEvent, ModelTurn, TextDelta, TokenUsage

_CUT_BY_LENGTH = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "repetition"})
_GIVEN_UP = frozenset({"abort", "aborted", "error", "network_error", "insufficient_system_resource"})


class ChatReading:
    """One answer being read."""

    def __init__(self) -> None:
        self.error: ServerError | None = None
        self.done = False
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._half = ""
        self._calls = CallAssembly()
        self._reason: str | None = None
        self._usage: TokenUsage | None = None
        self._answered = False

    @property
    def complete(self) -> bool:
        """Whether a finish reason was given, or `[DONE]` came after something to show."""
        return self._reason is not None or (self.done and self._answered)

    def take(self, events: Sequence[ServerSentEvent]) -> list[ModelEvent]:
        """Read stream events that arrived together."""
        out: list[ModelEvent] = []
        text: list[str] = []
        for event in events:
            if self.done or self.error is not None:
                break
            if event.data.startswith(b"[DONE]"):
                self.done = True
                continue
            try:
                chunk = decode(event.data)
            except ValueError:
                ...
        return out

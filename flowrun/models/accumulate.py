"""Read a Chat Completions answer, as servers really send it.

Pure, over parsed chunks. What to expect, and what is made of it:

- Calls are told apart by index, id and name together, for servers repeat, omit and misnumber each
  of them; see `models.tool_calls`.
- `finish_reason` decides little: calls present mean `tool_calls`. An answer is over when a reason
  was given, or, with something to show, when `[DONE]` came.
- Usage is optional, and the last one counts. Reasoning is not text.
"""

from collections.abc import Sequence

from flowrun.ids import JsonObject, JsonValue
from flowrun.models.failures import ServerError, read_error
from flowrun.models.sse import ServerSentEvent
from flowrun.models.text_flow import TextFlow
from flowrun.models.tool_calls import CallAssembly, extend_calls
from flowrun.models.usage import read_usage
from flowrun.models.wire_json import as_object, as_text, decode, is_object
from flowrun.ports.models import Finish, ModelEvent, ModelTurn, TokenUsage, ToolCall

_CUT_SHORT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "repetition"})
_FILTERED = frozenset({"content_filter", "content_filtered", "safety", "recitation"})
_GIVEN_UP = frozenset(
    {"abort", "aborted", "error", "network_error", "insufficient_system_resource"}
)


class ChatReading:
    """One answer being read; a `models.reading.Reading`."""

    def __init__(self) -> None:
        self.error: ServerError | None = None
        self.done = False
        self._out: list[ModelEvent] = []
        self._text = TextFlow()
        self._refusal = ""
        self._calls = CallAssembly()
        self._reason: str | None = None
        self._usage: TokenUsage | None = None

    @property
    def complete(self) -> bool:
        """Whether a reason was given, or `[DONE]` came after something to show."""
        answered = bool(self._text or self._calls or self._refusal)
        return self._reason is not None or (self.done and answered)

    def take(self, events: Sequence[ServerSentEvent]) -> list[ModelEvent]:
        """Read stream events that arrived together; adjacent text becomes one delta."""
        for event in events:
            if event.data.startswith(b"[DONE]"):
                self.done = True
            if self.done or self.error is not None:
                break
            self._event(event)
        return self._flush()

    def take_whole(self, answer: JsonValue) -> list[ModelEvent]:
        """Read an answer that was not streamed; it needs no mark at its end."""
        self._chunk(as_object(answer))
        self.done = True
        return self._flush()

    def turn(self) -> ModelTurn | None:
        """Return the turn, or None when the end of the answer was never seen."""
        if not self.complete:
            return None
        calls = self._calls.finish()
        return ModelTurn(self._text.text, calls, self._finish(calls), self._usage, self._refusal)

    def _event(self, event: ServerSentEvent) -> None:
        try:
            chunk = decode(event.data)
        except ValueError:
            if event.data.startswith(b"{"):  # a lost piece of the answer; the rest is pings
                self.error = ServerError("an event of the stream is not JSON")
            return
        if event.name == b"error":
            self.error = read_error(chunk) or ServerError("")
        elif is_object(chunk):
            self._chunk(chunk)

    def _chunk(self, chunk: JsonObject) -> None:
        choices = chunk.get("choices")
        if choices is None or "error" in chunk:
            self.error = read_error(chunk, in_stream=True)
            if self.error is not None:
                return
        usage = chunk.get("usage") or as_object(chunk.get("x_groq")).get("usage")
        if usage:
            self._usage = read_usage(usage) or self._usage
        if not isinstance(choices, list):
            return
        for choice in choices:
            if is_object(choice) and choice.get("index") in (None, 0):
                self._choice(choice)

    def _choice(self, choice: JsonObject) -> None:
        delta = choice.get("delta")
        message = choice.get("message")
        if is_object(delta):
            self._delta(delta, whole=False)
        elif is_object(message):
            self._delta(message, whole=True)
        if choice.get("usage"):
            self._usage = read_usage(choice["usage"]) or self._usage
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._end(choice, reason.lower())

    def _delta(self, delta: JsonObject, *, whole: bool) -> None:
        content = delta.get("content")
        if content:
            self._text.say(content if isinstance(content, str) else _parts(content))
        calls = delta.get("tool_calls")
        if isinstance(calls, list) and calls:
            events = self._calls.take(calls, whole=whole)
            self._out.extend(self._text.flush())
            extend_calls(self._out, events)
        if delta.get("refusal"):
            self._refusal += as_text(delta["refusal"])

    def _end(self, choice: JsonObject, reason: str) -> None:
        if reason in _GIVEN_UP and not self._calls.all_whole():
            self.error = read_error(choice, in_stream=True) or ServerError(
                f"it gave up with `{reason}`"
            )
            return
        self._reason = reason

    def _finish(self, calls: Sequence[ToolCall]) -> Finish:
        if calls:
            return "tool_calls"
        if self._reason in _CUT_SHORT:
            return "length"
        return "content_filter" if self._reason in _FILTERED else "stop"

    def _flush(self) -> list[ModelEvent]:
        self._out.extend(self._text.flush())
        out, self._out = self._out, []
        return out


def _parts(content: JsonValue) -> str:
    """Return the text of a content that is a list of parts; thinking is left out."""
    if not isinstance(content, list):
        return ""
    return "".join(
        as_text(part.get("text"))
        for part in content
        if is_object(part) and part.get("type", "text") in ("text", "output_text")
    )

"""What kind of answer came, and the deltas in it. Pure.

A stream was asked for. A server may still send one JSON text, an error page, or a stream that
changes its mind half way; each is read for what it is.
"""

from flowrun.errors import EndpointError
from flowrun.models import failures
from flowrun.models.endpoint import Endpoint
from flowrun.models.reading import Reading
from flowrun.models.sse import EventTooLarge, ServerSentEvent, SseReader
from flowrun.models.wire_json import decode
from flowrun.ports.models import ModelEvent, ModelTurn

MAX_WHOLE_BYTES = 64 * 1024 * 1024
"""Longest answer that is one JSON text."""

_BLANK = b" \t\r\n\xef\xbb\xbf"


class AnswerReader:
    """Turns the chunks of one answer into deltas and, at the end, the turn."""

    def __init__(
        self, endpoint: Endpoint, model: str, reading: Reading, *, content_type: str
    ) -> None:
        self._endpoint = endpoint
        self._model = model
        self._reading = reading
        self._sse = SseReader()
        self._whole: bytearray | None = None
        self._blank = True
        if "json" in content_type and "ndjson" not in content_type:
            self._whole = bytearray()
        elif "html" in content_type:
            raise failures.not_an_api(endpoint, "a web page")

    @property
    def complete(self) -> bool:
        """Whether the mark that ends an answer was seen; later trouble does not matter then."""
        return self._reading.complete

    @property
    def done(self) -> bool:
        """Whether nothing more is to come."""
        return self._reading.done

    def feed(self, chunk: bytes) -> list[ModelEvent]:
        """Take the next bytes and return what they say.

        Raises:
            EndpointError: the server reported an error, or this is not a model's answer.
        """
        if self._blank:
            self._look_at_first(chunk)
        if self._whole is not None:
            self._whole += chunk
            if len(self._whole) > MAX_WHOLE_BYTES:
                raise failures.bad_answer(self._endpoint, "a text without end")
            return []
        try:
            return self._checked(self._reading.take(self._sse.feed(chunk)))
        except EventTooLarge:
            problem = failures.bad_answer(self._endpoint, "a line without end")
        raise problem

    def finish(self) -> list[ModelEvent]:
        """Return what is left at the end of the body.

        Raises:
            EndpointError: as `feed`.
        """
        if self._whole is not None:
            return self._read_whole(bytes(self._whole))
        rest = [event for event in self._sse.finish() if not _is_half(event)]
        return self._checked(self._reading.take(rest))

    def turn(self) -> ModelTurn:
        """Return the turn.

        Raises:
            EndpointUnavailable: the answer has no end.
        """
        turn = self._reading.turn()
        if turn is None:
            raise failures.cut_stream(self._endpoint)
        return turn

    def _look_at_first(self, chunk: bytes) -> None:
        start = chunk.lstrip(_BLANK)
        if not start:
            return
        self._blank = False
        if start.startswith(b"<"):
            raise failures.not_an_api(self._endpoint, "a web page")

    def _read_whole(self, body: bytes) -> list[ModelEvent]:
        try:
            answer = decode(body)
        except ValueError:
            raise self._unreadable(body) from None
        error = failures.read_error(answer)
        if error is not None:
            raise self._failure(error)
        events = self._checked(self._reading.take_whole(answer))
        if not self.complete:
            raise failures.not_an_api(self._endpoint, "JSON of another kind")
        return events

    def _unreadable(self, body: bytes) -> EndpointError:
        if not body.strip(_BLANK):
            return failures.cut_stream(self._endpoint, "the answer is empty")
        if body.lstrip(_BLANK).startswith((b"{", b"[")):
            return failures.cut_stream(self._endpoint, "its JSON is incomplete")
        return failures.not_an_api(self._endpoint, "a text that is not JSON")

    def _checked(self, events: list[ModelEvent]) -> list[ModelEvent]:
        # What came before an error in the same chunk is dropped with the turn it belonged to.
        if self._reading.error is not None:
            raise self._failure(self._reading.error)
        return events

    def _failure(self, error: failures.ServerError) -> EndpointError:
        return failures.failure(self._endpoint, self._model, error)


def _is_half(event: ServerSentEvent) -> bool:
    """Tell whether an event was cut off by the end of the stream."""
    try:
        decode(event.data)
    except ValueError:
        return event.data.startswith(b"{")
    return False

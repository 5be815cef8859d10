"""Read server-sent events from bytes as they arrive, whatever the network did to them.

Incremental and pure. Lines end with LF, CR LF or CR, also across chunks; text is cut nowhere but at
line ends, so half a UTF-8 character never meets a decoder. A line that is a bare JSON object counts
as an event of its own: some servers append their error to a stream in that way.
"""

from typing import NamedTuple

MAX_EVENT_BYTES = 8 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class ServerSentEvent(NamedTuple):
    """One event: its `event` field, empty if there was none, and its data."""

    name: bytes
    data: bytes


class EventTooLarge(Exception):
    """An event, or a line without end, grew beyond the bound."""


class SseReader:
    """Feed it chunks; it returns the events that each chunk completed."""

    def __init__(self, limit: int = MAX_EVENT_BYTES) -> None:
        self._limit = limit
        self._waiting: list[bytes] = []
        """The beginning of an event, in the pieces in which it came."""
        self._size = 0
        self._ends_with_cr = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the next bytes.

        Raises:
            EventTooLarge: more than the limit is waiting for its end.
        """
        if self._ends_with_cr or b"\r" in chunk:
            chunk = self._unify_line_ends(chunk)
        if self._waiting:
            if not self._completes(chunk):
                self._wait(chunk)
                return []
            chunk = b"".join((*self._waiting, chunk))
            self._waiting.clear()
            self._size = 0
        blocks = chunk.split(b"\n\n")
        rest = blocks.pop()
        events: list[ServerSentEvent] = []
        for block in blocks:
            if block.startswith(b"data: ") and b"\n" not in block:  # nearly all of them
                events.append(ServerSentEvent(b"", block[6:]))
            else:
                events.extend(_read_block(block))
        while rest.startswith(b"{") and b"\n" in rest:
            line, _, rest = rest.partition(b"\n")
            events.append(ServerSentEvent(b"", line))
        if rest:
            self._wait(rest)
        return events

    def finish(self) -> list[ServerSentEvent]:
        """Return what the end of the stream completes: servers forget the last blank line."""
        rest = b"".join(self._waiting)
        self._waiting.clear()
        return _read_block(rest)

    def _completes(self, chunk: bytes) -> bool:
        """Tell whether something that waits ends in the chunk; what waits is not looked through."""
        if b"\n" not in chunk:
            return False
        if self._waiting[0].startswith(b"{") or b"\n\n" in chunk:
            return True
        return chunk.startswith(b"\n") and self._waiting[-1].endswith(b"\n")

    def _wait(self, piece: bytes) -> None:
        if piece:
            self._waiting.append(piece)
            self._size += len(piece)
        if self._size > self._limit:
            raise EventTooLarge

    def _unify_line_ends(self, chunk: bytes) -> bytes:
        if self._ends_with_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]  # the other half of a CR LF that was taken for a line end already
            self._ends_with_cr = False
        if chunk:
            self._ends_with_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _read_block(block: bytes) -> list[ServerSentEvent]:
    events: list[ServerSentEvent] = []
    name = b""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        if line.startswith(b"{"):
            if data:
                events.append(ServerSentEvent(name, b"\n".join(data)))
            events.append(ServerSentEvent(b"", line))
            name, data = b"", []
            continue
        field, _, value = line.removeprefix(_BYTE_ORDER_MARK).partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    if data:
        events.append(ServerSentEvent(name, b"\n".join(data)))
    return events

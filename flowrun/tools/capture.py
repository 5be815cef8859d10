"""Keep a bounded part of an output that may be endless, and say how much was left out."""

import codecs
from typing import Literal

from flowrun.tools.redaction import MASK, Redactor

_CONTINUATION = range(0x80, 0xC0)


class Capture:
    """What is kept of one output stream: its beginning or its end, at most `limit` bytes.

    A few bytes more are held until the end, so that a secret that lies across the cut is masked
    rather than cut in two.
    """

    def __init__(self, limit: int, redactor: Redactor, keep: Literal["head", "tail"]) -> None:
        self._limit = limit
        self._redactor = redactor
        self._keeps_head = keep == "head"
        self._held = limit + redactor.longest
        self._kept = bytearray()
        self._total = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream; what is beyond the limit is only counted."""
        self._total += len(chunk)
        if self._keeps_head:
            room = self._held - len(self._kept)
            if room > 0:
                self._kept += chunk[:room]
            return
        self._kept += chunk
        if len(self._kept) > 2 * self._held + 65536:
            del self._kept[: -self._held]

    def text(self) -> str:
        """Return what was kept, secrets masked, bytes that are not UTF-8 replaced."""
        if self._total <= self._limit:
            raw = bytes(self._kept)
            return self._masked(raw, 0, len(raw))[0].decode("utf-8", "replace")
        return self._head() if self._keeps_head else self._tail()

    def _head(self) -> str:
        raw = bytes(self._kept[: self._held])
        masked, _, end = self._masked(raw, 0, self._limit)
        # Not final: a character that the cut divided is dropped rather than replaced.
        text = codecs.getincrementaldecoder("utf-8")("replace").decode(masked)
        return f"{text}\n{truncated(self._total - end)}"

    def _tail(self) -> str:
        raw = bytes(self._kept[-self._held :])
        start = len(raw) - self._limit
        while start < len(raw) and raw[start] in _CONTINUATION:
            start += 1
        masked, begin, _ = self._masked(raw, start, len(raw))
        left_out = self._total - len(raw) + begin
        return f"{truncated(left_out)}\n{masked.decode('utf-8', 'replace')}"

    def _masked(self, raw: bytes, start: int, end: int) -> tuple[bytes, int, int]:
        """Return `raw[start:end]` masked, and the range it stands for.

        A secret that reaches over either end is masked whole, which widens the range.
        """
        pieces: list[bytes] = []
        begin, at = start, start
        for first, last in self._redactor.spans(raw):
            if last <= start or first >= end:
                continue
            begin = min(begin, first)
            pieces += (raw[at:first], MASK.encode())
            at = last
        pieces.append(raw[at:end])
        return b"".join(pieces), begin, max(at, end)


def truncated(count: int) -> str:
    """Return the remark that stands where `count` bytes were left out."""
    return f"… truncated {count} bytes"


def shorten(text: str, limit: int) -> str:
    """Return the text, cut to `limit` bytes of UTF-8 and saying so if it is longer."""
    if len(text) * 4 <= limit:
        return text
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return text
    kept = raw[:limit].decode("utf-8", "ignore")
    return f"{kept}\n{truncated(len(raw) - len(kept.encode()))}"

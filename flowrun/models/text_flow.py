"""Text as it streams: adjacent pieces become one delta, split characters are made whole. Pure."""

from flowrun.models.wire_json import mend
from flowrun.ports.models import TextDelta


class TextFlow:
    """The text of one turn.

    A server that sends each token as JSON of its own may cut between the halves of a surrogate
    pair; the first half waits for the second.
    """

    def __init__(self) -> None:
        self._said: list[str] = []
        self._fresh: list[str] = []
        self._half = ""

    def __bool__(self) -> bool:
        return bool(self._said or self._fresh)

    @property
    def text(self) -> str:
        """All of it, but for what was not flushed."""
        return "".join(self._said)

    def say(self, piece: str) -> None:
        """Take a piece; None of it is shown before `flush`."""
        if self._half:
            piece, self._half = self._half + piece, ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        if piece:
            self._fresh.append(piece)

    def flush(self) -> list[TextDelta]:
        """Return what came since the last time, as one delta or none."""
        if not self._fresh:
            return []
        text = mend("".join(self._fresh))
        self._fresh.clear()
        self._said.append(text)
        return [TextDelta(text)]

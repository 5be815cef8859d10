"""What a wire is: how a request is written, and how its answer is read."""

from collections.abc import Sequence
from typing import Protocol

from flowrun.ids import JsonValue
from flowrun.models.failures import ServerError
from flowrun.models.sse import ServerSentEvent
from flowrun.ports.models import ModelEvent, ModelRequest, ModelTurn


class Reading(Protocol):
    """An answer being read: events go in, deltas come out, and at the end the turn."""

    @property
    def error(self) -> ServerError | None:
        """What the server reported; nothing is read after it."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the mark that ends an answer was seen."""
        ...

    @property
    def done(self) -> bool:
        """Whether the server said that nothing more is to come."""
        ...

    def take(self, events: Sequence[ServerSentEvent]) -> list[ModelEvent]:
        """Read events that arrived together; adjacent text becomes one delta."""
        ...

    def take_whole(self, answer: JsonValue) -> list[ModelEvent]:
        """Read an answer that was not streamed."""
        ...

    def turn(self) -> ModelTurn | None:
        """Return the turn, or None when the end of the answer was never seen."""
        ...


class Wire(Protocol):
    """A dialect of model endpoints; stateless and pure."""

    @property
    def path(self) -> str:
        """Path below the base URL."""
        ...

    def encode(self, request: ModelRequest) -> bytes:
        """Return the body of a request, history taken from the transcript's cache."""
        ...

    def reading(self) -> Reading:
        """Return a reader for one answer."""
        ...

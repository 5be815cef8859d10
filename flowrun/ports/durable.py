"""All that the interpreter may use of the world besides runtimes and tools.

Keys are plan paths (`report/round[2]/tool[call_9]`), never positions, so the order in which things
finish does not matter and a stored run does not break when its neighbours change.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

from flowrun.events.records import Event
from flowrun.ids import JsonValue

EffectPolicy = Literal["repeatable", "at_most_once"]


class OutcomeUnknown(Exception):
    """An `at_most_once` effect was begun before a crash and its result was never recorded.

    It is not run again. Whether it happened cannot be known from here.
    """

    def __init__(self, key: str) -> None:
        super().__init__(f"the outcome of `{key}` is unknown")
        self.key = key


class Child(Protocol):
    """A child scope at work."""

    @property
    def key(self) -> str:
        """The key it was started under."""
        ...

    @property
    def failure(self) -> BaseException | None:
        """What its function raised, once it is over; only our own mistakes arrive here."""
        ...


class Durable(Protocol):
    """A scope of one flow run. Keys given to it are relative to the scope."""

    @property
    def run_id(self) -> str:
        """The flow run's id."""
        ...

    def path(self, key: str) -> str:
        """Return a key of this scope as a plan path, unique in the run."""
        ...

    async def effect(
        self,
        key: str,
        act: Callable[[], Awaitable[Event]],
        policy: EffectPolicy = "repeatable",
    ) -> Event:
        """Do something once; what it returns says what happened, and is remembered as an event.

        The event is durable before it is returned; for `at_most_once` the intent is durable before
        `act` is called. A key that has its event returns it and does nothing.

        Raises:
            OutcomeUnknown: see there.
            StorageError: nothing can be remembered any more; `act` was not called, or what it
                did is not known to the next life.
            IllegalTransition: the same key is under way in this life.
        """
        ...

    def begun(self, key: str) -> bool:
        """Tell whether an earlier life began the effect and never recorded its end."""
        ...

    def child(self, key: str, work: Callable[["Durable"], Awaitable[None]]) -> Child:
        """Start work beside this one, in a scope of its own whose keys begin with `key/`."""
        ...

    async def wait_any(self) -> Sequence[Child]:
        """Wait until a child started here is over; return all that are, each once.

        One waiter at a time.
        """
        ...

    async def record(self, key: str, event: Event) -> None:
        """Append an event and return when it is durable. A key already recorded is left alone."""
        ...

    def emit(self, key: str, event: Event) -> None:
        """Append an event, to be durable no later than anything after it; deduplicated by key."""
        ...

    def show(self, event: Event) -> None:
        """Show an event to whoever watches, without keeping it: streamed text, for one."""
        ...

    def recorded(self, key: str) -> Event | None:
        """Return the event an earlier life of this run recorded under the key."""
        ...

    async def fact(self, key: str, find: Callable[[], JsonValue]) -> JsonValue:
        """Return what `find` said the first time: a choice that must not change on resume."""
        ...

    def now(self) -> float:
        """Return the time, for durations and stamps; never decide by it without `fact`."""
        ...

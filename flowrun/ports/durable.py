"""All that the interpreter may use of the world besides runtimes and tools.

Keys are plan paths (`report/round[2]/tool[call_9]`), never positions, so the order in which things
finish does not matter and a stored run does not break when its neighbours change.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from flowrun.events.records import Event
from flowrun.ids import JsonObject, JsonValue

EffectPolicy = Literal["repeatable", "keyed", "probe", "at_most_once"]


class RunCancelled(Exception):
    """Somebody cancelled the run; every child is gone. Raised by `wait_any` of the run's root."""


class OutcomeUnknown(Exception):
    """A `probe` or `at_most_once` effect was begun before a crash and its result never recorded.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What somebody outside said."""

    value: JsonObject
    sender: str
    at: float
    """In seconds since the epoch."""


class Durable(Protocol):
    """A scope of one flow run. Keys given to it are relative to the scope."""

    @property
    def run_id(self) -> str:
        """The flow run's id."""
        ...

    @property
    def cancelled(self) -> bool:
        """Whether somebody cancelled the run. Entered so, it only draws its conclusion."""
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

        The event is durable before it is returned; for every policy but `repeatable` the intent is
        durable before `act` is called. A key that has its event returns it and does nothing. An
        intent of an earlier entry without an event means a crash in between: `keyed` acts again,
        `probe` and `at_most_once` raise. So it is in this entry, too, when `act` was broken off or
        raised; without an intent the key is then as if it had never been used.

        When `act` raises or is cancelled there is no event, and the key is free again in this life,
        so that whoever broke it off can say under it how it ended.

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

    def left_begun(self) -> Sequence[str]:
        """Return the keys of this scope and all below it for which `begun` is true."""
        ...

    def child(self, key: str, work: Callable[["Durable"], Awaitable[None]]) -> Child:
        """Start work beside this one, in a scope of its own whose keys begin with `key/`."""
        ...

    async def wait_any(self) -> Sequence[Child]:
        """Wait until a child started here is over; return all that are, each once.

        One waiter at a time.

        Raises:
            RunCancelled: of the run's root scope alone; see there.
        """
        ...

    def nested(self, key: str) -> "Durable":
        """Return the scope below this one whose keys begin with `key/`, in the same strand.

        It has children of its own to wait for.
        """
        ...

    async def within(
        self, key: str, seconds: float, work: Callable[["Durable"], Awaitable[None]]
    ) -> bool:
        """Do work for at most so long, counted from when it first began; tell whether it ended.

        The instant is recorded under `key`, so the time goes on while nobody executes the run.
        When it comes, the work and its children are cancelled and gone before this returns False;
        when it came before this entry, the work is not begun again.
        The scope that `work` is given has the keys of this one. What it raises is raised here.
        """
        ...

    async def until(self, key: str, seconds: float) -> None:
        """Wait until so long after it was first asked; the instant is recorded under `key`."""
        ...

    async def signal(self, key: str) -> Signal:
        """Wait for what somebody sends to the path of `key`; the first one counts, for good.

        Not to be called beside other work of the same scope. A run in which everything waits, for
        signals or for timers, is parked: this never returns, and asks again in the next entry.
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

    def recorded_keys(self) -> Sequence[str]:
        """Return the keys of this scope and all below it that have an event, in any life.

        Those of earlier lives come first, in order.
        """
        ...

    async def fact(self, key: str, find: Callable[[], JsonValue]) -> JsonValue:
        """Return what `find` said the first time: a choice that must not change on resume."""
        ...

    def since(self, key: str) -> float:
        """Return when an earlier life recorded the event, or now if none did: for durations.

        Only events are remembered by their times whose keys end in `started`.
        """
        ...

    def now(self) -> float:
        """Return the time, for durations and stamps; never decide by it without `fact`."""
        ...

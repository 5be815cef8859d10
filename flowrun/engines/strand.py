"""Strands: the lines of work of a run, each with the children that it has begun.

A run's root is a strand, so is every child, and so is the work inside a `within`. A strand either
moves or waits; `engines.live_run` counts those that move.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast

from flowrun.engines.live_run import LiveRun
from flowrun.ports.durable import Durable


@dataclass(slots=True)
class ChildScope:
    """A child at work: its key, and its failure once it is over."""

    key: str
    failure: BaseException | None = None


class OwnScope(Durable, Protocol):
    """The first scope of a strand."""

    @property
    def strand(self) -> "Strand":
        """Whose it is."""
        ...


Work: TypeAlias = Callable[[Durable], Awaitable[None]]
"""What a child does, in its scope."""


class Strand:
    """What the scopes of one line of work share."""

    __slots__ = ("child_wait", "roots", "run", "tasks", "waits")

    def __init__(self, run: LiveRun, roots: "Roots | None" = None) -> None:
        self.run = run
        self.roots = roots
        """Where it hears of it when the run is cancelled; None is cancelled itself."""
        self.tasks: set[asyncio.Task[None]] = set()
        """Children at work, of all its scopes."""
        self.waits = 0
        """How many things it waits for."""
        self.child_wait: asyncio.Future[None] | None = None
        """Ended when a child is over, the last time it waited for one."""

    def begin(
        self, child: ChildScope, work: Work, own: "OwnScope", tell: Callable[[ChildScope], None]
    ) -> None:
        """Start a child in a scope and strand of its own; `tell` is called when it is over."""
        self.run.moving += 1
        see_through = self._see_through(child, work, own, tell)
        self.tasks.add(asyncio.get_running_loop().create_task(see_through))

    async def pause(self, wake: asyncio.Future[None]) -> None:
        """Wait. Who wakes it counts it as moving at once, so that nobody takes the run for still.

        Args:
            wake: Ended by `end_pause` alone.
        """
        self.waits += 1
        if self.waits == 1:
            self.run.rest()
        try:
            await wake
        finally:
            if wake.cancelled() or not wake.done():
                self._stir()

    def end_pause(self, wake: asyncio.Future[None] | None) -> None:
        """Wake it, if it waits still."""
        if wake is not None and not wake.done():
            self._stir()
            wake.set_result(None)

    async def abandon(self) -> None:
        """Cancel every child and wait until they are gone, even when cancelled meanwhile."""
        if not self.tasks:
            return
        tasks, cancelled = tuple(self.tasks), None
        for task in tasks:
            task.cancel()
        gone = asyncio.gather(*tasks, return_exceptions=True)
        while not gone.done():
            try:
                await asyncio.shield(gone)
            except asyncio.CancelledError as request:  # who asks for it waits for them, too
                cancelled = request
        for task in self.tasks.intersection(tasks):  # it never had a turn, so it could not leave
            self.tasks.discard(task)
            self.run.rest()
        if cancelled is not None:
            raise cancelled

    async def _see_through(
        self, child: ChildScope, work: Work, own: "OwnScope", tell: Callable[[ChildScope], None]
    ) -> None:
        """Run a child to its end, whatever that is, and its children to theirs."""
        try:
            await work(own)
        except BaseException as failure:
            child.failure = failure
            if isinstance(failure, asyncio.CancelledError | KeyboardInterrupt | SystemExit):
                raise
        finally:
            try:
                if own.strand.tasks:
                    await own.strand.abandon()
            finally:
                # It leaves by itself: a callback would cost a turn of the loop.
                self.tasks.discard(cast("asyncio.Task[None]", asyncio.current_task()))
                tell(child)
                self.run.rest()

    def _stir(self) -> None:
        self.waits -= 1
        if self.waits == 0:
            self.run.moving += 1


class Roots:
    """The strands that hear of it when the run is cancelled, instead of being cancelled.

    They are the run's root and the work that the root puts a limit of time to.
    """

    def __init__(self, run: LiveRun) -> None:
        self.root = Strand(run, self)
        self.strands = [self.root]
        self.told = False
        """The run is cancelled and nothing of it is at work any more."""

    async def cancel(self) -> None:
        """Cancel every child of the run; when they are gone, tell the strands.

        `LiveRun.cancelled` is set already, so they take in no child's end meanwhile.
        """
        await asyncio.gather(*[strand.abandon() for strand in self.strands])
        self.told = True
        for strand in self.strands:
            strand.end_pause(strand.child_wait)

"""Follow a run to its end: show it, ask people what it asks, park it when it is enough."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from flowrun.app.project import told_apart
from flowrun.app.session import Session
from flowrun.errors import AlreadyAnswered, RunConflict, RunNotFound
from flowrun.events.questions import open_questions
from flowrun.events.records import FlowRunFinished, FlowRunResumed, QuestionAsked
from flowrun.events.stamped import StampedEvent
from flowrun.ids import JsonObject, mint
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.engine import EngineClient, FlowRunHead

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """What is known the moment before a run begins or goes on."""

    run_id: str
    plan: ExecutionPlan
    notice: str | None
    """Something people must be told first."""
    project: str = ""
    """The way to the run's project, where that is not the one around the current directory."""
    earlier: tuple[StampedEvent, ...] = ()
    """What happened in earlier lives of the run."""


class Audience(Protocol):
    """Who watches a run: told before it begins, and of every event."""

    def begin(self, start: "RunStart") -> None:
        """Everything is ready; the run begins, or goes on, now."""
        ...

    def see(self, event: StampedEvent) -> None:
        """Something happened; must be quick."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What somebody answered to a question."""

    value: JsonObject
    """As `app.answers.make_answer` made it."""
    sender: str
    """Who it was, for people."""


class Asker(Protocol):
    """Somebody who can be asked while the run waits."""

    async def ask(self, asked: QuestionAsked) -> Reply | None:
        """Return the answer, or None when it is left to others; cancelled when it came meanwhile.

        Args:
            asked: The question.
        """
        ...

    def refused(self, asked: QuestionAsked, problem: AlreadyAnswered) -> None:
        """Take notice that somebody else was first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What surrounds a command that runs something."""

    environ: Mapping[str, str]
    audience: Audience
    stop: asyncio.Event
    """Set from outside to have the run parked."""
    asker: Asker | None = None
    """None when there is nobody to be asked; the run is then left waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """How a run stands when this process lets go of it."""

    head: FlowRunHead
    plan: ExecutionPlan
    events: tuple[StampedEvent, ...]
    """Every kept event, earlier lives of the run included."""
    project: str = ""
    """See `RunStart`."""


async def follow_run(
    session: Session, run_id: str, enter: Callable[[], Awaitable[None]], occasion: Occasion
) -> RunOutcome:
    """Enter a run and follow it until it ends, waits for somebody else, or is to be parked.

    Args:
        session: Holds the engine.
        run_id: Of the run.
        enter: Starts the run or goes on with it.
        occasion: Who watches, who is asked, and when it is enough.
    """
    engine = session.engine
    earlier = _earlier(engine, run_id)
    early: list[StampedEvent] = []
    show = early.append
    moved = asyncio.Event()

    def see(which: str, event: StampedEvent) -> None:
        if which == run_id:
            show(event)
            if isinstance(event.event, FlowRunResumed | FlowRunFinished):
                moved.set()

    engine.watch(see)
    if earlier:
        await session.tools.end_orphans(run_id)
    await enter()
    if not early and earlier:  # the same id once more, of a run that is over: tell its story again
        early, earlier = list(earlier), ()
    project = told_apart(session.project.root)
    # Only now: a run that is refused never began.
    occasion.audience.begin(
        RunStart(
            run_id=run_id,
            plan=session.plan,
            notice=session.notice,
            project=project,
            earlier=earlier,
        )
    )
    show = occasion.audience.see
    for event in early:
        show(event)
    following = _Following(engine, run_id, occasion, moved)
    head = await following.to_the_end()
    events = tuple(engine.events(run_id))
    return RunOutcome(head=head, plan=session.plan, events=events, project=project)


class _Following:
    """One run that is being followed."""

    def __init__(
        self, engine: EngineClient, run_id: str, occasion: Occasion, moved: asyncio.Event
    ) -> None:
        self._engine = engine
        self._run_id = run_id
        self._occasion = occasion
        self._moved = moved
        """Set whenever the run is entered again or is over, by us or by what somebody else did."""

    async def to_the_end(self) -> FlowRunHead:
        while True:
            self._moved.clear()
            head = await self._wait()
            if head.status != "parked" or self._occasion.stop.is_set():
                return head
            if self._moved.is_set():  # entered again meanwhile: what it waits for may be another
                continue
            asked = self._next_question(head)
            if asked is None or not await self._have_answered(asked):
                return head

    async def _wait(self) -> FlowRunHead:
        """Wait until the run ends or waits for people; park it when it is enough."""
        waiting = asyncio.create_task(self._engine.wait(self._run_id))
        stopping = asyncio.create_task(self._occasion.stop.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                await self._engine.park(self._run_id, "interrupted")
            return await waiting
        finally:
            stopping.cancel()

    def _next_question(self, head: FlowRunHead) -> QuestionAsked | None:
        """Return what can be asked here and now, the oldest first."""
        if self._occasion.asker is None:
            return None
        asked = open_questions(self._engine.events(self._run_id))
        return next((one for one in asked if one.question in head.questions), None)

    async def _have_answered(self, asked: QuestionAsked) -> bool:
        """Ask, and send the answer; tell whether the run goes on."""
        asker = self._occasion.asker
        assert asker is not None
        reply = await self._meanwhile(asker.ask(asked))
        if self._moved.is_set():  # somebody else has answered, or cancelled it
            return True
        if reply is None:
            return False
        try:
            await self._engine.send(
                self._run_id,
                asked.question,
                reply.value,
                message_id=mint("answer_"),
                sender=reply.sender,
            )
        except AlreadyAnswered as problem:
            asker.refused(asked, problem)
            with suppress(RunConflict):  # it came to its end meanwhile
                await self._engine.resume(self._run_id)
        return True

    async def _meanwhile(self, asking: Coroutine[None, None, Result | None]) -> Result | None:
        """Return what comes of asking; None when it is enough, or the run went on without it."""
        task = asyncio.create_task(asking)
        others = [asyncio.create_task(event.wait()) for event in (self._occasion.stop, self._moved)]
        try:
            await asyncio.wait({task, *others}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in others:
                one.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
        return None if task.cancelled() else task.result()


def _earlier(engine: EngineClient, run_id: str) -> tuple[StampedEvent, ...]:
    try:
        return tuple(engine.events(run_id))
    except RunNotFound:
        return ()

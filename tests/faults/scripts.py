"""What a life does with its run: each is given the cast of `life` and returns when it is done."""

import asyncio

from flowrun.app.follow import Occasion, Reply, follow_run
from flowrun.app.session import Session
from flowrun.errors import AlreadyAnswered, RunCrashLoops, RunNotFound
from flowrun.events.questions import open_questions
from flowrun.ports.engine import Schedule
from tests.faults.ledger import read_ledger

PERSON = "ada"


class Quiet:
    """An audience that looks away."""

    def begin(self, start):
        """Nothing to see."""

    def see(self, event):
        """Nothing to see."""


class Desk:
    """A person who answers whatever is asked; of an unknown outcome, by what the ledger says."""

    def __init__(self, cast) -> None:
        self._life = cast.life

    async def ask(self, asked):
        return Reply(value=self.answer(asked), sender=PERSON)

    def refused(self, asked, problem):
        raise problem

    def answer(self, asked):
        """Return what is said to a question."""
        decision, value = "approved", None
        if asked.kind == "form":
            decision, value = "answered", {"count": 3}
        if asked.kind == "unknown":
            decision, value = self._what_happened(asked.tool, asked.arguments["order"])
        return {"decision": decision, "value": value, "comment": ""}

    def _what_happened(self, tool, order):
        lines = read_ledger(self._life.ledger, self._life.run)
        if not any((one.word, one.tool, one.order) == ("effect", tool, order) for one in lines):
            return "run", None
        if tool == "haul":
            return "done", {"stdout": "", "stderr": "", "exit_code": 0}
        return "done", {"order": order}


async def see_through(cast) -> None:
    """Start the run or go on with it, answer what is asked, and stay until it is over."""
    over = [one for one in cast.engine.list() if one.run_id == cast.life.run and one.finished_at]
    if over:  # it was killed when there was nothing left to do
        print("over before", cast.life.run, over[0].status, flush=True)
        return
    head = await follow(cast, _entering(cast), Desk(cast))
    print("over", cast.life.run, head.status, head.error, flush=True)


def _entering(cast):
    """Return what starts the run, or goes on with it, as somebody would who knows of the kills."""

    async def enter():
        try:
            await _enter_once(cast)
        except RunCrashLoops as stuck:  # killed thrice before it came to anything
            print("forced", stuck, flush=True)
            await cast.engine.resume(cast.life.run, force=True)

    return enter


async def follow(cast, enter, asker=None):
    """Follow a run as the command line does; return its head."""
    session = Session(
        engine=cast.engine,
        project=cast.project,
        plan=cast.plan,
        tools=cast.tools,
        notice=None,
    )
    occasion = Occasion(environ={}, audience=Quiet(), stop=asyncio.Event(), asker=asker)
    return (await follow_run(session, cast.life.run, enter, occasion)).head


async def answer_twice(cast) -> None:
    """Answer by hand, every question twice: the second click must change nothing."""
    engine, life = cast.engine, cast.life
    await _enter(cast)
    while (head := await engine.wait(life.run)).status == "parked":
        for asked in open_questions(engine.events(life.run)):
            await _click(cast, asked, "approved", PERSON)
            cast.death.at("answered")
            await _click(cast, asked, "rejected", "bob")
            cast.death.at("answered-twice")
        await engine.resume(life.run)
    print("over", life.run, head.status, head.error, flush=True)


async def _click(cast, asked, decision, sender) -> None:
    value = Desk(cast).answer(asked)
    if decision == "rejected":
        value = {"decision": "rejected", "value": None, "comment": "no"}
    how = {"message_id": f"{cast.life.run}-{asked.question}-{sender}", "sender": sender}
    try:
        await cast.engine.send(cast.life.run, asked.question, value, **how)
    except AlreadyAnswered as problem:
        print("refused", sender, problem, flush=True)
        assert PERSON in str(problem), "it names who was first"


async def leave_waiting(cast) -> None:
    """Enter the run and leave as soon as it waits for people."""
    await _enter(cast)
    head = await cast.engine.wait(cast.life.run)
    print("left", cast.life.run, head.status, flush=True)


async def park_and_resume(cast) -> None:
    """Stop in the middle of the named tool's call and go on in the same process."""
    parking = asyncio.create_task(_park_when(cast))
    while (head := await follow(cast, _entering(cast), Desk(cast))).status == "parked":
        pass
    parking.cancel()
    print("over", cast.life.run, head.status, head.error, flush=True)


async def _park_when(cast) -> None:
    for _ in range(cast.life.more["times"]):
        while await cast.begun.get() != cast.life.more["tool"]:
            pass
        await cast.engine.park(cast.life.run, "a pause")


async def cancel_at_tool(cast) -> None:
    """Cancel the run when the named tool is at work; when it was cancelled before, see it end."""
    cancelling = asyncio.create_task(_cancel_when(cast))
    head = await follow(cast, _entering(cast), Desk(cast))
    cancelling.cancel()
    print("over", cast.life.run, head.status, head.error, flush=True)


async def _cancel_when(cast) -> None:
    while await cast.begun.get() != cast.life.more["tool"]:
        pass
    await cast.engine.cancel(cast.life.run, by=PERSON, reason="enough")
    cast.death.at("cancelled")


async def tick(cast) -> None:
    """Have a schedule, sweep, and see what it started through."""
    engine, more = cast.engine, cast.life.more
    schedule = Schedule(
        name=cast.life.run,
        plan=cast.plan,
        inputs={},
        setting=cast.setting,
        every_s=more["every_s"],
        anchor=more["anchor"],
        catch_up=more["catch_up"],
    )
    await engine.schedule(schedule)
    cast.death.at("scheduled")
    await engine.sweep()
    cast.death.at("swept")
    for head in engine.list():
        if head.finished_at is None:
            await engine.resume(head.run_id)
        head = await engine.wait(head.run_id)
        print("over", head.run_id, head.status, flush=True)


async def be_poisoned(cast) -> None:
    """Enter the run that kills; when the engine will not, say so."""
    try:
        await _enter_once(cast)
    except RunCrashLoops as refused:
        print("refused", refused, flush=True)
        raise
    head = await cast.engine.wait(cast.life.run)
    print("over", cast.life.run, head.status, head.error, flush=True)


async def _enter(cast) -> None:
    if _is_known(cast):
        await cast.tools.end_orphans(cast.life.run)
    await _entering(cast)()


async def _enter_once(cast) -> None:
    if _is_known(cast):
        await cast.engine.resume(cast.life.run)
    else:
        await cast.engine.start(cast.life.run, cast.plan, {}, cast.setting)


def _is_known(cast) -> bool:
    try:
        cast.engine.events(cast.life.run)
    except RunNotFound:
        return False
    return True

"""A process made to be killed while its runs wait: `python -m tests.support.killed_waits FOLDER`.

It has a few runs that wait for an instant, for a person and within a limit, and a schedule that
starts another every tenth of a second. It goes on with what was left until every run is over, or
somebody kills it. What must not happen twice is written into a ledger that nothing of flowrun's
reads.
"""

import asyncio
import os
import sys
from pathlib import Path

from flowrun.clock import SystemClock
from flowrun.engines.journal import JournalEngine
from flowrun.errors import RunConflict
from flowrun.events.records import FlowRunFinished, StepFinished
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.durable import OutcomeUnknown
from flowrun.ports.engine import RunFilter, RunSetting, Schedule
from flowrun.storage.database import open_database

RUNS = 6
TICKS = ExecutionPlan(flow="ticks")
WAITS = ExecutionPlan(flow="waits")
EVERY_S = 0.1
SETTING = RunSetting(environment={}, origin={})
LEFT = RunFilter(statuses=frozenset({"running", "parked"}))


class Ledger:
    """What happened outside."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def note(self, text):
        os.write(self._file, f"{text}\n".encode())


def carrying_out(ledger):
    """What the runs do: each pays once before and once after a person said so."""

    async def pay(scope, key):
        async def act():
            ledger.note(f"{scope.run_id} {key}")
            await asyncio.sleep(0.001)
            return StepFinished(step=key, status="completed")

        try:
            await scope.effect(key, act, "at_most_once")
        except OutcomeUnknown:
            unknown = StepFinished(step=key, status="failed", error_code="outcome_unknown")
            await scope.record(key, unknown)

    async def interpret(scope, plan, inputs, setting):
        await scope.until("pause", 0.01)
        await pay(scope, "before")
        if plan.flow == "ticks":
            return FlowRunFinished(status="completed")
        heard = []

        async def ask(own):
            heard.append(await own.signal("answer"))

        scope.child("steps/ask", ask)
        await scope.wait_any()

        async def work(own):
            own.child("late", later)
            await own.wait_any()

        async def later(own):
            await own.until("pause", 0.02)
            await pay(own, "after")

        ended = await scope.within("limit", 3_600.0, work)
        said = {"sender": heard[0].sender, "ended": ended}
        return FlowRunFinished(status="completed", outputs=said)

    return interpret


async def live(folder: Path) -> None:
    """Go on with everything until all of it is over."""
    database = open_database(folder / "store.db", holder="killed")
    clock = SystemClock()
    engine = JournalEngine(database, clock, carrying_out(Ledger(folder / "ledger.txt")))
    print("ready", flush=True)
    if not engine.list(RunFilter(flow="waits")):
        await engine.schedule(
            Schedule(
                name="tick",
                plan=TICKS,
                inputs={},
                setting=SETTING,
                every_s=EVERY_S,
                anchor=clock.now(),
                catch_up="all",
            )
        )
    for number in range(RUNS):
        await engine.start(f"run-{number}", WAITS, {}, SETTING)
    for head in engine.list(LEFT):
        try:
            await engine.resume(head.run_id, force=True)  # killed often, by no fault of its own
        except RunConflict:
            print(f"{head.run_id} was over before it was entered", flush=True)
    while engine.list(LEFT):
        await engine.sweep()
        await asyncio.sleep(0.01)
    database.close()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1])))

"""Any plan that is broken off, by time, by death or by a person, leaves nothing open and uncounted.

Plans are random, with every kind of step in every layer. Whatever happens to a run, once it is over
all that began has an end, no assistant run is open at the runtime, and every token is counted.
"""

import asyncio
import tempfile
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.clock import ManualClock
from flowrun.errors import RunConflict
from flowrun.events.records import FlowRunStarted
from tests.support.any_plan import AnyRuntime, any_plan, any_tools, check_over
from tests.support.crash import Died
from tests.support.interpreting import Stage, told

LIVES, PARKINGS = 3, 60
APPROVED = {"decision": "approved", "value": None, "comment": ""}
SEEDS = st.integers(0, 1_000_000).map(Random)


def stage_of(folder, random, *, hangs):
    return Stage(
        folder=Path(folder),
        plan=any_plan(random),
        runtime=AnyRuntime(hangs=hangs),
        tools=any_tools(hangs=hangs),
        clock=ManualClock(),
    )


def after(count, act):
    """A watch that acts once so many kept events happened."""
    seen = []

    def watch(stamped):
        if stamped.seq is not None and not isinstance(stamped.event, FlowRunStarted):
            seen.append(stamped)
            if len(seen) == count:
                act()

    return watch


def die():
    raise Died


def live(stage, questions, watch=None):
    """Live to the end; whoever is asked approves. True when it died instead."""
    stage.watch = watch
    for _ in range(PARKINGS):
        try:
            done = stage.live(answers=dict.fromkeys(questions, APPROVED))
        except Died:
            return None
        questions |= set(done.head.questions)
        if done.head.status != "parked":
            return done
    raise AssertionError("it is parked again and again")


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_whenever_it_dies_and_however_late_it_is_entered_again(random):
    questions = set()
    with tempfile.TemporaryDirectory() as folder:
        stage = stage_of(folder, random, hangs=False)
        for _ in range(random.randint(1, LIVES)):
            live(stage, questions, after(random.randint(1, 30), die))
            stage.later(random.choice([0, 601, 6_001]))
        done = live(stage, questions)
        check_over(done, stage.plan, stage.runtime)


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_whenever_it_is_cancelled(random):
    with tempfile.TemporaryDirectory() as folder:
        stage = stage_of(folder, random, hangs=True)

        async def story(engine):
            enough = asyncio.Event()
            stopped = asyncio.create_task(enough.wait())
            engine.watch(lambda _, one: watch(one))
            watch = after(random.randint(1, 30), enough.set)
            await stage.start(engine)
            over = asyncio.create_task(engine.wait("run-1"))
            await asyncio.wait({stopped, over}, timeout=0.05, return_when="FIRST_COMPLETED")
            over.cancel()
            stopped.cancel()
            if engine.list()[0].alive:
                await cancel(engine)
            return told(engine, await engine.wait("run-1"))

        done = asyncio.run(stage.open(story))
        # One that fell asleep in that moment is ended by the engine, which carries nothing out.
        if done.head.status != "parked" and done.last.error != "cancelled by Ann":
            check_over(done, stage.plan, stage.runtime)


async def cancel(engine):
    try:
        await engine.cancel("run-1", by="Ann")
    except RunConflict:
        return  # it is over

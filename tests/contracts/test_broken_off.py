"""What every engine keeps to when work is broken off: its keys take how it ended afterwards."""

import asyncio

import pytest

from flowrun.ports.durable import RunCancelled
from tests.support.crash import Died
from tests.support.engines import ENGINES, PLAN, SETTING, die, doing, done, kept, live, said, within


@pytest.fixture(params=ENGINES)
def place(request, tmp_path):
    return ENGINES[request.param](tmp_path)


async def hang():
    await asyncio.Event().wait()


@pytest.mark.parametrize("policy", ["repeatable", "at_most_once"])
def test_the_key_of_an_effect_that_was_broken_off_takes_how_it_ended(place, policy):
    async def interpret(scope, plan, inputs, environment):
        async def work(own):
            await own.effect("x", hang, policy)

        in_time = await scope.within("deadline", 0.01, work)
        settled = await scope.effect("x", doing("late"))
        return done(in_time=in_time, settled=settled.step)

    _, events = live(place, interpret)
    assert events[-1] == done(in_time=False, settled="late")
    assert events.count(said("late")) == 1


def test_an_effect_that_ended_before_it_could_be_broken_off_keeps_its_end(place):
    async def interpret(scope, plan, inputs, environment):
        async def work(own):
            await own.effect("x", doing("done"))
            await hang()

        await scope.within("deadline", 0.05, work)
        settled = await scope.effect("x", doing("late"))
        return done(settled=settled.step)

    _, events = live(place, interpret)
    assert events[-1] == done(settled="done")


@pytest.mark.parametrize("policy", ["repeatable", "at_most_once"])
def test_what_a_cancelled_run_was_at_can_be_told(place, policy):
    began = asyncio.Event()

    async def interpret(scope, plan, inputs, environment):
        async def act():
            began.set()
            await hang()

        async def child(own):
            await own.effect("x", act, policy)

        scope.child("a", child)
        try:
            await scope.wait_any()
        except RunCancelled:
            scope.emit("a/x", said("cancelled"))
        return done()

    async def story(engine):
        await engine.start("run-1", PLAN, {}, SETTING)
        await began.wait()
        await engine.cancel("run-1", by="Ann")
        await engine.wait("run-1")
        return kept(engine)

    assert said("cancelled") in within(place, interpret, story)


def test_what_is_recorded_below_is_found_by_its_keys_in_any_life(place):
    async def first(scope, plan, inputs, environment):
        scope.emit("a/y", said("y"))
        await scope.record("a/x", said("x"))
        await scope.record("b", said("b"))
        raise Died

    die(place, first)

    async def second(scope, plan, inputs, environment):
        own = scope.nested("a")
        own.nested("c").emit("z", said("z"))
        return done(keys=list(own.recorded_keys()), all=sorted(scope.recorded_keys()))

    _, events = live(place, second, resume=True)
    assert events[-1].outputs["keys"] == ["y", "x", "c/z"]
    assert {"a/y", "a/x", "b", "a/c/z"} <= set(events[-1].outputs["all"])

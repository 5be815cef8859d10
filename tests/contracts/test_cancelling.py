"""Cancelling a run on every engine, whatever it is doing: durable first, over soon, once."""

import asyncio
import time

import pytest

from flowrun.errors import RunConflict, RunNotFound, StorageError
from flowrun.events.records import (
    FlowRunCancelling,
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
)
from flowrun.ports.durable import RunCancelled
from tests.support.crash import Died
from tests.support.engines import (
    ENGINES,
    PLAN,
    SETTING,
    die,
    doing,
    done,
    kept,
    live,
    said,
    soon,
    until,
    within,
)

CANCELLED = FlowRunFinished(
    status="cancelled", error="cancelled by ann: too late", error_code="cancelled"
)
CANCELLING = FlowRunCancelling(by="ann", reason="too late")


@pytest.fixture(params=ENGINES)
def place(request, tmp_path):
    return ENGINES[request.param](tmp_path)


async def start(engine, run_id="run-1"):
    await engine.start(run_id, PLAN, {}, SETTING)


async def cancel(engine, run_id="run-1"):
    await engine.cancel(run_id, by="ann", reason="too late")


def working(gate, policy="repeatable", limit=None):
    """A run whose child stands inside an effect, and that concludes in its own words."""

    async def interpret(scope, plan, inputs, setting):
        async def act():
            gate["reached"].set()
            try:
                await gate["let go"].wait()
            finally:
                await asyncio.sleep(0)  # what cleaning up may take
                gate["gone"] = True
            return said("worked")

        async def work(own):
            await own.effect("x", act, policy)
            await own.effect("y", doing("more", gate.setdefault("more", [])))

        async def walk(own):
            own.child("a", work)
            own.child("b", work_too)
            for _ in range(2):
                await own.wait_any()

        async def work_too(own):
            await asyncio.Event().wait()

        try:
            if limit is None:
                await walk(scope)
            else:
                await scope.within("limit", limit, walk)
        except RunCancelled:
            gate["told"] = gate.get("gone")
            await scope.record("last/words", said("cleaned up"))
            return FlowRunFinished(status="cancelled", error="in its own words")
        return done()

    return interpret


@pytest.mark.parametrize("limit", [None, 3_600.0])
def test_what_is_at_work_is_gone_before_the_run_concludes(place, limit):
    gate = {}

    async def story(engine):
        gate["reached"], gate["let go"] = asyncio.Event(), asyncio.Event()
        await start(engine)
        await gate["reached"].wait()
        began = time.monotonic()
        await cancel(engine)
        assert CANCELLING in kept(engine), "durable first"
        head = await engine.wait("run-1")
        return head, kept(engine), time.monotonic() - began

    head, events, took = within(place, working(gate, limit=limit), story)
    assert (head.status, head.error, head.alive) == ("cancelled", "in its own words", False)
    assert events[1:] == [
        CANCELLING,
        said("cleaned up"),
        FlowRunFinished(status="cancelled", error="in its own words"),
    ]
    assert gate["told"] is True
    assert took < 2


def test_what_must_not_be_cut_short_is_given_a_moment_and_nothing_more_begins(place):
    gate = {}

    async def story(engine):
        gate["reached"], gate["let go"] = asyncio.Event(), asyncio.Event()
        await start(engine)
        await gate["reached"].wait()
        await cancel(engine)
        gate["let go"].set()
        await engine.wait("run-1")
        return kept(engine)

    events = within(place, working(gate, "at_most_once"), story)
    assert said("worked") in events
    assert "more" not in gate or gate["more"] == []
    assert events[-1].status == "cancelled"


def test_what_does_not_end_by_itself_is_ended_in_under_two_seconds(place):
    gate = {}

    async def story(engine):
        gate["reached"], gate["let go"] = asyncio.Event(), asyncio.Event()
        await start(engine)
        await gate["reached"].wait()
        began = time.monotonic()
        await cancel(engine)
        await engine.wait("run-1")
        return time.monotonic() - began

    assert within(place, working(gate, "at_most_once"), story) < 2


def test_a_root_that_does_not_listen_is_ended_too(place):
    async def interpret(scope, plan, inputs, setting):
        await scope.effect("x", asyncio.Event().wait)

    async def story(engine):
        await start(engine)
        began = time.monotonic()
        await cancel(engine)
        await engine.wait("run-1")
        return kept(engine), time.monotonic() - began

    events, took = within(place, interpret, story)
    assert events[1:] == [CANCELLING, CANCELLED]
    assert took < 2


def test_a_root_that_raises_what_it_was_told_ends_as_cancelled(place):
    async def interpret(scope, plan, inputs, setting):
        await scope.wait_any()

    async def story(engine):
        await start(engine)
        await cancel(engine)
        await engine.wait("run-1")
        return kept(engine)

    assert within(place, interpret, story)[1:] == [CANCELLING, CANCELLED]


def test_cancelling_twice_or_at_the_same_time_is_cancelling_once(place):
    gate = {}

    async def story(engine):
        gate["reached"], gate["let go"] = asyncio.Event(), asyncio.Event()
        await start(engine)
        await gate["reached"].wait()
        await asyncio.gather(*[cancel(engine) for _ in range(3)])
        await engine.cancel("run-1", by="bob")
        await engine.wait("run-1")
        await engine.cancel("run-1", by="bob")
        return kept(engine)

    events = within(place, working(gate), story)
    assert [type(one) for one in events].count(FlowRunCancelling) == 1
    assert [type(one) for one in events].count(FlowRunFinished) == 1


def test_what_is_over_or_unknown_is_not_cancelled(place):
    async def interpret(scope, plan, inputs, setting):
        return done()

    async def story(engine):
        await start(engine)
        await engine.wait("run-1")
        with pytest.raises(RunConflict, match="completed already"):
            await cancel(engine)
        with pytest.raises(RunNotFound):
            await cancel(engine, "nobody")

    within(place, interpret, story)


async def asking(scope, plan, inputs, setting):
    await scope.signal("ask")
    return done()


def test_a_parked_run_is_over_at_once_and_nobody_enters_it(place):
    async def story(engine):
        await start(engine)
        await engine.wait("run-1")
        await asyncio.gather(*[cancel(engine) for _ in range(3)])
        (head,) = engine.list()
        assert (head.status, head.questions, head.error) == (
            "cancelled",
            (),
            "cancelled by ann: too late",
        )
        with pytest.raises(RunConflict, match="cancelled already"):
            await engine.resume("run-1")
        return kept(engine)

    events = within(place, asking, story)
    assert [type(one) for one in events[1:]] == [FlowRunParked, FlowRunCancelling, FlowRunFinished]
    assert events[-1] == CANCELLED


def test_a_crashed_run_is_over_at_once(place):
    async def interpret(scope, plan, inputs, setting):
        await scope.record("x", said("x"))
        raise Died

    die(place, interpret)

    async def story(engine):
        await cancel(engine)
        return await engine.wait("run-1"), kept(engine)

    head, events = within(place, interpret, story)
    assert head.status == "cancelled"
    assert events[1:] == [said("x"), CANCELLING, CANCELLED]


def test_a_run_that_crashed_while_it_was_cancelled_is_entered_to_conclude_and_no_more(place):
    """K23: what was to be cancelled stays cancelled, and lets go of what it held."""
    entered = []

    async def interpret(scope, plan, inputs, setting):
        entered.append(scope.cancelled)
        try:
            await scope.wait_any()
        except RunCancelled:
            if len(entered) == 1:
                raise Died from None
            raise

    async def story(engine):
        await start(engine)
        await until(lambda: entered)
        await cancel(engine)
        with pytest.raises(Died):
            await engine.wait("run-1")

    within(place, interpret, story)
    head, events = live(place, interpret, resume=True)
    assert head.status == "cancelled"
    assert [one for one in events[1:] if not isinstance(one, FlowRunResumed)] == [
        CANCELLING,
        CANCELLED,
    ]
    assert entered == [False, True]


@pytest.mark.parametrize("first", ["park", "cancel"])
def test_cancelling_beats_parking(place, first):
    gate = {}

    async def story(engine):
        gate["reached"], gate["let go"] = asyncio.Event(), asyncio.Event()
        await start(engine)
        await gate["reached"].wait()
        both = {"park": engine.park("run-1", "interrupted"), "cancel": cancel(engine)}
        second = ({"park", "cancel"} - {first}).pop()
        tasks = [asyncio.create_task(both[first])]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(both[second]))
        await asyncio.gather(*tasks)
        head = await engine.wait("run-1")
        return head, kept(engine)

    head, events = within(place, working(gate, "at_most_once"), story)
    assert head.status == "cancelled"
    assert not [one for one in events if isinstance(one, FlowRunParked)]


def test_cancelling_at_any_moment_of_a_run_ends_it_once(place):
    async def interpret(scope, plan, inputs, setting):
        async def child(own):
            await own.effect("a", doing("a"), "at_most_once")
            await own.signal("ask")

        scope.child("c", child)
        await scope.wait_any()
        return done()

    async def story(engine):
        ends = set()
        for turns in range(40):
            run_id = f"run-{turns}"
            starting = asyncio.create_task(start(engine, run_id))
            for _ in range(turns):
                await asyncio.sleep(0.0002 if turns % 2 else 0)
            await starting
            await cancel(engine, run_id)
            head = await soon(engine.wait(run_id))
            events = kept(engine, run_id)
            ends.add(tuple(type(one).__name__ for one in events[1:]))
            assert head.status == "cancelled"
            assert [type(one) for one in events].count(FlowRunFinished) == 1
            assert not [one for one in events if isinstance(one, FlowRunResumed)]
        return ends

    assert len(within(place, interpret, story)) > 1


def test_a_cancel_that_cannot_be_kept_is_an_error_and_the_run_is_not_over(place):
    gate = {}

    async def story(engine):
        gate["reached"], gate["let go"] = asyncio.Event(), asyncio.Event()
        await start(engine)
        await gate["reached"].wait()
        place.refuse("run/cancelling", "event")
        with pytest.raises(StorageError):
            await cancel(engine)
        with pytest.raises(StorageError):
            await engine.wait("run-1")
        return engine.list()[0].status

    assert within(place, working(gate), story) == "running"
    place.repair()

    async def story_again(engine):
        await cancel(engine)
        return engine.list()[0].status

    assert within(place, working(gate), story_again) == "cancelled"


def test_cancelling_one_run_leaves_the_others_alone(place):
    gate = {}

    async def story(engine):
        gate["reached"], gate["let go"] = asyncio.Event(), asyncio.Event()
        await start(engine)
        await start(engine, "run-2")
        await gate["reached"].wait()
        await cancel(engine)
        await engine.wait("run-1")
        (other,) = [one for one in engine.list() if one.run_id == "run-2"]
        return other.alive

    assert within(place, working(gate), story)

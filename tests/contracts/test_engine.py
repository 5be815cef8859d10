"""What every engine keeps to for its clients (`EngineClient`), told once and run against each."""

import asyncio
import contextlib
import time

import pytest

from flowrun.errors import RunConflict, RunNotFound, StorageError
from flowrun.events.records import FlowRunFinished, FlowRunParked, FlowRunResumed, FlowRunStarted
from flowrun.ports.durable import OutcomeUnknown
from tests.support.engines import (
    ENGINES,
    GRACE_S,
    PLAN,
    SETTING,
    die,
    doing,
    done,
    dying,
    kept,
    live,
    said,
    until,
    within,
)


@pytest.fixture(params=ENGINES)
def place(request, tmp_path):
    return ENGINES[request.param](tmp_path)


async def complete(scope, plan, inputs, setting):
    return done(city=setting.environment["CITY"], **inputs)


def test_a_run_has_one_first_and_one_last_event_numbered_without_gaps(place):
    async def story(engine):
        await engine.start("run-1", PLAN, {"days": 3}, SETTING)
        head = await engine.wait("run-1")
        return head, engine.events("run-1"), engine.events("run-1", after=1)

    head, events, later = within(place, complete, story)
    assert (head.status, head.alive, head.flow) == ("completed", False, "test")
    assert head.finished_at >= head.started_at
    assert isinstance(events[0].event, FlowRunStarted)
    assert events[-1].event == done(city="Paris", days=3)
    assert [one.seq for one in events] == [1, 2]
    assert later == events[1:]


def test_starting_again_is_the_same_start(place):
    async def story(engine):
        for _ in range(3):
            await engine.start("run-1", PLAN, {}, SETTING)
            await engine.wait("run-1")
        return kept(engine)

    assert len(within(place, complete, story)) == 2
    assert len(live(place, complete)[1]) == 2


def test_starting_one_id_many_times_at_once_is_one_start(place):
    entered = []

    async def interpret(scope, plan, inputs, setting):
        entered.append(scope.run_id)
        await scope.effect("x", doing(1))
        return done()

    async def story(engine):
        await asyncio.gather(*[engine.start("run-1", PLAN, {}, SETTING) for _ in range(5)])
        heads = await asyncio.gather(*[engine.wait("run-1") for _ in range(5)])
        return heads, kept(engine)

    heads, events = within(place, interpret, story)
    assert entered == ["run-1"]
    assert {head.status for head in heads} == {"completed"}
    assert len([one for one in events if isinstance(one, FlowRunStarted)]) == 1


def test_starting_one_id_with_other_inputs_at_the_same_time_is_refused(place):
    async def story(engine):
        first = engine.start("run-1", PLAN, {"n": 1}, SETTING)
        second = engine.start("run-1", PLAN, {"n": 2}, SETTING)
        ends = await asyncio.gather(first, second, return_exceptions=True)
        head = await engine.wait("run-1")
        return ends, head, engine.events("run-1")[0].event

    ends, head, started = within(place, complete, story)
    assert ends[0] is None
    assert isinstance(ends[1], RunConflict)
    assert (head.status, started.inputs) == ("completed", {"n": 1})


def test_starting_twice_at_once_a_run_that_breaks_at_once_harms_no_other(place):
    async def interpret(scope, plan, inputs, setting):
        if inputs["broken"]:
            raise ZeroDivisionError
        return done()

    async def story(engine):
        starts = []
        for _ in range(4):
            start = engine.start("run-1", PLAN, {"broken": True}, SETTING)
            starts.append(asyncio.create_task(start))
            await asyncio.sleep(0)
        await asyncio.gather(*starts)
        with pytest.raises(ZeroDivisionError):
            await engine.wait("run-1")
        await engine.start("run-2", PLAN, {"broken": False}, SETTING)
        return await engine.wait("run-2")

    assert within(place, interpret, story).status == "completed"


def test_starting_a_run_that_was_left_goes_on_with_it(place):
    calls = []

    async def interpret(scope, plan, inputs, setting):
        await scope.effect("x", dying(calls))
        return done()

    die(place, interpret)
    head, events = live(place, interpret)
    assert head.status == "completed"
    assert FlowRunResumed(entry=2) in events


def test_what_is_over_or_unknown_cannot_be_gone_on_with(place):
    async def story(engine):
        await engine.start("run-1", PLAN, {}, SETTING)
        await engine.wait("run-1")
        with pytest.raises(RunConflict, match="completed already"):
            await engine.resume("run-1")
        for ask in (engine.resume, engine.wait):
            with pytest.raises(RunNotFound):
                await ask("nobody")
        with pytest.raises(RunNotFound):
            engine.events("nobody")
        await engine.park("nobody", "no reason")

    within(place, complete, story)


def test_runs_are_listed_the_latest_first(place):
    async def story(engine):
        for number in range(3):
            await engine.start(f"run-{number}", PLAN, {}, SETTING)
            await engine.wait(f"run-{number}")
        return [head.run_id for head in engine.list()]

    assert within(place, complete, story) == ["run-2", "run-1", "run-0"]


def holding(state, policy="repeatable"):
    """A run that stands inside an effect until `state["let_go"]` is set, in its first life."""

    async def interpret(scope, plan, inputs, setting):
        async def act():
            state.setdefault("calls", []).append(1)
            if len(state["calls"]) == 1:
                state["reached"].set()
                await state["let_go"].wait()
            return said(len(state["calls"]))

        try:
            event = await scope.effect("slow", act, policy)
        except OutcomeUnknown:
            return FlowRunFinished(status="failed", error="unknown")
        later = await scope.effect("later", doing("later", state.setdefault("later", [])))
        return done(slow=event.step, later=later.step)

    return interpret


async def reach(engine, state, run_id="run-1"):
    state["reached"], state["let_go"] = asyncio.Event(), asyncio.Event()
    await engine.start(run_id, PLAN, {}, SETTING)
    await state["reached"].wait()


def test_a_parked_run_says_why_and_goes_on_later(place):
    state = {}

    async def story(engine):
        await reach(engine, state)
        assert engine.list()[0].alive
        await engine.park("run-1", "interrupted")
        return await engine.wait("run-1"), kept(engine)

    head, events = within(place, holding(state), story)
    assert (head.status, head.alive, head.finished_at) == ("parked", False, None)
    assert events[-1] == FlowRunParked(reason="interrupted")
    _, events = live(place, holding(state), resume=True)
    assert events[-1] == done(slow="2", later="later")


@pytest.mark.parametrize("waited", [True, False])
def test_a_parked_run_goes_on_in_the_same_process(place, waited):
    """K29, also when nobody waited for it to park."""
    state = {}

    async def story(engine):
        await reach(engine, state)
        await engine.park("run-1", "interrupted")
        if waited:
            assert (await engine.wait("run-1")).status == "parked"
        await engine.resume("run-1")
        return await engine.wait("run-1"), kept(engine)

    head, events = within(place, holding(state), story)
    assert head.status == "completed"
    assert [type(one) for one in events].count(FlowRunResumed) == 1
    assert len(state["calls"]) == 2


def test_what_must_not_happen_twice_does_not_in_the_same_process_either(place):
    """K29: the intent of an earlier entry counts, whichever process made it."""
    state = {}

    async def story(engine):
        await reach(engine, state)
        await engine.park("run-1", "interrupted")
        await engine.resume("run-1")
        return await engine.wait("run-1")

    head = within(place, holding(state, "at_most_once"), story)
    assert (head.status, head.error) == ("failed", "unknown")
    assert len(state["calls"]) == 1


def test_parking_lets_what_must_not_happen_twice_end_and_begins_nothing_more(place):
    state = {}

    async def story(engine):
        await reach(engine, state)
        parking = asyncio.create_task(engine.park("run-1", "interrupted"))
        await asyncio.sleep(0)
        state["let_go"].set()
        await parking
        assert state["later"] == []
        head = await engine.wait("run-1")
        await engine.resume("run-1")
        await engine.wait("run-1")
        return head, kept(engine)

    head, events = within(place, holding(state, "at_most_once"), story)
    assert head.status == "parked"
    assert events[-1] == done(slow="1", later="later")


def test_parking_while_the_intent_is_written_does_not_leave_an_effect_in_doubt(place):
    """The intent cannot be taken back, so the effect it announces is let happen."""
    calls = []

    async def interpret(scope, plan, inputs, setting):
        try:
            await scope.effect("charge", doing("charge", calls), "at_most_once")
        except OutcomeUnknown:
            return FlowRunFinished(status="failed", error="unknown")
        return done()

    async def story(engine):
        starting = asyncio.create_task(engine.start("run-1", PLAN, {}, SETTING))
        for _ in range(2):
            await asyncio.sleep(0)
        await engine.park("run-1", "interrupted")
        await starting
        await engine.resume("run-1") if (await engine.wait("run-1")).status == "parked" else None
        return await engine.wait("run-1")

    assert within(place, interpret, story).status == "completed"
    assert calls == ["charge"]


def test_parking_a_run_at_any_of_its_turns_ends_well(place):
    """Whatever the moment: nobody who waits is cancelled, the run is parked or over, once."""
    calls = []

    async def interpret(scope, plan, inputs, setting):
        await scope.effect("a", doing(scope.run_id, calls), "at_most_once")
        await scope.effect("b", doing("b"))
        return done()

    async def story(engine):
        ends = set()
        for turns in range(40):
            run_id = f"run-{turns}"
            starting = asyncio.create_task(engine.start(run_id, PLAN, {}, SETTING))
            waiting = asyncio.create_task(first_wait(engine, run_id))
            for _ in range(turns):
                await asyncio.sleep(0.0002 if turns % 2 else 0)
            await asyncio.gather(engine.park(run_id, "now"), engine.park(run_id, "again"))
            await starting
            head = await waiting
            ends.add(head.status)
            if head.status == "parked":
                await engine.resume(run_id)
                head = await engine.wait(run_id)
            assert head.status == "completed", head
            events = kept(engine, run_id)
            assert events[-1] == done()
            assert [type(one) for one in events].count(FlowRunFinished) == 1
            assert calls.count(run_id) == 1
        return ends

    async def first_wait(engine, run_id):
        while True:
            try:
                return await engine.wait(run_id)
            except RunNotFound:
                await asyncio.sleep(0)

    assert "completed" in within(place, interpret, story)


def test_going_on_with_a_run_that_is_being_parked_waits_for_that(place):
    state = {}

    async def story(engine):
        await reach(engine, state)
        parking = asyncio.create_task(engine.park("run-1", "interrupted"))
        await asyncio.sleep(0)
        await engine.resume("run-1")
        await parking
        return await engine.wait("run-1")

    assert within(place, holding(state), story).status == "completed"


def test_two_who_go_on_with_one_run_at_once_enter_it_once(place):
    calls, entered = [], []

    async def interpret(scope, plan, inputs, setting):
        entered.append(1)
        await scope.effect("x", dying(calls))
        await scope.effect("y", doing("y"))
        return done()

    die(place, interpret)

    async def story(engine):
        await asyncio.gather(*[engine.resume("run-1") for _ in range(3)])
        return await engine.wait("run-1"), kept(engine)

    head, events = within(place, interpret, story)
    assert head.status == "completed"
    assert len(entered) == 2
    assert [one for one in events if isinstance(one, FlowRunResumed)] == [FlowRunResumed(entry=2)]


def test_our_own_mistake_reaches_all_who_wait_and_the_run_goes_on_in_the_same_process(place):
    """What was emitted and not yet durable when it failed is in nobody's way."""
    tries = []

    async def interpret(scope, plan, inputs, setting):
        tries.append(1)
        scope.emit("a", said("a"))
        if len(tries) == 1:
            raise ZeroDivisionError
        await scope.effect("b", doing("b"))
        return done()

    async def story(engine):
        await engine.start("run-1", PLAN, {}, SETTING)
        ends = await asyncio.gather(*[engine.wait("run-1") for _ in range(2)],
                                    return_exceptions=True)  # fmt: skip
        assert [type(one) for one in ends] == [ZeroDivisionError] * 2
        assert not engine.list()[0].alive
        await engine.resume("run-1")
        return await engine.wait("run-1"), kept(engine)

    head, events = within(place, interpret, story)
    assert head.status == "completed"
    assert events.count(said("a")) == 1


def test_our_own_mistake_reaches_who_asks_late_too(place):
    async def interpret(scope, plan, inputs, setting):
        raise ZeroDivisionError

    async def story(engine):
        await engine.start("run-1", PLAN, {}, SETTING)
        await until(lambda: not engine.list()[0].alive)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await engine.wait("run-1")
        return engine.list()[0]

    head = within(place, interpret, story)
    assert (head.status, head.alive) == ("running", False)


async def start_and_wait(engine):
    """A failure may show at the start already: what is written first shares its commit."""
    with contextlib.suppress(StorageError):
        await engine.start("run-1", PLAN, {}, SETTING)
    return await engine.wait("run-1")


def test_nothing_begins_after_a_failed_commit_and_the_run_goes_on_after_repair(place):
    begun, gate = [], {}

    async def interpret(scope, plan, inputs, setting):
        async def first(own):
            await own.effect("x", doing("first", begun))

        async def second(own):
            await gate["failed"].wait()
            await own.effect("x", doing("second", begun))

        scope.child("first", first)
        scope.child("second", second)
        over = 0
        while over < 2:
            for child in await scope.wait_any():
                over += 1
                if child.failure is not None:
                    gate["failed"].set()
                    await asyncio.sleep(0.01)  # long enough for another effect to begin
                    raise child.failure
        return done()

    async def story(engine):
        gate["failed"] = asyncio.Event()
        place.refuse("first/x", "event")
        with pytest.raises(StorageError, match="disk is full"):
            await start_and_wait(engine)
        with pytest.raises(StorageError):
            await engine.start("run-2", PLAN, {}, SETTING)
        assert not engine.list()[0].alive

    within(place, interpret, story)
    assert begun == ["first"]
    place.repair()
    gate["failed"] = asyncio.Event()
    gate["failed"].set()
    head, _ = live(place, interpret, resume=True)
    assert head.status == "completed"
    assert sorted(begun) == ["first", "first", "second"]


def test_an_effect_whose_intent_could_not_be_kept_does_not_begin(place):
    begun = []

    async def interpret(scope, plan, inputs, setting):
        await scope.effect("charge", doing("charge", begun), "at_most_once")
        return done()

    async def story(engine):
        place.refuse("charge", "intent")
        with pytest.raises(StorageError):
            await start_and_wait(engine)

    within(place, interpret, story)
    assert begun == []
    place.repair()
    assert live(place, interpret, resume=True)[0].status == "completed"


def test_a_run_whose_end_could_not_be_kept_is_not_over(place):
    async def story(engine):
        place.refuse("run/finished", "event")
        with pytest.raises(StorageError):
            await start_and_wait(engine)
        return engine.list()[0]

    head = within(place, complete, story)
    assert (head.status, head.alive) == ("running", False)
    place.repair()
    head, events = live(place, complete, resume=True)
    assert head.status == "completed"
    assert [type(one) for one in events].count(FlowRunFinished) == 1


def test_closing_parks_all_runs_within_one_grace(place):
    async def interpret(scope, plan, inputs, setting):
        async def act():
            await asyncio.Event().wait()

        await scope.effect("slow", act, "at_most_once")

    async def story(engine):
        for number in range(10):
            await engine.start(f"run-{number}", PLAN, {}, SETTING)
        began = time.monotonic()
        await engine.close()
        took = time.monotonic() - began
        return took, {head.status for head in engine.list()}

    took, statuses = within(place, interpret, story)
    assert statuses == {"parked"}
    assert took < 5 * GRACE_S, "they are parked side by side"


def test_a_loop_that_ends_under_a_run_leaves_it_to_be_resumed(place):
    state = {}

    async def go():
        state["reached"], state["let_go"] = asyncio.Event(), asyncio.Event()
        opened = place.open(holding(state))
        engine = await opened.__aenter__()
        await engine.start("run-1", PLAN, {}, SETTING)
        await state["reached"].wait()
        return opened

    opened = asyncio.run(go())  # cancels the run's task and closes the loop
    asyncio.run(opened.__aexit__(None, None, None))
    _, events = live(place, holding(state), resume=True)
    assert events[-1] == done(slow="2", later="later")


def test_rows_that_wait_when_the_engine_is_let_go_are_kept(place):
    state = {}

    async def interpret(scope, plan, inputs, setting):
        scope.emit("a", said("a"))
        state["reached"].set()
        await asyncio.Event().wait()

    async def go():
        state["reached"] = asyncio.Event()
        async with place.open(interpret) as engine:
            await engine.start("run-1", PLAN, {}, SETTING)
            await state["reached"].wait()

    asyncio.run(go())
    head, events = live(place, complete, resume=True)
    assert head.status == "completed"
    assert events.count(said("a")) == 1


def test_everybody_who_watches_sees_all_events_as_they_happen(place):
    seen, later = [], []

    async def interpret(scope, plan, inputs, setting):
        scope.show(said("shown"))
        await scope.effect("x", doing("kept"))
        return done()

    async def story(engine):
        engine.watch(lambda run_id, one: seen.append((run_id, one.seq, one.event)))
        await engine.start("run-1", PLAN, {}, SETTING)
        engine.watch(lambda run_id, one: later.append(one.event))
        await engine.wait("run-1")
        return kept(engine)

    events = within(place, interpret, story)
    assert [event for _, seq, event in seen if seq is not None] == events
    assert ("run-1", None, said("shown")) in seen
    assert later[-1] == done()


def test_an_engine_does_not_hold_on_to_runs_nobody_waits_for(place):
    async def story(engine):
        for number in range(50):
            await engine.start(f"run-{number}", PLAN, {}, SETTING)
        await until(lambda: not any(head.alive for head in engine.list()))
        return engine

    engine = within(place, complete, story)
    held = [value for value in vars(engine).values() if isinstance(value, dict)]
    assert all(len(one) < 5 for one in held)

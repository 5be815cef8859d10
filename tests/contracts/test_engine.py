"""What every engine keeps to (`Durable` and `EngineClient`), told once and run against each.

An engine joins by a row in `ENGINES`: a class that is given a folder, opens the engine there as
often as it is asked, and can make the store refuse a key's rows. Leaving the block it opens is the
end of one life; opening again in the same folder is the next.
"""

import asyncio
import sqlite3
import time
from contextlib import asynccontextmanager
from itertools import permutations

import pytest

from flowrun.clock import SystemClock
from flowrun.engines.journal import JournalEngine
from flowrun.errors import RunConflict, RunNotFound, StorageError
from flowrun.events.records import (
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
    StepStarted,
)
from flowrun.plan.plan import ExecutionPlan
from flowrun.ports.durable import OutcomeUnknown
from flowrun.ports.engine import RunSetting
from flowrun.storage.database import open_database
from tests.support.crash import Died

PLAN = ExecutionPlan(flow="test")
SETTING = RunSetting(environment={"CITY": "Paris"}, origin={"path": "a.flow.yaml"})
GRACE_S = 0.2


class Journal:
    """The embedded engine."""

    def __init__(self, folder) -> None:
        self.store = folder / "store.db"

    @asynccontextmanager
    async def open(self, interpret):
        database = open_database(self.store, holder="test", durability="process")
        try:
            yield JournalEngine(database, SystemClock(), interpret, park_grace_s=GRACE_S)
        finally:
            database.close()

    def refuse(self, key, kind) -> None:
        """Have the store refuse a row from now on, as a full disk would."""
        with sqlite3.connect(self.store) as other:
            other.execute(
                f"CREATE TRIGGER full BEFORE INSERT ON journal WHEN NEW.key = '{key}' AND "
                f"NEW.kind = '{kind}' BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
            )
        other.close()

    def repair(self) -> None:
        """Have it take everything again."""
        with sqlite3.connect(self.store) as other:
            other.execute("DROP TRIGGER full")
        other.close()


ENGINES = {"journal": Journal}


@pytest.fixture(params=ENGINES)
def place(request, tmp_path):
    return ENGINES[request.param](tmp_path)


def said(value):
    """What an effect did, as an event."""
    return StepStarted(step=str(value))


def doing(value, calls=None):
    """An effect's body that notes its call."""

    async def act():
        if calls is not None:
            calls.append(value)
        return said(value)

    return act


def dying(calls, times=1):
    """An effect's body that dies with its process on the given call."""

    async def act():
        calls.append(len(calls) + 1)
        if len(calls) == times:
            raise Died
        return said(len(calls))

    return act


def done(**outputs):
    return FlowRunFinished(status="completed", outputs=outputs)


async def soon(awaitable):
    """Fail, where somebody was forgotten, instead of waiting for ever."""
    return await asyncio.wait_for(awaitable, 20)


def kept(engine, run_id="run-1"):
    return [one.event for one in engine.events(run_id)]


def live(place, interpret, *, resume=False, run_id="run-1", inputs=None):
    """One life of a run: start or resume it, wait, and return its head and events."""

    async def go():
        async with place.open(interpret) as engine:
            if resume:
                await engine.resume(run_id)
            else:
                await engine.start(run_id, PLAN, inputs or {}, SETTING)
            head = await soon(engine.wait(run_id))
            return head, kept(engine, run_id)

    return asyncio.run(go())


def die(place, interpret, **how):
    with pytest.raises(Died):
        live(place, interpret, **how)


def within(place, interpret, story):
    """Tell a story about one engine: `story(engine)` is awaited while it is open."""

    async def go():
        async with place.open(interpret) as engine:
            return await soon(story(engine))

    return asyncio.run(go())


# --- what a scope promises


def test_a_result_is_durable_before_it_is_used(place):
    found = []

    async def interpret(scope, plan, inputs, environment):
        await scope.effect("look", doing(7))
        found.extend(events_of())
        return done()

    def events_of():
        return kept(state["engine"])

    state = {}

    async def story(engine):
        state["engine"] = engine
        await engine.start("run-1", PLAN, {}, SETTING)
        await engine.wait("run-1")

    within(place, interpret, story)
    assert said(7) in found


def test_an_intent_outlives_a_death_inside_the_effect(place):
    calls, found = [], []

    async def interpret(scope, plan, inputs, environment):
        found.append(scope.begun("charge"))
        try:
            await scope.effect("charge", dying(calls), "at_most_once")
        except OutcomeUnknown as unknown:
            return FlowRunFinished(status="failed", error=unknown.key)

    die(place, interpret)
    head, _ = live(place, interpret, resume=True)
    assert (head.status, head.error) == ("failed", "charge")
    assert (calls, found) == ([1], [False, True])


def test_what_may_be_repeated_is_begun_again_and_counts_as_not_begun(place):
    calls, found = [], []

    async def interpret(scope, plan, inputs, environment):
        found.append(scope.begun("look"))
        event = await scope.effect("look", dying(calls))
        return done(said=event.step)

    die(place, interpret)
    _, events = live(place, interpret, resume=True)
    assert events[-1] == done(said="2")
    assert found == [False, False]


def test_an_effect_that_was_finished_is_not_begun_any_more(place):
    calls, found = [], []

    async def interpret(scope, plan, inputs, environment):
        await scope.effect("charge", doing(5), "at_most_once")
        await scope.effect("after", dying(calls))
        found.append((scope.begun("charge"), scope.recorded("charge")))
        return done()

    die(place, interpret)
    live(place, interpret, resume=True)
    assert found == [(False, said(5))]


@pytest.mark.parametrize("order", list(permutations("abc")))
def test_results_are_found_by_key_whatever_the_order(place, order):
    """Every order in the first life against the opposite one in the second."""
    calls = []

    def work(name, gates, at, end):
        async def child(scope):
            await gates[at].wait()
            event = await scope.effect("x", doing(name, calls), "at_most_once")
            assert event == said(name)
            if at + 1 < end:
                gates[at + 1].set()

        return child

    def interpret_in(names, end):
        async def interpret(scope, plan, inputs, environment):
            gates = [asyncio.Event() for _ in names]
            gates[0].set()
            for at, name in enumerate(names):
                scope.child(name, work(name, gates, at, end))
            while True:
                for child in await scope.wait_any():
                    assert child.failure is None
                if len(calls) == 2:
                    raise Died
                if len(calls) == 3:
                    return done()

        return interpret

    die(place, interpret_in(order, 2))
    head, _ = live(place, interpret_in(order[::-1], 3), resume=True)
    assert head.status == "completed"
    assert calls == list(order)


def test_an_event_is_kept_once_however_often_it_is_emitted(place):
    async def interpret(scope, plan, inputs, environment):
        scope.emit("a", said("a"))
        scope.emit("a", said("a"))
        await scope.record("b", said("b"))
        await scope.record("b", said("b"))
        if not inputs["tries"]:
            inputs["tries"].append(1)
            raise Died
        return done()

    tries = []

    async def carry(scope, plan, inputs, environment):
        return await interpret(scope, plan, {"tries": tries}, environment)

    die(place, carry)
    head, events = live(place, carry, resume=True)
    assert head.status == "completed"
    assert (events.count(said("a")), events.count(said("b"))) == (1, 1)


@pytest.mark.parametrize("policy", ["repeatable", "at_most_once"])
def test_an_effect_asked_for_twice_in_one_life_is_done_once(place, policy):
    calls = []

    async def interpret(scope, plan, inputs, environment):
        first = await scope.effect("x", doing("first", calls), policy)
        second = await scope.effect("x", doing("second", calls), policy)
        return done(same=first == second == said("first"))

    _, events = live(place, interpret)
    assert events[-1] == done(same=True)
    assert calls == ["first"]


def test_a_fact_stays_what_it_was_in_this_life_and_the_next(place):
    found, calls = iter(range(10)), []

    async def interpret(scope, plan, inputs, environment):
        first = await scope.fact("dice", lambda: next(found))
        second = await scope.fact("dice", lambda: next(found))
        other = await scope.fact("other", lambda: {"items": [1, None, "ü"]})
        await scope.effect("work", dying(calls))
        return done(first=first, second=second, other=other)

    die(place, interpret)
    _, events = live(place, interpret, resume=True)
    assert events[-1] == done(first=0, second=0, other={"items": [1, None, "ü"]})


def test_scopes_inside_scopes_have_keys_of_their_own(place):
    paths = []

    async def interpret(scope, plan, inputs, environment):
        async def outer(own):
            own.child("inner", inner)
            await own.wait_any()
            await own.effect("x", doing("outer"))

        async def inner(own):
            paths.append((scope.path("x"), own.path("x"), own.run_id))
            await own.effect("x", doing("inner"))

        scope.child("outer", outer)
        await scope.wait_any()
        await scope.effect("x", doing("top"))
        return done()

    _, events = live(place, interpret)
    assert paths == [("x", "outer/inner/x", "run-1")]
    assert events[1:-1] == [said("inner"), said("outer"), said("top")]


def test_every_child_is_told_once_with_how_it_ended(place):
    async def interpret(scope, plan, inputs, environment):
        async def well(own):
            await own.effect("x", doing(1))

        async def badly(own):
            raise ZeroDivisionError

        scope.child("well", well)
        scope.child("badly", badly)
        told = []
        while len(told) < 2:
            told += [(one.key, type(one.failure).__name__) for one in await scope.wait_any()]
        return done(told=sorted(told))

    _, events = live(place, interpret)
    assert events[-1].outputs == {"told": [["badly", "ZeroDivisionError"], ["well", "NoneType"]]}


def test_children_do_not_outlive_what_started_them(place):
    ended = []

    async def interpret(scope, plan, inputs, environment):
        async def parent(own):
            own.child("left", forever)
            await asyncio.sleep(0)

        async def forever(own):
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(own.path(""))

        scope.child("parent", parent)
        await scope.wait_any()
        assert ended == ["parent/left/"]
        scope.child("alone", forever)
        await asyncio.sleep(0)
        return done()

    live(place, interpret)
    assert ended == ["parent/left/", "alone/"]


def fan_out_cost(place, width, run_id):
    """CPU seconds of a run whose children all have one effect."""
    over = []

    async def interpret(scope, plan, inputs, environment):
        async def one(own):
            await own.effect("x", doing(1))

        for number in range(width):
            scope.child(f"each[{number}]", one)
        while len(over) < width:
            over.extend(await scope.wait_any())
        return done()

    began = time.process_time()
    live(place, interpret, run_id=run_id)
    assert len(over) == width
    return time.process_time() - began


def test_a_fan_out_costs_what_its_children_cost(place):
    fan_out_cost(place, 100, "warm")
    small = min(fan_out_cost(place, 1_000, f"small-{number}") for number in range(3))
    large = min(fan_out_cost(place, 5_000, f"large-{number}") for number in range(2))
    assert large < 10 * small, "five times the children, not twenty-five times the work"


def test_children_that_end_one_after_the_other_cost_the_same_however_many_wait(place):
    async def chained(width):
        async def interpret(scope, plan, inputs, environment):
            gates = [asyncio.Event() for _ in range(width + 1)]
            gates[0].set()

            def work(number):
                async def child(own):
                    await gates[number].wait()

                return child

            for number in range(width):
                scope.child(f"each[{number}]", work(number))
            for number in range(width):
                assert [one.key for one in await scope.wait_any()] == [f"each[{number}]"]
                gates[number + 1].set()
            return done()

        began = time.process_time()
        async with place.open(interpret) as engine:
            await engine.start(f"run-{width}-{began}", PLAN, {}, SETTING)
            await engine.wait(f"run-{width}-{began}")
        return time.process_time() - began

    small = min(asyncio.run(chained(1_000)) for _ in range(3))
    large = min(asyncio.run(chained(5_000)) for _ in range(2))
    assert large < 10 * small


# --- what a client may count on


async def complete(scope, plan, inputs, environment):
    return done(city=environment["CITY"], **inputs)


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

    async def interpret(scope, plan, inputs, environment):
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


def test_starting_a_run_that_was_left_goes_on_with_it(place):
    calls = []

    async def interpret(scope, plan, inputs, environment):
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

    async def interpret(scope, plan, inputs, environment):
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

    async def interpret(scope, plan, inputs, environment):
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

    async def interpret(scope, plan, inputs, environment):
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

    async def interpret(scope, plan, inputs, environment):
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

    async def interpret(scope, plan, inputs, environment):
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
    async def interpret(scope, plan, inputs, environment):
        raise ZeroDivisionError

    async def story(engine):
        await engine.start("run-1", PLAN, {}, SETTING)
        while engine.list()[0].alive:
            await asyncio.sleep(0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await engine.wait("run-1")
        return engine.list()[0]

    head = within(place, interpret, story)
    assert (head.status, head.alive) == ("running", False)


def test_nothing_begins_after_a_failed_commit_and_the_run_goes_on_after_repair(place):
    begun, gate = [], {}

    async def interpret(scope, plan, inputs, environment):
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
        await engine.start("run-1", PLAN, {}, SETTING)
        with pytest.raises(StorageError, match="disk is full"):
            await engine.wait("run-1")
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

    async def interpret(scope, plan, inputs, environment):
        await scope.effect("charge", doing("charge", begun), "at_most_once")
        return done()

    async def story(engine):
        place.refuse("charge", "intent")
        await engine.start("run-1", PLAN, {}, SETTING)
        with pytest.raises(StorageError):
            await engine.wait("run-1")

    within(place, interpret, story)
    assert begun == []
    place.repair()
    assert live(place, interpret, resume=True)[0].status == "completed"


def test_a_run_whose_end_could_not_be_kept_is_not_over(place):
    async def story(engine):
        place.refuse("run/finished", "event")
        await engine.start("run-1", PLAN, {}, SETTING)
        with pytest.raises(StorageError):
            await engine.wait("run-1")
        return engine.list()[0]

    head = within(place, complete, story)
    assert (head.status, head.alive) == ("running", False)
    place.repair()
    head, events = live(place, complete, resume=True)
    assert head.status == "completed"
    assert [type(one) for one in events].count(FlowRunFinished) == 1


def test_closing_parks_all_runs_within_one_grace(place):
    async def interpret(scope, plan, inputs, environment):
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
    async def interpret(scope, plan, inputs, environment):
        scope.emit("a", said("a"))
        await asyncio.Event().wait()

    async def go():
        async with place.open(interpret) as engine:
            await engine.start("run-1", PLAN, {}, SETTING)

    asyncio.run(go())
    head, events = live(place, complete, resume=True)
    assert head.status == "completed"
    assert events.count(said("a")) == 1


def test_everybody_who_watches_sees_all_events_as_they_happen(place):
    seen, later = [], []

    async def interpret(scope, plan, inputs, environment):
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
        while any(head.alive for head in engine.list()):
            await asyncio.sleep(0)
        return engine

    engine = within(place, complete, story)
    held = [value for value in vars(engine).values() if isinstance(value, dict)]
    assert all(len(one) < 5 for one in held)

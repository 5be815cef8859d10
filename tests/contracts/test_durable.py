"""What every engine's scopes keep to (`Durable`), told once and run against each engine."""

import asyncio
from itertools import permutations

import pytest

from flowrun.events.records import FlowRunFinished
from flowrun.ports.durable import OutcomeUnknown
from tests.support.cost import cpu_seconds
from tests.support.crash import Died
from tests.support.engines import (
    ENGINES,
    PLAN,
    SETTING,
    die,
    doing,
    done,
    dying,
    kept,
    live,
    said,
    within,
)


@pytest.fixture(params=ENGINES)
def place(request, tmp_path):
    return ENGINES[request.param](tmp_path)


def test_a_result_is_durable_before_it_is_used(place):
    found = []

    async def interpret(scope, plan, inputs, setting):
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

    async def interpret(scope, plan, inputs, setting):
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

    async def interpret(scope, plan, inputs, setting):
        found.append(scope.begun("look"))
        event = await scope.effect("look", dying(calls))
        return done(said=event.step)

    die(place, interpret)
    _, events = live(place, interpret, resume=True)
    assert events[-1] == done(said="2")
    assert found == [False, False]


def test_an_effect_that_was_finished_is_not_begun_any_more(place):
    calls, found = [], []

    async def interpret(scope, plan, inputs, setting):
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
        async def interpret(scope, plan, inputs, setting):
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
    async def interpret(scope, plan, inputs, setting):
        scope.emit("a", said("a"))
        scope.emit("a", said("a"))
        await scope.record("b", said("b"))
        await scope.record("b", said("b"))
        if not inputs["tries"]:
            inputs["tries"].append(1)
            raise Died
        return done()

    tries = []

    async def carry(scope, plan, inputs, setting):
        return await interpret(scope, plan, {"tries": tries}, setting)

    die(place, carry)
    head, events = live(place, carry, resume=True)
    assert head.status == "completed"
    assert (events.count(said("a")), events.count(said("b"))) == (1, 1)


@pytest.mark.parametrize("policy", ["repeatable", "at_most_once"])
def test_an_effect_asked_for_twice_in_one_life_is_done_once(place, policy):
    calls = []

    async def interpret(scope, plan, inputs, setting):
        first = await scope.effect("x", doing("first", calls), policy)
        second = await scope.effect("x", doing("second", calls), policy)
        return done(same=first == second == said("first"))

    _, events = live(place, interpret)
    assert events[-1] == done(same=True)
    assert calls == ["first"]


def test_a_fact_stays_what_it_was_in_this_life_and_the_next(place):
    found, calls = iter(range(10)), []

    async def interpret(scope, plan, inputs, setting):
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

    async def interpret(scope, plan, inputs, setting):
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
    async def interpret(scope, plan, inputs, setting):
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

    async def interpret(scope, plan, inputs, setting):
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


def fan_out(place, width, run_id):
    """A run whose children all have one effect."""
    over = []

    async def interpret(scope, plan, inputs, setting):
        async def one(own):
            await own.effect("x", doing(1))

        for number in range(width):
            scope.child(f"each[{number}]", one)
        while len(over) < width:
            over.extend(await scope.wait_any())
        return done()

    live(place, interpret, run_id=run_id)
    assert len(over) == width


def one_after_the_other(place, width, run_id):
    """A run whose children all wait and end in turn, each waited for alone."""

    async def interpret(scope, plan, inputs, setting):
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

    live(place, interpret, run_id=run_id)


@pytest.mark.parametrize("shape", [fan_out, one_after_the_other])
def test_many_children_cost_what_each_of_them_costs(place, shape):
    shape(place, 100, "warm")
    small = cpu_seconds(lambda number: shape(place, 1_000, f"small-{number}"))
    large = cpu_seconds(lambda number: shape(place, 5_000, f"large-{number}"), tries=2)
    assert large < 10 * small, "five times the children, not twenty-five times the work"


@pytest.mark.parametrize("policy", ["repeatable", "keyed", "probe", "at_most_once"])
def test_an_effect_that_raised_is_done_again_or_is_in_doubt(place, policy):
    """In the same life as in the next one: what has an intent and no end may have happened."""
    calls = []

    async def interpret(scope, plan, inputs, setting):
        async def broken():
            calls.append("broken")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await scope.effect("x", broken, policy)
        try:
            event = await scope.effect("x", doing("again", calls), policy)
        except OutcomeUnknown as unknown:
            return done(unknown=unknown.key)
        return done(said=event.step)

    _, events = live(place, interpret)
    may_again = policy in ("repeatable", "keyed")
    assert events[-1] == (done(said="again") if may_again else done(unknown="x"))
    assert calls == ["broken", "again"][: 1 + may_again]

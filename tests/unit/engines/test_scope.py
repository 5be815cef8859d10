"""Scopes of one live run: what earlier lives left, what this one adds, and children's ends.

What every engine promises is told in tests/contracts; here is what only the journal's scopes have.
"""

import asyncio

import pytest

from flowrun.engines.scope import JournalScope
from flowrun.engines.strand import Roots
from flowrun.errors import IllegalTransition, StorageError
from flowrun.events.codec import encode_event
from flowrun.ports.durable import OutcomeUnknown
from tests.support.engines import said, until
from tests.support.live_runs import live_run, stored


def with_run(folder, story, rows=(), sinks=()):
    async def go():
        async with live_run(folder, rows, sinks) as run:
            scope = JournalScope(Roots(run).root)
            return await asyncio.wait_for(story(run, scope), 10)

    return asyncio.run(go())


def test_what_earlier_lives_left_is_found_by_kind_and_key(tmp_path):
    rows = [
        (1, "a", "event", encode_event(said("a"))),
        (2, "b", "intent", "{}"),
        (4, "c", "fact", "[1,2]"),
    ]

    async def story(run, scope):
        assert (scope.recorded("a"), scope.recorded("b")) == (said("a"), None)
        assert (scope.begun("a"), scope.begun("b"), scope.begun("c")) == (False, True, False)
        assert await scope.fact("c", lambda: 0) == [1, 2]
        scope.emit("d", said("d"))
        await run.database.commit()
        return stored(run)

    assert with_run(tmp_path, story, rows) == [(5, "d", "event", encode_event(said("d")))]


def test_an_intent_with_its_result_is_not_in_doubt(tmp_path):
    rows = [(1, "a", "intent", "{}"), (2, "a", "event", encode_event(said("a")))]

    async def story(run, scope):
        assert not scope.begun("a")
        return await scope.effect("a", asyncio.Event().wait, "at_most_once")

    assert with_run(tmp_path, story, rows) == said("a")


def test_an_intent_without_a_result_bars_the_effect_and_nothing_else(tmp_path):
    rows = [(1, "a", "intent", "{}")]

    async def story(run, scope):
        async def act():
            return said("done")

        with pytest.raises(OutcomeUnknown, match="`a` is unknown") as unknown:
            await scope.effect("a", act, "at_most_once")
        await scope.record("a", said("unknown"))
        await scope.effect("b", act, "at_most_once")
        return unknown.value.key, [key for _, key, _, _ in stored(run)]

    assert with_run(tmp_path, story, rows) == ("a", ["a", "b", "b"])


def test_rows_are_in_the_order_of_what_happened(tmp_path):
    async def story(run, scope):
        async def act():
            scope.emit("inside", said("inside"))
            return said("charge")

        scope.emit("before", said("before"))
        await scope.effect("charge", act, "at_most_once")
        return [(seq, key, kind) for seq, key, kind, _ in stored(run)]

    assert with_run(tmp_path, story) == [
        (1, "before", "event"),
        (2, "charge", "intent"),
        (3, "inside", "event"),
        (4, "charge", "event"),
    ]


@pytest.mark.parametrize("policy", ["repeatable", "keyed", "probe", "at_most_once"])
def test_an_effect_under_way_is_not_begun_beside_itself(tmp_path, policy):
    async def story(run, scope):
        gate, calls = asyncio.Event(), []

        async def act():
            calls.append(1)
            await gate.wait()
            return said("once")

        first = asyncio.create_task(scope.effect("a", act, policy))
        await until(lambda: calls)
        with pytest.raises(IllegalTransition, match="effect `a`"):
            await scope.effect("a", act, policy)
        gate.set()
        assert await first == said("once")
        return calls

    assert with_run(tmp_path, story) == [1]


@pytest.mark.parametrize(("policy", "guarded"), [("at_most_once", 1), ("probe", 1), ("keyed", 0)])
def test_an_effect_that_was_interrupted_leaves_its_intent_alone(tmp_path, policy, guarded):
    async def story(run, scope):
        reached = asyncio.Event()

        async def act():
            reached.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(scope.effect("a", act, policy))
        await reached.wait()
        assert (run.at_work, run.under_way) == (guarded, {"a"})
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (run.at_work, run.under_way) == (0, set())
        assert run.idle.is_set()
        return [(key, kind) for _, key, kind, _ in stored(run)]

    assert with_run(tmp_path, story) == [("a", "intent")]


def test_an_effect_that_cannot_be_kept_is_not_begun(tmp_path):
    async def story(run, scope):
        calls = []

        async def act():
            calls.append(1)

        run.database.submit("INSERT INTO nowhere VALUES (1)", [()])
        with pytest.raises(StorageError):
            await run.database.commit()
        for policy in ("repeatable", "at_most_once"):
            with pytest.raises(StorageError):
                await scope.effect("a", act, policy)
        assert run.at_work == 0
        return calls

    assert with_run(tmp_path, story) == []


def test_while_a_run_stops_nothing_begins_but_what_is_known_is_given(tmp_path):
    rows = [(1, "a", "event", encode_event(said("a")))]

    async def story(run, scope):
        run.stopping = True
        assert await scope.effect("a", asyncio.Event().wait) == said("a")
        task = asyncio.create_task(scope.effect("b", asyncio.Event().wait))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return stored(run)

    assert with_run(tmp_path, story, rows) == []


def test_watchers_are_shown_numbered_rows_and_unnumbered_views(tmp_path):
    seen = []

    async def story(run, scope):
        scope.emit("a", said("kept"))
        scope.emit("a", said("kept"))
        scope.show(said("shown"))

    with_run(tmp_path, story, sinks=[lambda run_id, one: seen.append((run_id, one))])
    assert [(run_id, one.event, one.seq, one.at) for run_id, one in seen] == [
        ("run-1", said("kept"), 1, 5.0),
        ("run-1", said("shown"), None, 5.0),
    ]


def test_a_wait_that_was_given_up_loses_no_child(tmp_path):
    async def story(run, scope):
        gate = asyncio.Event()

        async def work(own):
            await gate.wait()

        scope.child("a", work)
        waiting = asyncio.create_task(scope.wait_any())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.set()
        return [child.key for child in await scope.wait_any()]

    assert with_run(tmp_path, story) == ["a"]


def test_an_intent_names_the_entry_that_made_it(tmp_path):
    async def story(run, scope):
        run.entry = 3

        async def act():
            return said("x")

        await scope.effect("a", act, "keyed")
        return stored(run)[0]

    assert with_run(tmp_path, story) == (1, "a", "intent", '{"entry":3}')


def test_a_keyed_effect_that_is_done_again_has_one_intent(tmp_path):
    async def story(run, scope):
        async def act():
            return said("x")

        assert scope.begun("a")
        await scope.effect("a", act, "keyed")
        return [(key, kind) for _, key, kind, _ in stored(run)]

    assert with_run(tmp_path, story, [(1, "a", "intent", "{}")]) == [("a", "event")]


def test_a_fact_with_half_a_surrogate_pair_can_be_kept(tmp_path):
    async def story(run, scope):
        await scope.fact("items", lambda: {"z": "\ud83d", "a": 1})
        return stored(run)[0][3]

    assert with_run(tmp_path, story) == '{"z":"\\ud83d","a":1}'


def test_a_signal_is_waited_for_by_one(tmp_path):
    async def story(run, scope):
        first = asyncio.create_task(scope.signal("ask"))
        await asyncio.sleep(0)
        with pytest.raises(IllegalTransition, match="signal `ask`"):
            await scope.signal("ask")
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return run.waiters, run.moving

    assert with_run(tmp_path, story) == ({}, 1)


def test_a_limit_leaves_nothing_behind_however_it_ends(tmp_path):
    async def story(run, scope):
        async def quick(own):
            own.child("left", forever)

        async def broken(own):
            raise ZeroDivisionError

        async def forever(own):
            await asyncio.Event().wait()

        assert await scope.within("a", 5.0, quick)
        with pytest.raises(ZeroDivisionError):
            await scope.within("b", 5.0, broken)
        late = asyncio.create_task(scope.within("c", 5.0, forever))
        await asyncio.sleep(0)
        run.clock.advance(5.0)
        assert not await late
        given_up = asyncio.create_task(scope.within("d", 5.0, forever))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        await run.database.commit()
        fired = [key for _, key, kind, _ in stored(run) if kind == "fired"]
        return fired, run.moving, run.timers.next_s(), len(asyncio.all_tasks())

    assert with_run(tmp_path, story) == (["c"], 1, None, 2)


def test_work_that_ends_in_the_turn_in_which_its_time_is_over_has_ended(tmp_path):
    async def story(run, scope):
        gate = asyncio.Event()

        async def work(own):
            await gate.wait()

        limited = asyncio.create_task(scope.within("a", 5.0, work))
        for _ in range(3):
            await asyncio.sleep(0)
        gate.set()
        await asyncio.sleep(0)  # it has its turn, and is over
        run.clock.advance(5.0)
        return await limited

    assert with_run(tmp_path, story) is True

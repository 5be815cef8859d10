"""Scopes of one live run: what earlier lives left, what this one adds, and children's ends.

What every engine promises is told in tests/contracts/test_engine.py; here is what only the
journal's scopes have.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest

from flowrun.clock import ManualClock
from flowrun.engines.scope import JournalScope, LiveRun, load_run
from flowrun.errors import IllegalTransition, StorageError
from flowrun.events.codec import encode_event
from flowrun.events.records import StepStarted
from flowrun.ports.durable import OutcomeUnknown
from flowrun.storage.database import open_database
from tests.support.engines import until

RUN = """
INSERT INTO flow_run (number, run_id, flow, status, plan_digest, inputs, environment, origin,
                      started_at, entries)
VALUES (1, 'run-1', 'test', 'running', '', '{}', '{}', '{}', 0, 1)
"""


def said(value):
    return StepStarted(step=str(value))


@asynccontextmanager
async def live_run(folder, rows=(), sinks=()):
    """A run whose earlier lives left these rows: `(seq, key, kind, body)`."""
    database = open_database(folder / "store.db", holder="test", durability="process")
    try:
        database.submit(RUN, [()])
        run = LiveRun(
            number=1, run_id="run-1", database=database, clock=ManualClock(5.0), sinks=sinks
        )
        load_run(run, rows)
        yield run
    finally:
        database.close()


def stored(run):
    return run.database.read("SELECT seq, key, kind, body FROM journal ORDER BY seq")


def with_run(folder, story, rows=(), sinks=()):
    async def go():
        async with live_run(folder, rows, sinks) as run:
            return await asyncio.wait_for(story(run, JournalScope(run)), 10)

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


@pytest.mark.parametrize("policy", ["repeatable", "at_most_once"])
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


def test_an_effect_that_was_interrupted_leaves_its_intent_alone(tmp_path):
    async def story(run, scope):
        reached = asyncio.Event()

        async def act():
            reached.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(scope.effect("a", act, "at_most_once"))
        await reached.wait()
        assert run.at_work == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert run.at_work == 0
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


def test_abandoned_children_are_gone_when_that_returns_theirs_included(tmp_path):
    gone = []

    async def story(run, scope):
        async def outer(own):
            own.child("inner", inner)
            await own.wait_any()

        async def inner(own):
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)  # what cleaning up may take
                gone.append(own.path("x"))

        scope.child("outer", outer)
        for _ in range(3):
            await asyncio.sleep(0)
        await scope.abandon()
        return list(gone)

    assert with_run(tmp_path, story) == ["outer/inner/x"]

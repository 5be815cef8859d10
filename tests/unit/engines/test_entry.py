"""One entry of a run: what it writes at its end, whatever ends it."""

import asyncio

import pytest

from flowrun.engines.assignment import Assignment
from flowrun.engines.entry import Asleep, Entry
from flowrun.engines.reading import read_heads
from flowrun.events.codec import decode_event, encode_event
from flowrun.events.records import FlowRunCancelling, FlowRunFinished, FlowRunParked
from flowrun.ports.durable import RunCancelled
from tests.support.engines import PLAN, SETTING, done, said, soon, until
from tests.support.live_runs import live_run, stored

JOB = Assignment(plan=PLAN, inputs={}, setting=SETTING)


def with_entry(folder, story, rows=()):
    async def go():
        async with live_run(folder, rows) as run:
            return await soon(story(Entry(run), run))

    return asyncio.run(go())


def written(run):
    (head,) = read_heads(run.database, frozenset())
    return head, [decode_event(body) for _, _, kind, body in stored(run) if kind == "event"]


def test_an_end_is_written_with_its_head_in_one_commit(tmp_path):
    async def interpret(scope, plan, inputs, setting):
        return done(n=1)

    async def story(entry, run):
        entry.begin(interpret, JOB)
        assert await entry.task is None
        return written(run)

    head, events = with_entry(tmp_path, story)
    assert (head.status, head.finished_at) == ("completed", 5.0)
    assert events == [done(n=1)]


def test_a_run_that_falls_asleep_tells_how_it_sleeps(tmp_path):
    async def interpret(scope, plan, inputs, setting):
        async def pause(own):
            await own.until("pause", 60.0)

        scope.child("a", pause)
        await scope.signal("ask")

    async def story(entry, run):
        entry.begin(interpret, JOB)
        return await entry.task, written(run)

    asleep, (head, events) = with_entry(tmp_path, story)
    assert (asleep.questions, asleep.wake_at, asleep.due) == (("ask",), 65.0, {"a/pause": 60.0})
    assert (head.questions, head.wake_at) == (("ask",), 65.0)
    assert events == [
        FlowRunParked(reason="waiting for an answer to `ask`", questions=("ask",), wake_at=65.0)
    ]


def test_a_run_that_was_parked_while_it_fell_asleep_is_woken_by_nobody(tmp_path):
    async def interpret(scope, plan, inputs, setting):
        await scope.signal("ask")

    async def story(entry, run):
        entry.begin(interpret, JOB)
        await until(lambda: run.stopping)
        await entry.park("interrupted", 1.0)
        return entry.task.result(), written(run)[0].status

    assert with_entry(tmp_path, story) == (None, "parked")


def test_a_mistake_leaves_the_run_as_it_is(tmp_path):
    async def interpret(scope, plan, inputs, setting):
        raise ZeroDivisionError

    async def story(entry, run):
        entry.begin(interpret, JOB)
        with pytest.raises(ZeroDivisionError):
            await entry.task
        return written(run)

    head, events = with_entry(tmp_path, story)
    assert (head.status, events) == ("running", [])


def test_a_run_at_rest_is_ended_without_being_carried_out(tmp_path):
    async def story(entry, run):
        entry.begin_cancelled("ann", "late")
        await entry.task
        return written(run)

    head, events = with_entry(tmp_path, story)
    assert (head.status, head.error) == ("cancelled", "cancelled by ann: late")
    assert events == [
        FlowRunCancelling(by="ann", reason="late"),
        FlowRunFinished(status="cancelled", error="cancelled by ann: late", error_code="cancelled"),
    ]


def test_who_cancelled_first_is_named_in_the_end(tmp_path):
    first = FlowRunCancelling(by="bob", reason="early")
    rows = [(1, "run/cancelling", "event", encode_event(first))]

    async def story(entry, run):
        entry.begin_cancelled("ann", "late")
        await entry.task
        return written(run)[0].error

    assert with_entry(tmp_path, story, rows) == "cancelled by bob: early"


def test_a_run_that_is_stuck_is_parked_without_being_carried_out(tmp_path):
    async def story(entry, run):
        entry.begin_stuck(3, "steps/a")
        await entry.task
        return written(run)

    head, events = with_entry(tmp_path, story)
    assert (head.status, head.wake_at) == ("parked", None)
    assert events == [FlowRunParked(reason="crash-looping at `steps/a`: 3 deaths without progress")]


def test_an_end_that_is_on_its_way_is_not_cancelled(tmp_path):
    async def interpret(scope, plan, inputs, setting):
        return done()

    async def story(entry, run):
        entry.begin(interpret, JOB)
        await until(lambda: run.ending)
        said_no = await entry.cancel("ann", "")
        await entry.task
        return said_no, written(run)[0].status

    assert with_entry(tmp_path, story) == (False, "completed")


def test_a_root_that_ends_in_its_own_words_is_believed(tmp_path):
    async def interpret(scope, plan, inputs, setting):
        try:
            await scope.wait_any()
        except RunCancelled:
            await scope.record("last", said("words"))
            return FlowRunFinished(status="cancelled", error="my words")

    async def story(entry, run):
        entry.begin(interpret, JOB)
        await asyncio.sleep(0)
        assert await entry.cancel("ann", "")
        await entry.task
        return written(run)[0].error

    assert with_entry(tmp_path, story) == "my words"


@pytest.mark.parametrize(
    ("questions", "due", "expected"),
    [((), {"a": 1.0}, True), (("q",), {"a": 1.0}, False), (("q",), {}, False)],
)
def test_a_run_goes_on_by_itself_when_only_a_timer_holds_it(questions, due, expected):
    assert Asleep(questions=questions, wake_at=None, due=due).by_itself is expected

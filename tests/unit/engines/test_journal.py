"""The journal engine: start once, remember, park, resume, and know what cannot be known."""

import asyncio
import sqlite3
from contextlib import contextmanager

import pytest

from flowrun.clock import ManualClock
from flowrun.engines import reading
from flowrun.engines.journal import JournalEngine
from flowrun.engines.reading import PlanUnreadable
from flowrun.errors import RunConflict, RunNotFound
from flowrun.events.codec import encode_event
from flowrun.events.records import (
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
    StepStarted,
)
from flowrun.plan.plan import PLAN_ABI, ExecutionPlan
from flowrun.ports.durable import OutcomeUnknown
from flowrun.ports.engine import RunSetting
from flowrun.storage.database import StoreReader, open_database
from tests.support.crash import Died

PLAN = ExecutionPlan(flow="test")
SETTING = RunSetting(environment={"CITY": "Paris"}, origin={"path": "a.flow.yaml"})


@contextmanager
def engine_on(folder, interpret):
    database = open_database(folder / "store.db", holder="test")
    try:
        yield JournalEngine(database, ManualClock(), interpret)
    finally:
        database.close()


def say(value):
    """What an effect did, as an event."""
    return StepStarted(step=str(value))


def run_once(folder, interpret, *, resume=False, run_id="run-1", inputs=None):
    async def go():
        with engine_on(folder, interpret) as engine:
            if resume:
                await engine.resume(run_id)
            else:
                await engine.start(run_id, PLAN, inputs or {}, SETTING)
            head = await engine.wait(run_id)
            return head, [one.event for one in engine.events(run_id)]

    return asyncio.run(go())


async def complete(scope, plan, inputs, setting):
    return FlowRunFinished(
        status="completed", outputs={"city": setting.environment["CITY"], **inputs}
    )


def test_a_run_has_one_first_and_one_last_event(tmp_path):
    head, events = run_once(tmp_path, complete, inputs={"days": 3})
    assert head.status == "completed"
    assert isinstance(events[0], FlowRunStarted)
    assert events[-1] == FlowRunFinished(status="completed", outputs={"city": "Paris", "days": 3})
    assert len(events) == 2


def test_starting_the_same_run_again_changes_nothing(tmp_path):
    run_once(tmp_path, complete)
    head, events = run_once(tmp_path, complete)
    assert head.status == "completed"
    assert len(events) == 2


def test_a_run_id_taken_by_other_inputs_is_refused(tmp_path):
    run_once(tmp_path, complete)
    with pytest.raises(RunConflict, match="other inputs"):
        run_once(tmp_path, complete, inputs={"days": 1})


def test_resuming_what_is_over_or_unknown_is_refused(tmp_path):
    run_once(tmp_path, complete)
    with pytest.raises(RunConflict, match="completed already"):
        run_once(tmp_path, complete, resume=True)
    with pytest.raises(RunNotFound):
        run_once(tmp_path, complete, resume=True, run_id="nobody")


def crash_after(times):
    """An effect's body that dies with its process on the given call, and a list of its calls."""
    calls = []

    async def act():
        calls.append(1)
        if len(calls) == times:
            raise Died
        return say(len(calls))

    return act, calls


def test_a_result_is_remembered_and_the_effect_not_repeated(tmp_path):
    act, calls = crash_after(2)

    async def interpret(scope, plan, inputs, setting):
        first = await scope.effect("first", act)
        second = await scope.effect("second", act)
        return FlowRunFinished(status="completed", outputs={"sum": [first.step, second.step]})

    with pytest.raises(Died):
        run_once(tmp_path, interpret)
    head, events = run_once(tmp_path, interpret, resume=True)
    assert head.status == "completed"
    assert events[-1].outputs == {"sum": ["1", "3"]}
    assert any(event == FlowRunResumed(entry=2) for event in events)
    assert len(calls) == 3


def test_an_at_most_once_effect_cut_short_is_unknown_and_not_run_again(tmp_path):
    act, calls = crash_after(1)

    async def interpret(scope, plan, inputs, setting):
        try:
            await scope.effect("charge", act, "at_most_once")
        except OutcomeUnknown as unknown:
            return FlowRunFinished(status="failed", error=unknown.key)

    with pytest.raises(Died):
        run_once(tmp_path, interpret)
    head, _ = run_once(tmp_path, interpret, resume=True)
    assert (head.status, head.error) == ("failed", "charge")
    assert len(calls) == 1


def test_an_intent_is_durable_before_the_effect_begins(tmp_path):
    seen = []

    async def interpret(scope, plan, inputs, setting):
        async def act():
            seen.extend(
                scope._run.database.read("SELECT key, kind FROM journal WHERE kind='intent'")
            )
            return say("charged")

        await scope.effect("charge", act, "at_most_once")
        return FlowRunFinished(status="completed")

    run_once(tmp_path, interpret)
    assert seen == [("charge", "intent")]


def test_a_result_is_durable_before_it_is_used(tmp_path):
    seen = []

    async def interpret(scope, plan, inputs, setting):
        async def act():
            return say(7)

        await scope.effect("look", act)
        seen.extend(scope._run.database.read("SELECT body FROM journal WHERE key='look'"))
        return FlowRunFinished(status="completed")

    run_once(tmp_path, interpret)
    assert seen == [(encode_event(say(7)),)]


def test_events_are_recorded_once_however_often_a_run_is_entered(tmp_path):
    act, _ = crash_after(1)

    async def interpret(scope, plan, inputs, setting):
        scope.emit("started", StepStarted(step="a"))
        await scope.effect("work", act)
        return FlowRunFinished(status="completed")

    with pytest.raises(Died):
        run_once(tmp_path, interpret)
    _, events = run_once(tmp_path, interpret, resume=True)
    assert events.count(StepStarted(step="a")) == 1


def test_a_fact_is_found_once(tmp_path):
    act, _ = crash_after(1)
    found = iter(range(10))

    async def interpret(scope, plan, inputs, setting):
        number = await scope.fact("dice", lambda: next(found))
        await scope.effect("work", act)
        return FlowRunFinished(status="completed", outputs={"number": number})

    with pytest.raises(Died):
        run_once(tmp_path, interpret)
    _, events = run_once(tmp_path, interpret, resume=True)
    assert events[-1].outputs == {"number": 0}


def test_a_parked_run_stops_and_goes_on_later(tmp_path):
    reached = []
    state = {}

    async def interpret(scope, plan, inputs, setting):
        async def act():
            reached.append("act")
            if len(reached) == 1:
                state["reached"].set()
                await asyncio.Event().wait()
            return say("done")

        value = await scope.effect("slow", act)
        return FlowRunFinished(status="completed", outputs={"value": value.step})

    async def park():
        state["reached"] = asyncio.Event()
        with engine_on(tmp_path, interpret) as engine:
            await engine.start("run-1", PLAN, {}, SETTING)
            await state["reached"].wait()
            await engine.park("run-1", "interrupted")
            return await engine.wait("run-1"), [one.event for one in engine.events("run-1")]

    head, events = asyncio.run(park())
    assert head.status == "parked"
    assert events[-1] == FlowRunParked(reason="interrupted")
    head, events = run_once(tmp_path, interpret, resume=True)
    assert head.status == "completed"
    assert reached == ["act", "act"]


def test_parking_lets_what_must_not_happen_twice_end(tmp_path):
    reached = asyncio.Event
    state = {}

    async def interpret(scope, plan, inputs, setting):
        async def act():
            state["reached"].set()
            await asyncio.sleep(0.05)
            return say("charged")

        value = await scope.effect("charge", act, "at_most_once")
        await scope.effect("after", asyncio.Event().wait if "again" not in state else act)
        return FlowRunFinished(status="completed", outputs={"value": value.step})

    async def park():
        state["reached"] = reached()
        with engine_on(tmp_path, interpret) as engine:
            await engine.start("run-1", PLAN, {}, SETTING)
            await state["reached"].wait()
            await engine.park("run-1", "interrupted")
            return await engine.wait("run-1")

    assert asyncio.run(park()).status == "parked"
    state["again"] = True
    _, events = run_once(tmp_path, interpret, resume=True)
    assert events[-1].outputs == {"value": "charged"}


def test_parking_between_an_intent_and_its_effect_leaves_nothing_unknown(tmp_path):
    acted, state = [], {}

    async def interpret(scope, plan, inputs, setting):
        async def act():
            acted.append("act")
            return say("charged")

        state["begun"].set()
        value = await scope.effect("charge", act, "at_most_once")
        if "again" not in state:
            await asyncio.Event().wait()
        return FlowRunFinished(status="completed", outputs={"value": value.step})

    async def park():
        state["begun"] = asyncio.Event()
        with engine_on(tmp_path, interpret) as engine:
            await engine.start("run-1", PLAN, {}, SETTING)
            await state["begun"].wait()  # now the intent waits for its commit
            await engine.park("run-1", "interrupted")
            return await engine.wait("run-1")

    assert asyncio.run(park()).status == "parked"
    state["again"] = True
    head, events = run_once(tmp_path, interpret, resume=True)
    assert head.status == "completed"
    assert events[-1].outputs == {"value": "charged"}
    assert acted == ["act"]


def test_children_have_their_own_keys_and_are_waited_for(tmp_path):
    async def interpret(scope, plan, inputs, setting):
        values = []

        def work(name):
            async def child(own):
                async def act():
                    return say(name)

                values.append((own.path("x"), (await own.effect("x", act)).step))

            return child

        for name in ("a", "b", "c"):
            scope.child(name, work(name))
        over = []
        while len(over) < 3:
            over += [child.key for child in await scope.wait_any()]
        return FlowRunFinished(
            status="completed", outputs={"over": sorted(over), "values": sorted(values)}
        )

    _, events = run_once(tmp_path, interpret)
    assert events[-1].outputs == {
        "over": ["a", "b", "c"],
        "values": [["a/x", "a"], ["b/x", "b"], ["c/x", "c"]],
    }


def test_a_mistake_of_ours_reaches_whoever_waits_and_the_run_can_be_resumed(tmp_path):
    async def broken(scope, plan, inputs, setting):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_once(tmp_path, broken)
    head, _ = run_once(tmp_path, complete, resume=True)
    assert head.status == "completed"


def test_whoever_watches_sees_transient_events_too(tmp_path):
    seen = []

    async def interpret(scope, plan, inputs, setting):
        scope.show(StepStarted(step="shown"))
        return FlowRunFinished(status="completed")

    async def go():
        with engine_on(tmp_path, interpret) as engine:
            engine.watch(lambda run_id, event: seen.append((run_id, event.seq, event.event)))
            await engine.start("run-1", PLAN, {}, SETTING)
            await engine.wait("run-1")

    asyncio.run(go())
    assert ("run-1", None, StepStarted(step="shown")) in seen
    assert [seq for _, seq, _ in seen] == [1, None, 2]


def test_looking_at_one_run_does_not_look_at_all_of_them(tmp_path):
    """Whoever waits for a run asks for its head; a store may hold very many."""
    run_once(tmp_path, complete)
    store = StoreReader(tmp_path / "store.db")
    for asked in (f"{reading._HEADS} WHERE run_id = ?", reading._FIND):
        (_, _, _, way), *more = store.read(f"EXPLAIN QUERY PLAN {asked}", ("run-1",))
        assert str(way).startswith("SEARCH flow_run USING INDEX")
        assert not more
    store.close()


def test_inputs_that_json_cannot_say_leave_no_run_behind(tmp_path):
    async def go():
        with engine_on(tmp_path, complete) as engine:
            with pytest.raises(ValueError, match="JSON"):
                await engine.start("run-1", PLAN, {"n": float("nan")}, SETTING)
            await engine.start("run-2", PLAN, {}, SETTING)
            await engine.wait("run-2")
            return [head.run_id for head in engine.list()]

    assert asyncio.run(go()) == ["run-2"]


def test_an_equal_plan_is_the_same_plan_whichever_object_it_is(tmp_path):
    """Digests are remembered by object; one that is gone must not lend its place to another."""

    async def go():
        with engine_on(tmp_path, complete) as engine:
            for number in range(200):
                flow = f"flow-{number % 100}"
                plan = ExecutionPlan(flow=flow)
                await engine.start(f"run-{number}", plan, {}, SETTING)
                await engine.wait(f"run-{number}")
                del plan
            return {head.plan_digest for head in engine.list()}, len(engine._starter._known)

    digests, remembered = asyncio.run(go())
    assert len(digests) == 100
    assert remembered <= 64


def test_a_watcher_that_breaks_at_the_last_event_does_not_undo_the_end(tmp_path):
    def break_off(run_id, stamped):
        if isinstance(stamped.event, FlowRunFinished):
            raise BrokenPipeError

    async def go():
        with engine_on(tmp_path, complete) as engine:
            engine.watch(break_off)
            await engine.start("run-1", PLAN, {}, SETTING)
            with pytest.raises(BrokenPipeError):
                await engine.wait("run-1")

    asyncio.run(go())
    head, events = run_once(tmp_path, complete)
    assert head.status == "completed"
    assert [type(one) for one in events].count(FlowRunFinished) == 1


def test_a_plan_of_another_interpreter_is_not_guessed_at(tmp_path):
    async def leave(scope, plan, inputs, setting):
        raise Died

    with pytest.raises(Died):
        run_once(tmp_path, leave)
    with sqlite3.connect(tmp_path / "store.db") as other:
        other.execute("UPDATE plan SET abi = ?", (PLAN_ABI + 1,))
    other.close()
    with pytest.raises(PlanUnreadable) as refusal:
        run_once(tmp_path, complete, resume=True)
    assert refusal.value.exit_code == 7
    with engine_on(tmp_path, complete) as engine:
        assert [head.status for head in engine.list()] == ["running"]

"""What every engine keeps of its runs: settings, results given to them, filters, deaths, ticks."""

import asyncio
from dataclasses import replace

import pytest

from flowrun.clock import ManualClock
from flowrun.errors import RunConflict, RunCrashLoops, RunNotFound
from flowrun.events.records import (
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
    StepFinished,
)
from flowrun.ports.engine import RunFilter, RunSetting, Schedule
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

HOUR_S = 3_600.0
NOON = 1_700_049_600.0
"""2023-11-15 12:00:00 UTC."""


@pytest.fixture(params=ENGINES)
def place(request, tmp_path):
    return ENGINES[request.param](tmp_path)


async def complete(scope, plan, inputs, setting):
    return done(**inputs)


# Settings and given results


def test_what_a_run_was_started_with_is_what_every_life_is_given(place):
    seen, deaths = [], []
    setting = RunSetting(environment={"CITY": "Köln"}, origin={"path": "a.flow.yaml"}, only="b")

    async def interpret(scope, plan, inputs, given):
        seen.append((plan, inputs, given))
        await scope.effect("x", dying(deaths))
        return done()

    async def story(engine):
        await engine.start("run-1", PLAN, {"n": 1}, setting)
        with pytest.raises(Died):
            await engine.wait("run-1")

    within(place, interpret, story)
    live(place, interpret, resume=True)
    assert seen == [(PLAN, {"n": 1}, setting)] * 2


def test_a_run_begins_with_the_results_it_is_given(place):
    given = [
        StepFinished(step="a", status="completed", output={"n": 1}),
        StepFinished(step="b", status="skipped", error="skipped: `if` is false"),
    ]
    found, deaths = [], []

    async def interpret(scope, plan, inputs, setting):
        found.append([scope.recorded(f"steps/{name}/finished") for name in "abc"])
        await scope.effect("x", dying(deaths))
        return done()

    async def story(engine):
        await engine.start("run-1", PLAN, {}, SETTING, given)
        with pytest.raises(Died):
            await engine.wait("run-1")
        return engine.events("run-1")

    events = within(place, interpret, story)
    assert isinstance(events[0].event, FlowRunStarted)
    assert [one.event for one in events[1:]] == given
    live(place, interpret, resume=True)
    assert found == [[*given, None]] * 2


def test_results_that_json_cannot_say_leave_no_run_behind(place):
    async def story(engine):
        bad = StepFinished(step="a", status="completed", output=float("nan"))
        with pytest.raises(ValueError, match="JSON"):
            await engine.start("run-1", PLAN, {}, SETTING, [bad])
        return engine.list()

    assert within(place, complete, story) == []


# Lists


def test_runs_are_listed_by_what_is_wanted(place):
    place.clock = ManualClock(NOON)

    async def interpret(scope, plan, inputs, setting):
        if inputs.get("ask"):
            await scope.signal("ask")
        return done() if not inputs.get("fail") else FlowRunFinished(status="failed", error="no")

    async def story(engine):
        for number, inputs in enumerate([{}, {"ask": 1}, {"fail": 1}, {}]):
            plan = replace(PLAN, flow="other") if number == 3 else PLAN
            await engine.start(f"run-{number}", plan, inputs, SETTING)
            await engine.wait(f"run-{number}")
            place.clock.advance(10)

        def ids(**how):
            return [one.run_id[-1] for one in engine.list(RunFilter(**how))]

        assert ids() == ["3", "2", "1", "0"]
        assert ids(limit=2) == ["3", "2"]
        assert ids(flow="test") == ["2", "1", "0"]
        assert ids(statuses=frozenset({"parked", "failed"})) == ["2", "1"]
        assert ids(since=NOON + 10, limit=1, statuses=frozenset({"parked"})) == ["1"]
        assert ids(since=NOON + 11) == ["3", "2"]
        assert ids(limit=0) == []

    within(place, interpret, story)


# Runs that kill their process


def killing(calls, until_call=99):
    """A run that sees something and dies, until it is mended at some entry."""

    async def interpret(scope, plan, inputs, setting):
        calls.append(1)
        await scope.record("seen", said("seen"))
        if len(calls) < until_call:
            raise Died
        await scope.effect("mended", doing("mended"))
        return done()

    return interpret


def test_a_run_that_only_kills_its_process_is_parked_after_three_deaths(place):
    """K34: its first entry gained something, the three after that gained nothing."""
    calls = []
    die(place, killing(calls))
    for _ in range(3):
        die(place, killing(calls), resume=True)

    async def story(engine):
        await engine.start("run-2", PLAN, {"other": 1}, SETTING)
        with pytest.raises(RunCrashLoops, match="died 3 times without progress, last at `seen`"):
            await engine.resume("run-1")
        (head,) = [one for one in engine.list() if one.run_id == "run-1"]
        assert (head.status, head.questions, head.wake_at) == ("parked", (), None)
        with pytest.raises(RunCrashLoops):
            await engine.resume("run-1")
        with pytest.raises(RunCrashLoops):
            await engine.start("run-1", PLAN, {}, SETTING)
        return await engine.wait("run-2"), kept(engine)

    async def interpret(scope, plan, inputs, setting):
        if inputs:
            return done()
        return await killing(calls)(scope, plan, inputs, setting)

    other, events = within(place, interpret, story)
    assert other.status == "completed", "others are not affected"
    assert len(calls) == 4
    assert events[-1] == FlowRunParked(reason="crash-looping at `seen`: 3 deaths without progress")
    assert [type(one) for one in events].count(FlowRunParked) == 1


def test_a_run_that_was_parked_for_its_deaths_goes_on_when_told_to(place):
    calls = []
    for resume in (False, True, True, True):
        die(place, killing(calls), resume=resume)

    async def story(engine):
        with pytest.raises(RunCrashLoops):
            await engine.resume("run-1")
        await engine.resume("run-1", force=True)
        return await engine.wait("run-1"), kept(engine)

    head, events = within(place, killing(calls, until_call=5), story)
    assert head.status == "completed"
    assert [one for one in events if isinstance(one, FlowRunResumed)][-1].entry == 5


def test_a_run_that_gains_something_each_time_may_die_as_often_as_it_likes(place):
    calls = []

    async def interpret(scope, plan, inputs, setting):
        calls.append(1)
        await scope.record(f"gained[{len(calls)}]", said("gained"))
        if len(calls) < 8:
            raise Died
        return done()

    die(place, interpret)
    for _ in range(6):
        die(place, interpret, resume=True)
    assert live(place, interpret, resume=True)[0].status == "completed"


def test_deaths_are_counted_from_the_last_parking(place):
    calls = []

    async def interpret(scope, plan, inputs, setting):
        calls.append(1)
        if len(calls) in (2, 3, 5, 6):
            raise Died
        if len(calls) < 7:
            await scope.signal("ask")
        return done()

    async def park_again(engine):
        await engine.resume("run-1")
        return await engine.wait("run-1")

    assert live(place, interpret)[0].status == "parked"
    for _ in range(2):
        die(place, interpret, resume=True)
        die(place, interpret, resume=True)
        head = within(place, interpret, park_again)
    assert head.status == "completed"


# Schedules


def daily(catch_up="last", every_s=HOUR_S, anchor=NOON, name="tick", inputs=None):
    return Schedule(
        name=name,
        plan=PLAN,
        inputs=inputs or {},
        setting=SETTING,
        every_s=every_s,
        anchor=anchor,
        catch_up=catch_up,
    )


def sweeps(place, schedule, *moments, interpret=complete):
    """Keep a schedule at noon, sweep at moments after it, and return what each started."""

    async def story(engine):
        await engine.schedule(schedule)
        swept = []
        for moment in moments:
            place.clock.advance(NOON + moment - place.clock.now())
            swept.append(list(await engine.sweep()))
            for run_id in swept[-1]:
                await engine.wait(run_id)
        return swept

    return within(place, interpret, story)


def test_a_tick_starts_one_run_named_after_its_nominal_instant(place):
    place.clock = ManualClock(NOON)
    swept = sweeps(place, daily(), 0, 1, HOUR_S + 7, HOUR_S + 8, 2 * HOUR_S)
    assert swept == [
        ["tick-20231115T120000Z"],
        [],
        ["tick-20231115T130000Z"],
        [],
        ["tick-20231115T140000Z"],
    ]


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        ("none", []),
        ("last", ["tick-20231115T150000Z"]),
        ("all", ["tick-20231115T130000Z", "tick-20231115T140000Z", "tick-20231115T150000Z"]),
    ],
)
def test_ticks_that_nobody_saw_are_made_up_for_as_is_wanted(place, catch_up, expected):
    """Rule 17, over a restart."""
    place.clock = ManualClock(NOON)
    sweeps(place, daily(catch_up), 0)
    place.clock = ManualClock(NOON + 3.5 * HOUR_S)
    assert sweeps(place, daily(catch_up), 3.5 * HOUR_S, 4 * HOUR_S) == [
        expected,
        ["tick-20231115T160000Z"],
    ]


def test_two_who_sweep_start_a_tick_once(place):
    place.clock = ManualClock(NOON)

    async def story(engine):
        await engine.schedule(daily())
        swept = await asyncio.gather(*[engine.sweep() for _ in range(3)])
        for head in engine.list():
            await engine.wait(head.run_id)
        return swept, [one.run_id for one in engine.list()]

    swept, runs = within(place, complete, story)
    assert runs == ["tick-20231115T120000Z"]
    assert max(map(len, swept)) == 1


def test_a_tick_whose_run_there_is_already_is_not_started_again(place):
    """K21: dead between the start and the note that it was fired."""
    place.clock = ManualClock(NOON)

    async def story(engine):
        await engine.schedule(daily())
        await engine.start("tick-20231115T120000Z", PLAN, {}, SETTING)
        await engine.wait("tick-20231115T120000Z")
        place.refuse("run/started", "event")  # another start would fail
        swept = await engine.sweep()
        place.repair()
        return swept, kept(engine, "tick-20231115T120000Z")

    swept, events = within(place, complete, story)
    assert swept == []
    assert [type(one) for one in events] == [FlowRunStarted, FlowRunFinished]


def test_a_new_schedule_does_not_make_up_for_the_time_before_it(place):
    place.clock = ManualClock(NOON)
    long_ago = daily("all", anchor=NOON - 1_000 * HOUR_S)
    assert sweeps(place, long_ago, 0, 60, HOUR_S) == [
        ["tick-20231115T120000Z"],
        [],
        ["tick-20231115T130000Z"],
    ]


def test_replacing_a_schedule_keeps_what_was_fired_and_takes_the_new_inputs(place):
    place.clock = ManualClock(NOON)
    sweeps(place, daily(), 0)
    assert sweeps(place, daily(inputs={"n": 2}), 0, HOUR_S) == [[], ["tick-20231115T130000Z"]]
    finer = daily("all", every_s=60.0, inputs={"n": 3})
    assert sweeps(place, finer, HOUR_S, HOUR_S + 60) == [[], ["tick-20231115T130100Z"]]

    async def outputs(engine):
        return [kept(engine, one.run_id)[-1].outputs for one in engine.list()]

    assert within(place, complete, outputs) == [{"n": 3}, {"n": 2}, {}]


def test_a_run_of_a_tick_may_wait_for_people_and_is_left_to_that(place):
    place.clock = ManualClock(NOON)

    async def interpret(scope, plan, inputs, setting):
        await scope.signal("ask")
        return done()

    assert sweeps(place, daily(), 0, 1, interpret=interpret) == [["tick-20231115T120000Z"], []]


def test_what_nobody_scheduled_is_not_swept(place):
    async def story(engine):
        return await engine.sweep()

    assert within(place, complete, story) == []


def test_a_run_that_was_not_there_is_not_gone_on_with(place):
    async def story(engine):
        for force in (False, True):
            with pytest.raises(RunNotFound):
                await engine.resume("nobody", force=force)
        await engine.start("run-1", PLAN, {}, SETTING)
        await engine.wait("run-1")
        with pytest.raises(RunConflict):
            await engine.resume("run-1", force=True)

    within(place, complete, story)

"""The two clocks."""

import asyncio

from flowrun.clock import Clock, ManualClock, SystemClock


def test_the_machine_clock_never_runs_backwards():
    clock: Clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.now() > 1_700_000_000


def test_a_manual_clock_moves_when_told():
    clock = ManualClock(now=100.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (102.5, 2.5)


def test_stepping_the_calendar_leaves_durations_alone():
    clock = ManualClock(now=100.0)
    clock.set_calendar(50.0)
    assert (clock.now(), clock.monotonic()) == (50.0, 0.0)


def test_a_manual_clock_wakes_each_at_their_own_instant_in_order():
    clock, woken = ManualClock(now=100.0), []

    def note(name):
        return lambda: woken.append((name, clock.now(), clock.monotonic()))

    clock.call_later(3.0, note("late"))
    clock.call_later(1.0, note("early"))
    clock.call_later(1.0, note("just after"))
    clock.call_later(9.0, note("never"))
    clock.advance(0.5)
    assert woken == []
    clock.advance(4.0)
    assert woken == [
        ("early", 101.0, 1.0),
        ("just after", 101.0, 1.0),
        ("late", 103.0, 3.0),
    ]
    assert (clock.now(), clock.monotonic()) == (104.5, 4.5)


def test_who_is_woken_may_ask_to_be_woken_again():
    clock, woken = ManualClock(), []

    def again():
        woken.append(clock.monotonic())
        clock.call_later(1.0, again)

    clock.call_later(1.0, again)
    clock.advance(3.5)
    assert woken == [1.0, 2.0, 3.0]


def test_an_alarm_that_was_cancelled_wakes_nobody():
    clock, woken = ManualClock(), []
    alarm = clock.call_later(1.0, lambda: woken.append(1))
    alarm.cancel()
    alarm.cancel()
    clock.advance(2.0)
    assert woken == []


def test_a_step_of_the_calendar_wakes_nobody_and_delays_nobody():
    clock, woken = ManualClock(now=100.0), []
    clock.call_later(10.0, lambda: woken.append(clock.monotonic()))
    clock.set_calendar(10_000.0)
    assert woken == []
    clock.set_calendar(0.0)
    clock.advance(10.0)
    assert woken == [10.0]


def test_the_machine_clock_wakes_in_the_loop_that_runs():
    async def go():
        woken = asyncio.Event()
        SystemClock().call_later(30.0, woken.clear).cancel()
        SystemClock().call_later(0.001, woken.set)
        await asyncio.wait_for(woken.wait(), 10)

    asyncio.run(go())

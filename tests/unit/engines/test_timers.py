"""Timers of one run at work: two clocks, and which of them decides."""

from flowrun.clock import ManualClock
from flowrun.engines.timers import Timers


def test_a_new_timer_has_all_its_time_and_counts_down_by_the_monotonic_clock():
    clock = ManualClock(1_000.0)
    timers = Timers(clock, {})
    assert timers.left("a", 1_030.0, 30.0) == 30.0
    clock.advance(10.0)
    clock.set_calendar(0.0)
    assert timers.left("a", 1_030.0, 30.0) == 20.0


def test_a_timer_of_an_earlier_life_counts_by_the_calendar_and_never_has_more_than_its_time():
    assert Timers(ManualClock(1_010.0), {}).left("a", 1_030.0, 30.0) == 20.0
    assert Timers(ManualClock(1_040.0), {}).left("a", 1_030.0, 30.0) == -10.0
    assert Timers(ManualClock(0.0), {}).left("a", 1_030.0, 30.0) == 30.0


def test_a_timer_of_an_earlier_entry_in_this_process_counts_by_the_monotonic_clock():
    clock = ManualClock(1_000.0)
    timers = Timers(clock, {"a": 25.0})
    clock.advance(5.0)
    clock.set_calendar(0.0)
    assert timers.left("a", 1_030.0, 30.0) == 20.0


def test_a_calendar_stepped_forward_is_noticed_when_the_timer_is_asked_again():
    clock = ManualClock(1_000.0)
    timers = Timers(clock, {"a": 30.0})
    clock.set_calendar(1_029.0)
    assert timers.left("a", 1_030.0, 30.0) == 1.0


def test_the_first_of_those_that_are_waited_for_is_known():
    clock, woken = ManualClock(1_000.0), []
    timers = Timers(clock, {})
    assert (timers.next_s(), timers.wake_at(), timers.due()) == (None, None, {})
    for name, seconds in (("late", 50.0), ("soon", 20.0), ("nobody's", 5.0)):
        timers.left(name, 1_000.0 + seconds, seconds)
    for name in ("late", "soon"):
        timers.arm(name, 1_000.0 + timers.left(name, 1_050.0, 50.0), lambda: woken.append(1))
    assert (timers.next_s(), timers.wake_at()) == (20.0, 1_020.0)
    assert timers.due() == {"late": 50.0, "soon": 20.0}
    timers.disarm("soon")
    clock.advance(30.0)
    assert woken == []
    assert timers.next_s() == 20.0
    clock.advance(20.0)
    assert woken == [1]

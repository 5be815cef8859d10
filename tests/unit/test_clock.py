"""The two clocks."""

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

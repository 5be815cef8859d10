"""Places for work: who is let in, in which order, and what is given back by whoever leaves."""

from flowrun.interpreter.slots import Slots, Turn


def in_line(slots, begun, *orders):
    """Turns that note when they begin."""
    turns = []
    for order in orders:
        turn = Turn(order, lambda order=order: begun.append(order))
        turns.append(turn)
        slots.admit(turn)
    return turns


def test_so_many_begin_and_the_next_is_the_first_in_the_plan():
    begun, slots = [], Slots(2)
    first, second, *_ = in_line(slots, begun, (3,), (4,), (9,), (1, 2), (1, 1))
    assert begun == [(3,), (4,)]
    second.end()
    first.end()
    assert begun == [(3,), (4,), (1, 1), (1, 2)]


def test_who_is_dropped_lets_nobody_in_until_somebody_says_so():
    begun, slots = [], Slots(1)
    first, _ = in_line(slots, begun, (1,), (2,))
    first.drop()
    assert begun == [(1,)]
    slots.go_on()
    assert begun == [(1,), (2,)]


def test_who_was_dropped_in_line_never_begins():
    begun, slots = [], Slots(1)
    first, second, _ = in_line(slots, begun, (1,), (2,), (3,))
    second.drop()
    first.end()
    assert begun == [(1,), (3,)]


def test_leaving_twice_gives_one_place_back():
    begun, slots = [], Slots(1)
    first, _, _ = in_line(slots, begun, (1,), (2,), (3,))
    first.end()
    first.end()
    first.drop()
    assert begun == [(1,), (2,)]


def test_an_inner_limit_takes_places_here_and_above():
    begun, above = [], Slots(2)
    inner = Slots(1, above)
    (outer,) = in_line(above, begun, (5,))
    first, second = in_line(inner, begun, (1, 1), (1, 2))
    (last,) = in_line(above, begun, (6,))
    assert begun == [(5,), (1, 1)]
    outer.end()
    assert begun == [(5,), (1, 1), (6,)]
    first.end()
    assert begun == [(5,), (1, 1), (6,), (1, 2)]
    last.end()
    second.end()
    in_line(inner, begun, (1, 3), (1, 4))
    assert begun[4:] == [(1, 3)]


def test_who_has_an_inner_place_and_waits_above_gives_it_back():
    begun, above = [], Slots(1)
    inner = Slots(1, above)
    (outer,) = in_line(above, begun, (9,))
    waiting, after = in_line(inner, begun, (1,), (2,))
    waiting.drop()
    inner.go_on()
    outer.end()
    assert begun == [(9,), (2,)]
    assert not after.is_over

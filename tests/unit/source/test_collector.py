"""The cycle collector, paused."""

import gc

from flowrun.source.collector import collector_paused, spare_what_is_here


def test_it_is_paused_and_goes_on():
    with collector_paused():
        assert not gc.isenabled()
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_was_made_meanwhile_is_not_looked_through_at_once():
    with collector_paused():
        made = [[number] for number in range(10_000)]
    young = {id(one) for one in gc.get_objects(generation=0)}
    assert not any(id(one) in young for one in made)


def test_a_cycle_that_was_made_meanwhile_is_still_collected():
    with collector_paused():
        cycle: list[object] = []
        cycle.append(cycle)
    del cycle
    assert gc.collect() > 0


def test_what_is_spared_is_not_looked_through():
    here = [[]]
    spare_what_is_here()
    try:
        assert not any(one is here for one in gc.get_objects())
    finally:
        gc.unfreeze()

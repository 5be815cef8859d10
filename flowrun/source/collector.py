"""The cycle collector, kept from walking trees that only grow and hold no cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause it: reading and checking a file of 50,000 lines would take twice the time with it.

    What was made meanwhile is counted among what is old: else all of it would be looked through at
    once when the pause ends, which is a fifth of the time of a flow of 10,000 steps.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.freeze()
            gc.unfreeze()  # into the oldest generation, and nothing is walked
            gc.enable()


def spare_what_is_here() -> None:
    """Have the collector leave alone what there is now, which stays as long as the process.

    To be called once everything is loaded and wired: walking it costs more than a hundred runs.
    """
    gc.freeze()

"""What a piece of work costs, measured so that growth shows and the neighbours do not."""

import gc
import time
from collections.abc import Callable


def cpu_seconds(work: Callable[[int], object], *, tries: int = 3) -> float:
    """Return the least CPU time of several tries; each is given its number, from 0.

    The collector of garbage rests meanwhile: how often it walks all of a test process's objects
    says nothing about the work.
    """
    return min(_once(work, number) for number in range(tries))


def _once(work: Callable[[int], object], number: int) -> float:
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        work(number)
        return time.process_time() - began
    finally:
        gc.enable()

"""Ways to walk a cell: die at points, be killed at instants, go on until the run is over."""

import random
from collections.abc import Callable, Sequence

from tests.faults.evidence import Baseline, Finding, Witness
from tests.faults.nursery import Hung
from tests.faults.row import Row
from tests.faults.world import LIVES, World

HITS = (1, 2, 3, 5)


def walk_points(
    row: Row,
    world: World,
    points: Sequence[str],
    *,
    baseline: Baseline,
    hits: Sequence[int] = HITS,
    expired: bool = False,
    after: dict | None = None,
    meanwhile: Callable[[World, str, str], str] | None = None,
    afterwards: Callable[[World, str, str, Baseline], str] | None = None,
    **life,
) -> None:
    """Die at every point, at each of its hits that there is, and go on from there.

    Args:
        row: Counts.
        world: Where.
        points: See `points`.
        baseline: The undisturbed run of the same flow.
        hits: The how many-eth passing is the end.
        expired: Runs may have expired, so that only the endings are compared.
        after: What is different in the lives that follow; the same as the first by default.
        meanwhile: Looks at what is there after the death, given the world, the run and the point;
            returns what is wrong.
        afterwards: Looks at what is there in the end, given the baseline, too.
        life: Of every life.
    """
    for point in points:
        for hit in hits:
            run = f"{world.name}-{point}-{hit}".replace(":", ".")
            where = f"{point} #{hit}"
            witness = Witness(world, run)
            if not _die(row, world, run, where, point=point, hit=hit, **life):
                break
            witness.look()
            wrong = meanwhile(world, run, point) if meanwhile is not None else ""
            row.require(not wrong, f"{where}: {wrong}")
            go_on(row, world, witness, run, where, **life, **(after or {}))
            row.add(witness.close(baseline, expired=expired), where)
            wrong = afterwards(world, run, point, baseline) if afterwards is not None else ""
            row.require(not wrong, f"{where}: {wrong}")


def _die(row: Row, world: World, run: str, where: str, **life) -> bool:
    """Tell whether a life died at its point; it does not when that is not passed so often."""
    try:
        first = world.live(run, **life)
    except Hung as hung:
        row.violations.append(f"{where}: {hung}")
        return False
    if not first.was_killed:
        row.require(first.status == 0, f"{where}: status {first.status}: {first.said}")
        return False
    row.hits += 1
    row.kills += 1
    return True


def go_on(row: Row, world: World, witness: Witness, run: str, where: str, **life) -> None:
    """Live until the run is over; nothing kills it any more."""
    for _ in range(LIVES):
        try:
            ended = world.live(run, **life)
        except Hung as hung:
            row.violations.append(f"{where}: {hung}")
            return
        witness.look()
        if ended.status == 0:
            return
        if not ended.was_killed:
            row.violations.append(f"{where}: status {ended.status}: {ended.said}")
            return
    row.violations.append(f"{where}: not over after {LIVES} lives")


def walk_instants(
    row: Row,
    world: World,
    kills: int,
    moments: random.Random,
    *,
    baseline: Baseline,
    longest_s: float,
    **life,
) -> None:
    """Kill at random instants until it was done so often; every run goes on until it is over."""
    number = 0
    while row.kills < kills:
        number += 1
        run = f"{row.cell}-{moments.getrandbits(32):08x}"
        where = f"run {number}"
        witness = Witness(world, run)
        for _ in range(moments.randint(1, 6)):
            ended = world.live(run, kill_after_s=moments.uniform(0.0, longest_s), **life)
            row.kills += ended.was_killed
            row.hits += ended.was_killed
            witness.look()
            if not ended.was_killed:
                row.require(ended.status == 0, f"{where}: status {ended.status}: {ended.said}")
                break
        else:
            go_on(row, world, witness, run, where, **life)
        row.add(witness.close(baseline), where)


def over(world: World, run: str, baseline: Baseline | None = None) -> Finding:
    """Return what a run came to that was followed by nobody."""
    return Witness(world, run).close(baseline)

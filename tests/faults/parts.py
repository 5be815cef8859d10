"""Parts of a walk, each with worlds of its own, so that they can be walked side by side."""

import random
import tempfile
import time
from pathlib import Path

from tests.faults.cells import CELLS
from tests.faults.row import Row
from tests.faults.walk import walk_instants
from tests.faults.world import worlds


def walk_part(part: tuple[str, int, int]) -> Row:
    """Walk one cell, or some random kills."""
    name, kills, seed = part
    about, walk = CELLS.get(name, ("killed at random instants", None))
    row = Row(name, about)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, worlds(Path(folder)) as make:
        try:
            if walk is None:
                walk_random(row, make, kills, seed)
            else:
                walk(row, make)
        except Exception as error:  # noqa: BLE001  # the table must come, and say what broke
            row.violations.append(f"the walk broke off: {type(error).__name__}: {error}")
    return row


def walk_random(row: Row, make, kills: int, seed: int, flow: str = "main.flow.yaml") -> None:
    """Kill so often at instants that nobody chose."""
    world = make("random")
    begun = time.monotonic()
    baseline = world.undisturbed(flow)
    longest_s = time.monotonic() - begun
    moments = random.Random(seed)
    walk_instants(row, world, kills, moments, baseline=baseline, longest_s=longest_s, flow=flow)

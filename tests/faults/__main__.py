"""Walk the fault matrix: `python -m tests.faults [--cells K9,K10] [--random 200] [--seed 1]`.

Prints a table; ends with 1 when anything was violated or a cell was not walked at all.
"""

import argparse
import multiprocessing
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.faults.cells import CELLS
from tests.faults.parts import walk_part
from tests.faults.row import Row, table

CHUNK = 25
"""Random kills of one part."""


def main() -> int:
    """Walk what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--cells", default="", help="K9,K10: these alone; without it all")
    parser.add_argument("--random", type=int, default=200, help="kills at random instants")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--jobs", type=int, default=2, help="parts walked side by side")
    options = parser.parse_args()
    wanted = [one for one in options.cells.split(",") if one] or list(CELLS)
    parts = [(name, 0, 0) for name in wanted]
    chunks = (min(CHUNK, options.random - done) for done in range(0, options.random, CHUNK))
    parts += [("random", kills, options.seed + at) for at, kills in enumerate(chunks)]
    begun = time.monotonic()
    rows: dict[str, Row] = {}
    # A part in a process of its own: one that breaks off takes no other with it.
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=spawning, max_tasks_per_child=1) as pool:
        for row in pool.map(walk_part, parts):
            print(f"{row.cell}: {row.verdict}, {row.kills} kills", file=sys.stderr, flush=True)
            if row.cell in rows:
                rows[row.cell].join(row)
            else:
                rows[row.cell] = row
    print(table(list(rows.values())))
    print(f"seed {options.seed}, {time.monotonic() - begun:.0f} s")
    return 1 if any(row.verdict != "ok" for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Stores that an older flowrun wrote, and deaths while they are brought up to date.

`old_project/store.sql` is a store of issue 1 as its own code left it: a run that is over, one that
was killed while a tool was at work, and one that was parked. Their plans have ABI 1.
"""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.faults.evidence import Baseline, Witness
from tests.faults.ledger import effects, read_ledger
from tests.faults.row import Row
from tests.faults.walk import go_on, walk_points
from tests.support.processes import environment

_FILES = Path(__file__).parent / "old_project"
_LEFT = ("old-killed", "old-parked")
_KINDS = (
    *("flow_run", "intent", "fact", "step_started", "step_finished", "tool_call_finished"),
    *("assistant_run", "run_step", "message", "question_asked", "inbox"),
)
_MOST_STATEMENTS = 150


def commits(row: Row, make) -> None:
    """K17: die inside COMMIT, inside the checkpoint that follows one, inside a migration."""
    for often in (False, True):
        world = make(f"{row.cell}-{often:d}")
        points = [f"inside-commit:{kind}" for kind in _KINDS]
        baseline = world.undisturbed()
        walk_points(row, world, points, baseline=baseline, hits=(1, 3), checkpoint_often=often)
    migrations(row, make)


def migrations(row: Row, make) -> None:
    """Die at each statement of opening an old store, until it is brought up to date."""
    for number in range(1, _MOST_STATEMENTS):
        world, baseline = old_world(make, f"{row.cell}-migration-{number}")
        run = _LEFT[number % 2]
        witness = Witness(world, run)
        witness.look()
        life = {"flow": "old.flow.yaml"}
        killed = world.live(run, point="statement", hit=number, **life).was_killed
        row.require(killed, f"statement {number}: it went well")
        row.hits += 1
        row.kills += 1
        journal = witness.look()
        if number % 5 == 0:
            go_on(row, world, witness, run, f"statement {number}", **life)
            _close(row, witness, run, baseline, f"statement {number}")
        if len(journal.applied) == _migrations():
            return
    row.violations.append("the migrations never end")


def resume_stored(row: Row, make) -> None:
    """K19: runs of ABI 1 go on with this flowrun, within a life of ours and by the command line."""
    world, baseline = old_world(make, f"{row.cell}-old")
    for run in _LEFT:
        witness = Witness(world, run)
        witness.look()
        row.hits += 1
        go_on(row, world, witness, run, run, flow="old.flow.yaml")
        _close(row, witness, run, baseline, run)
    world, baseline = old_world(make, f"{row.cell}-command")
    run = "old-parked"
    witness = Witness(world, run)
    witness.look()
    row.hits += 1
    ended = subprocess.run(
        [sys.executable, "-m", "flowrun", "runs", "resume", run],
        cwd=world.root,
        env=environment(world.root, FAULTS_LEDGER=str(world.ledger)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    row.require(ended.returncode == 0, f"`runs resume`: {ended.returncode}, {ended.stderr}")
    row.add(witness.close(baseline, expired=True), "`runs resume`")


def _close(row: Row, witness: Witness, run: str, baseline: Baseline, where: str) -> None:
    """The killed one ends as its plan says: what cannot be known fails the step."""
    if run == "old-parked":
        row.add(witness.close(baseline, expired=True), where)
        return
    found = witness.close()
    row.add(found, where)
    row.require(found.status == "failed", f"{where}: it is {found.status}")
    row.require(found.unknown == 1, f"{where}: {found.unknown} outcomes are unknown")


def old_world(make, name: str):
    """Return a world with the old store in it, and what its undisturbed run came to."""
    world = make(name)
    for run in _LEFT:
        world.model.asked.pop(run, None)  # what it was told in another world
    for file in ("old.flow.yaml", "old_tools.py"):
        shutil.copy(_FILES / file, world.root / file)
    shutil.copy(_FILES / "ledger.txt", world.ledger)
    world.store.parent.mkdir()
    with closing(sqlite3.connect(world.store)) as store:
        store.executescript((_FILES / "store.sql").read_text())
    journal = world.journal()
    done = effects(read_ledger(world.ledger, "old-done"))
    baseline = Baseline(journal.events("old-done"), frozenset(done))
    return world, baseline


def _migrations() -> int:
    from flowrun.storage.migrations import MIGRATIONS

    return len(MIGRATIONS)

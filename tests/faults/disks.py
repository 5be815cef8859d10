"""K31: the disk is full, or takes nothing: one clear sentence, nothing lost, and on after repair.

The store lies on a file system of a few megabytes in memory; where that cannot be mounted (it needs
to be root) the size of the store's files is limited for the process instead.
"""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

from tests.faults.evidence import Witness
from tests.faults.row import Row
from tests.faults.walk import go_on

_SIZE_KB = 4096


def walk(row: Row, make) -> None:
    """Fill the disk at several levels, or make it read-only, and repair it."""
    world = make(row.cell)
    with _small_disk(world.store.parent) as mounted:
        baseline = world.undisturbed()
        for left_kb in (0, 16, 64, 160, 320):
            _full(row, world, baseline, left_kb, mounted=mounted)
        if mounted:
            for kill_after_s in (0.4, 0.8, None):
                _read_only(row, world, baseline, kill_after_s)


def _full(row: Row, world, baseline, left_kb: int, *, mounted: bool) -> None:
    run = f"{row.cell}-full-{left_kb}"
    witness = Witness(world, run)
    ballast = world.store.parent / "ballast"
    more: dict = {}
    if mounted:
        _fill(ballast, left_kb)
    else:
        more = {"file_limit": world.store.stat().st_size + left_kb * 1024}
    ended = world.live(run, more=more)
    row.hits += 1
    ballast.unlink(missing_ok=True)
    row.require(ended.status != 0, f"{run}: it went well")
    _sentence(row, run, ended)
    witness.look()
    go_on(row, world, witness, run, run)
    row.add(witness.close(baseline), run)


def _read_only(row: Row, world, baseline, kill_after_s: float | None) -> None:
    """Have a file system that takes nothing, from the start or after a run was begun and killed."""
    run = f"{row.cell}-ro-{kill_after_s}"
    witness = Witness(world, run)
    if kill_after_s is not None:
        row.kills += world.live(run, kill_after_s=kill_after_s).was_killed
        witness.look()
    _mount("-o", "remount,ro", str(world.store.parent))
    ended = world.live(run)
    _mount("-o", "remount,rw", str(world.store.parent))
    row.hits += 1
    row.require(ended.status != 0, f"{run}: it went well")
    _sentence(row, run, ended)
    witness.look()
    go_on(row, world, witness, run, run)
    row.add(witness.close(baseline), run)


def _sentence(row: Row, run: str, ended) -> None:
    """Hold what was said to one sentence about the store."""
    lines = [one for one in ended.said.splitlines() if one]
    said = lines[-1] if lines else ""
    row.require(len(lines) == 1 and said.startswith("Storage"), f"{run}: it says {ended.said!r}")


def _fill(ballast: Path, left_kb: int) -> None:
    """Leave so much room; in whole blocks of the file system."""
    status = os.statvfs(ballast.parent)
    size = status.f_bavail * status.f_frsize - left_kb * 1024
    with ballast.open("wb") as file:
        while size > 0:
            size -= file.write(b"\0" * min(size, 65536))


@contextmanager
def _small_disk(place: Path):
    """Mount a small file system for the block; yield whether that could be done."""
    place.mkdir(parents=True, exist_ok=True)
    mounted = os.geteuid() == 0 and _mount(
        "-t", "tmpfs", "-o", f"size={_SIZE_KB}k", "tmpfs", str(place)
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], check=True)


def _mount(*arguments: str) -> bool:
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    return done.returncode == 0

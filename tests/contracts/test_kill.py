"""`kill -9` for real, at moments that nobody chose: what the ledger and the journal agree on.

The ledger is a file that the tools of a child process write and nothing of flowrun's reads.
"""

import os
import random
import select
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing

from flowrun.engines.journal import read_events, read_heads
from flowrun.events.records import FlowRunFinished, FlowRunResumed, StepFinished, StepStarted
from flowrun.storage.database import StoreReader
from flowrun.storage.lock import lock_holder
from tests.support.repository import ROOT

KILLS = 15
STEPS = 12


def live_and_be_killed(folder, moment_s):
    """Start the child, let it work for a moment, kill it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.killed_run", str(folder), str(STEPS)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            select.select([child.stdout], [], [], moment_s)
        finally:
            child.kill()


class Aftermath:
    """What is there after a kill."""

    def __init__(self, folder):
        self.ledger = (folder / "ledger.txt").read_text().splitlines()
        with closing(sqlite3.connect(folder / "store.db")) as looking:
            self.integrity = looking.execute("PRAGMA integrity_check").fetchall()
        store = StoreReader(folder / "store.db")
        self.heads = {one.run_id: one for one in read_heads(store, frozenset())}
        self.events = {
            run_id: [one.event for one in read_events(store, run_id)] for run_id in self.heads
        }
        store.close()

    def finished(self):
        """Return `RUN STEP` of every step whose result is durable, with the result."""
        return {
            f"{run_id} {one.step}": one
            for run_id, events in self.events.items()
            for one in events
            if isinstance(one, StepFinished)
        }

    def begun(self):
        return [line.removesuffix(" begins") for line in self.ledger if line.endswith(" begins")]

    def ended(self):
        return [line.removesuffix(" ends") for line in self.ledger if line.endswith(" ends")]


def pays(step):
    """Tell whether a step's tool must not run twice; see `killed_plan`."""
    name = step.split()[1]
    return (int(name[1:]) + (1 if name[0] == "a" else 2)) % 2 == 1


def test_whenever_it_is_killed_nothing_is_lost_and_nothing_is_paid_twice(tmp_path):
    moments = random.Random(int.from_bytes(os.urandom(4)))
    finished = {}
    for kill in range(KILLS):
        before = len(Aftermath(tmp_path).ledger) if kill else 0
        live_and_be_killed(tmp_path, moments.uniform(0.0, 0.12))
        assert lock_holder(tmp_path / "store.db") is None
        after = Aftermath(tmp_path)
        check(after)
        assert finished.items() <= after.finished().items(), "a result that was durable stays"
        again = {line.rsplit(" ", 1)[0] for line in after.ledger[before:]}
        assert again.isdisjoint(finished), "a finished step is not begun again"
        finished = after.finished()
    lives = sum(isinstance(one, FlowRunResumed) for run in after.events.values() for one in run)
    assert lives >= KILLS // 3, "most kills hit a run"
    assert finished


def check(after):
    assert after.integrity == [("ok",)]
    times, ends = Counter(after.begun()), Counter(after.ended())
    finished = after.finished()
    for step in times:
        if pays(step):
            assert times[step] == 1, f"{step} was begun {times[step]} times"
    for step, result in finished.items():
        if result.status == "completed":
            assert ends[step] >= 1, f"{step} says it is done, and its tool never was"
        else:
            assert result.error_code == "outcome_unknown"
            assert pays(step)
    for run_id, events in after.events.items():
        assert len({(type(one), getattr(one, "step", None)) for one in once(events)}) == len(
            once(events)
        )
        over = [type(one) for one in events].count(FlowRunFinished)
        assert over == (after.heads[run_id].status == "completed")


def once(events):
    """Return the events of which a run has one each."""
    return [one for one in events if isinstance(one, StepStarted | StepFinished | FlowRunFinished)]

"""`kill -9` for real, at moments that nobody chose: what the ledger and the journal agree on.

The ledger is a file that the tools of a child process write and nothing of flowrun's reads.
"""

import contextlib
import os
import random
import select
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise

from flowrun.engines.inbox import Message, cancel_from_outside, leave_from_outside
from flowrun.engines.reading import read_events, read_heads
from flowrun.errors import AlreadyAnswered, RunConflict
from flowrun.events.records import FlowRunFinished, FlowRunResumed, StepFinished, StepStarted
from flowrun.storage.database import StoreReader
from flowrun.storage.lock import lock_holder
from tests.support.killed_waits import RUNS
from tests.support.repository import ROOT

KILLS = 15
STEPS = 12


def child_of(module, *arguments):
    """Start a child that says when it is ready."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.support.{module}", *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def live_and_be_killed(folder, moment_s):
    """Start the child, let it work for a moment, kill it."""
    with child_of("killed_run", folder, STEPS) as child:
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


def leave(folder, run_id, sender, answers):
    """Answer a run as a bystander; whose answer was taken is noted."""
    said = Message(
        run_id=run_id,
        name="steps/ask/answer",
        value={"decision": "approved"},
        message_id=f"{run_id} {sender}",
        sender=sender,
        at=0.0,
    )
    try:
        leave_from_outside(folder / "store.db", said)
    except AlreadyAnswered:
        assert run_id in answers, "somebody was before us, and it was us"
    except RunConflict:
        assert run_id == "run-0", "only that one is over before it has its answer"
    else:
        answers.setdefault(run_id, sender)


def wait_and_be_killed(folder, moment_s, story):
    with child_of("killed_waits", folder) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            select.select([child.stdout], [], [], moment_s)
            story()
            select.select([child.stdout], [], [], moment_s)
        finally:
            child.kill()


def test_whenever_it_is_killed_while_it_waits_every_run_comes_to_its_one_end(tmp_path):
    """K18, K20, K21, K23: answers, timers, ticks and a cancel, in the middle of kills."""
    chance, answers = random.Random(int.from_bytes(os.urandom(4))), {}
    wait_and_be_killed(tmp_path, 0.3, lambda: None)
    for kill in range(KILLS):

        def story(sender=f"s{kill}"):
            leave(tmp_path, f"run-{chance.randrange(RUNS)}", sender, answers)

        wait_and_be_killed(tmp_path, chance.uniform(0.0, 0.1), story)
        story(f"dead{kill}")
        if kill == KILLS // 2:
            cancel(tmp_path)
    for number in range(1, RUNS):
        leave(tmp_path, f"run-{number}", "last", answers)
    with child_of("killed_waits", tmp_path) as child:
        child.communicate(timeout=40)
        assert child.returncode == 0
    after = Aftermath(tmp_path)
    assert after.integrity == [("ok",)]
    assert max(Counter(after.ledger).values()) == 1
    for run_id, head in after.heads.items():
        events = after.events[run_id]
        assert [type(one) for one in events].count(FlowRunFinished) == 1
        if run_id in answers and head.status == "completed":
            assert events[-1].outputs == {"sender": answers[run_id], "ended": True}
        assert head.status == "completed" or run_id == "run-0"
    check_ticks([run_id for run_id in after.heads if run_id.startswith("tick-")])


def cancel(folder):
    """Cancel one run as a bystander; it may have come to its end by then."""
    with contextlib.suppress(RunConflict):
        cancel_from_outside(folder / "store.db", "run-0", by="ann", reason="", at=0.0)


def check_ticks(run_ids):
    """Every tick from the first to the last has its run."""
    forms = ("tick-%Y%m%dT%H%M%SZ", "tick-%Y%m%dT%H%M%S.%fZ")
    instants = sorted(
        datetime.strptime(one, forms["." in one]).replace(tzinfo=UTC) for one in run_ids
    )
    assert len(instants) > KILLS // 3
    gaps = {round((b - a).total_seconds(), 2) for a, b in pairwise(instants)}
    assert gaps == {0.1}

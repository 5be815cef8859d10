"""A slice of the fault walk, and that the walk finds what it looks for.

The whole of it is `make faults`; see `docs/faults.md`.
"""

import random
import sqlite3
import sys
import time
from contextlib import closing

import pytest

from tests.faults.evidence import Witness
from tests.faults.row import Row, table
from tests.faults.walk import walk_instants, walk_points
from tests.faults.world import worlds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and looks into `/proc`")

POINTS = (
    "before-commit:flow_run",
    "runtime:start-kept",
    "tool-before:ship",
    "tool-after:ship",
    "tool-after:pay",
    "tool-after:charge",
    "inside-commit:tool_call_finished",
    "runtime:submit-kept",
    "after-commit:inbox",
    "before-commit:step_finished",
)
SHORT = "short.flow.yaml"


@pytest.fixture
def world(tmp_path):
    with worlds(tmp_path) as make:
        yield make("slice")


def test_a_run_that_dies_at_a_point_is_found_whole(world):
    row = Row("slice", "some points, once each")
    walk_points(row, world, POINTS, baseline=world.undisturbed(SHORT), hits=(1,), flow=SHORT)
    assert row.verdict == "ok", table([row])
    assert row.kills == len(POINTS)


def test_a_run_that_is_killed_at_any_instant_is_found_whole(world):
    row = Row("slice", "some instants")
    begun = time.monotonic()
    baseline = world.undisturbed(SHORT)
    walk_instants(
        row,
        world,
        10,
        random.Random(),
        baseline=baseline,
        longest_s=time.monotonic() - begun,
        flow=SHORT,
    )
    assert row.verdict == "ok", table([row])


def test_the_walk_sees_what_happens_twice(world):
    """Were `ship` run again after a crash, the ledger would tell."""
    tools = world.root / "tools.yaml"
    once = "effect: at_most_once, on_unknown: tell_model"
    tools.write_text(tools.read_text().replace(once, "effect: repeatable"))
    row = Row("slice", "a tool that is run again")
    baseline = world.undisturbed(SHORT)
    walk_points(row, world, ["tool-after:ship"], baseline=baseline, hits=(1,), flow=SHORT)
    assert row.doubled == 1
    assert row.violations == ["tool-after:ship #1: ship 12 took place 2 times"]


def test_the_walk_sees_what_is_lost(world):
    baseline = world.undisturbed(SHORT)
    assert world.live("lost", flow=SHORT, point="after-commit:step_finished").was_killed
    witness = Witness(world, "lost")
    witness.look()
    with closing(sqlite3.connect(world.store)) as store:
        store.execute("DELETE FROM journal WHERE kind = 'event' AND key LIKE '%finished'")
        store.commit()
    assert world.live("lost", flow=SHORT).status == 0
    found = witness.close(baseline)
    assert found.lost
    assert any("durable and then gone or changed" in one for one in found.violations)


def test_the_walk_sees_what_never_took_place(world):
    """A tool says it is done and did nothing; what is unknown of another one is no excuse."""
    baseline = world.undisturbed(SHORT)
    tools = world.root / "ledger_tools.py"
    quiet = tools.read_text().replace(
        '    """Send a letter.', '    return {"order": order}\n    """Send a letter.'
    )
    tools.write_text(quiet)
    assert world.live("idle", flow=SHORT, point="tool-before:ship").was_killed
    assert world.live("idle", flow=SHORT).status == 0
    found = Witness(world, "idle").close(baseline)
    assert found.unknown == 1
    assert found.lost == 1
    assert "('send', 21) never took place and nobody said so" in found.violations

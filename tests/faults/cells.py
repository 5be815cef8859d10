"""The cells of the fault matrix, each a function that does its harm and fills its row.

Numbers and expectations are those of the matrix that `docs/faults.md` is about. Cells that need
another machine or PostgreSQL (K27, K28, K30) and power loss (K35) are not walked here.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from flowrun.clock import SystemClock
from tests.faults import disks, old
from tests.faults.evidence import Baseline, Witness
from tests.faults.ledger import Line, effects, read_ledger
from tests.faults.nursery import Nursery
from tests.faults.row import Row
from tests.faults.story import unknown_orders
from tests.faults.walk import go_on, walk_points
from tests.faults.world import World, nobody_is_left
from tests.support.endpoint import Cut, Fail, HangUp, Stall, say

Make = Callable[[str], World]
ASKED = ("send", "haul", "pack")
"""Of those that must not happen twice: the ones that a person is asked about."""
ONCE = (*ASKED, "ship", "refund")
TOOLS = ("look", "pay", "charge", *ONCE)
DAY_S = 86_400.0


def _walk(*points: str, **how) -> Callable[[Row, Make], None]:
    """Return a walk of the large flow that dies at each of these points."""

    def walk(row: Row, make: Make) -> None:
        world = make(row.cell)
        walk_points(row, world, points, baseline=world.undisturbed(), **how)

    return walk


def not_there(world: World, run: str, point: str) -> str:
    """K1: what was not durable is not there."""
    there = world.store.exists() and run in world.journal().heads
    return "it is there" if there and point.startswith("before") else ""


def at_death(world: World, run: str, point: str) -> str:
    """K9, K10: the effect of the very call that it died at has not begun, or has taken place."""
    where, _, tool = point.partition(":")
    lines = read_ledger(world.ledger, run)
    order = _died_at(lines)
    begun = _times(lines, "begins", tool, order)
    ended = _times(lines, "ends", tool, order)
    if where == "tool-before":
        return f"order {order} had begun" if begun else ""
    return "" if (begun, ended) == (1, 1) else f"order {order} began {begun}, ended {ended} times"


def by_policy(world: World, run: str, point: str, baseline: Baseline) -> str:
    """K9, K10: what a tool's effect is declared to be decides what became of that very call."""
    where, _, tool = point.partition(":")
    lines, events = read_ledger(world.ledger, run), world.journal().events(run)
    order = _died_at(lines)
    begun, done = _times(lines, "begins", tool, order), effects(lines)[tool, order]
    unknown = order in unknown_orders(events, baseline.events)
    probed = _times(lines, "begins", "charged", order)
    before = where == "tool-before"
    if tool in ONCE:
        # Whoever is asked says `run` of what did not take place; of others it stays at nothing.
        wanted = (1, 1) if not before or tool in ASKED else (0, 0)
        holds = unknown and (begun, done) == wanted
    elif tool == "charge":
        holds = not unknown and probed >= 1 and (begun, done) == (1, 1)
    else:
        times = 1 if before else 2
        holds = not unknown and begun == times and done == (tool == "pay")
    said = f"began {begun}, took place {done} times, unknown: {unknown}, probed: {probed}"
    return "" if holds else f"{tool} {order} {said}"


def _died_at(lines: Sequence[Line]) -> int:
    (line,) = [one for one in lines if one.word == "dies"]
    return line.order


def _times(lines: Sequence[Line], word: str, tool: str, order: int) -> int:
    return sum((one.word, one.tool, one.order) == (word, tool, order) for one in lines)


def forty_are_kept(row: Row, make: Make) -> None:
    """K22: of a hundred items those that are done are not begun again."""
    world = make(row.cell)
    baseline = world.undisturbed("hundred.flow.yaml")
    for number, hit in enumerate((40, 1, 99, 119), 1):
        run = f"{row.cell}-{number}"
        witness = Witness(world, run)
        life = {"flow": "hundred.flow.yaml"}
        killed = world.live(run, point="after-commit:step_finished", hit=hit, **life).was_killed
        row.hits += killed
        row.kills += killed
        witness.look()
        done = _orders_done(world, run)
        row.require(len(done) >= hit, f"{hit} were done, {len(done)} are there")
        before = len(read_ledger(world.ledger, run))
        go_on(row, world, witness, run, f"item {hit}", **life)
        again = {
            one.order for one in read_ledger(world.ledger, run)[before:] if one.word == "begins"
        }
        row.require(not (again & done), f"items begun again: {sorted(again & done)[:5]}")
        row.add(witness.close(baseline), f"item {hit}")


def _orders_done(world: World, run: str) -> set[int]:
    return {
        one["output"]["order"]
        for one in world.journal().events(run)
        if one["type"] == "step_finished" and "[" in one["step"] and isinstance(one["output"], dict)
    }


def parked_for_days(row: Row, make: Make) -> None:
    """K19: left waiting, and gone on with five days later."""
    world = make(row.cell)
    baseline = world.undisturbed("short.flow.yaml")
    run = f"{row.cell}-days"
    witness = Witness(world, run)
    left = world.live(run, script="leave_waiting", flow="short.flow.yaml")
    row.require(left.status == 0 and "parked" in left.said, f"it does not wait: {left.said}")
    row.hits += 1
    witness.look()
    go_on(row, world, witness, run, "five days", flow="short.flow.yaml", step_s=5 * DAY_S)
    row.add(witness.close(baseline), "five days")
    old.resume_stored(row, make)


def timers(row: Row, make: Make) -> None:
    """K20: a timer that was due while nobody was there; the calendar stepped forth and back."""
    for flow in ("timer", "deadline"):
        for steps in ((3700.0,), (3700.0, 0.0), (0.0, 3700.0), (-DAY_S, 3700.0)):
            _timer(row, make, flow, steps)


def _timer(row: Row, make: Make, flow: str, steps: tuple[float, ...]) -> None:
    world = make(f"{row.cell}-{flow}-{'-'.join(f'{one:g}' for one in steps)}")
    run, where = f"{row.cell}-{flow}", f"{flow}, calendar stepped by {steps}"
    life = {"flow": f"{flow}.flow.yaml"}
    witness = Witness(world, run)
    world.live(run, kill_after_s=1.2, **life)
    row.hits += 1
    row.kills += 1
    witness.look()
    *early, last = steps
    for step_s in early:
        # It dies as soon as the timer has fired, or waits on.
        point = "before-commit:flow_run_finished"
        ended = world.live(run, kill_after_s=2.5, step_s=step_s, point=point, **life)
        row.kills += ended.was_killed
        witness.look()
    ended = world.live(run, kill_after_s=8.0, step_s=last, **life)
    row.require(ended.status == 0, f"{where}: not over in time")
    row.add(witness.close(), where)
    begun = Counter(one.tool for one in read_ledger(world.ledger, run) if one.word == "begins")
    row.require(begun["ship"] == 1, f"{where}: what follows was begun {begun['ship']} times")
    tries = [one for one in world.journal().events(run) if one["type"] == "step_retrying"]
    if flow == "timer":
        row.require(len(tries) == 1, f"{where}: {len(tries)} tries were announced")
        row.require(begun["broken"] == 2, f"{where}: tried {begun['broken']} times")


def ticks(row: Row, make: Make) -> None:
    """K21: the run of a tick is started once, whenever the scheduler dies."""
    points = [
        *(f"{when}-commit:schedule" for when in ("before", "inside", "after")),
        *(f"{when}-commit:flow_run" for when in ("before", "inside", "after")),
        *("scheduled", "swept", "before-commit:flow_run_finished"),
    ]
    for number, point in enumerate(points):
        world = make(f"{row.cell}-{number}")
        more = {"every_s": 3600.0, "anchor": SystemClock().now() - 100.0, "catch_up": "all"}
        life = {"script": "tick", "flow": "tick.flow.yaml", "more": more}
        world.live(row.cell, **life)  # has the schedule, none of whose ticks is due
        for hit in (1, 2):
            first = world.live(row.cell, point=point, hit=hit, step_s=7400.0, **life)
            row.hits += first.was_killed
            row.kills += first.was_killed
        for _ in range(2):
            ended = world.live(row.cell, step_s=7400.0, **life)
            row.require(ended.status == 0, f"{point}: status {ended.status}: {ended.said}")
        heads = world.journal().heads
        row.require(len(heads) == 2, f"{point}: two ticks and the runs {sorted(heads)}")
        for run in heads:
            row.add(Witness(world, run).close(), point)
            times = effects(read_ledger(world.ledger, run))
            row.require(len(times) <= 1, f"{point}: {times}")


def cancelled(row: Row, make: Make) -> None:
    """K23: cancelled for good while something is at work: nothing new begins, all is let go."""
    world = make(row.cell)
    points = [
        *(f"{when}-commit:flow_run_cancelling" for when in ("before", "inside", "after")),
        *("cancelled", "runtime:cancel-before", "runtime:cancel-after"),
        "before-commit:flow_run_finished",
    ]
    for point in points:
        for tool in ("ship", "haul", "pay", "nap"):
            _cancel(row, world, point, tool)


def _cancel(row: Row, world: World, point: str, tool: str) -> None:
    run, where = f"{row.cell}-{point}-{tool}".replace(":", "."), f"{point} at {tool}"
    witness = Witness(world, run)
    life = {"script": "cancel_at_tool", "more": {"tool": tool}}
    killed = world.live(run, point=point, **life).was_killed
    row.hits += killed
    row.kills += killed
    journal = witness.look()
    durable = any(one["type"] == "flow_run_cancelling" for one in journal.events(run))
    before = len(read_ledger(world.ledger, run))
    if killed:
        go_on(row, world, witness, run, where, **life)
    begun = [one for one in read_ledger(world.ledger, run)[before:] if one.word == "begins"]
    row.require(not (durable and begun), f"{where}: begun after it was cancelled: {begun}")
    found = witness.close()
    row.add(found, where)
    ends = ("cancelled",) if durable else ("cancelled", "completed")
    row.require(found.status in ends, f"{where}: it is {found.status}")
    row.require(not nobody_is_left(run), f"{where}: processes are left")


def orphans(row: Row, make: Make) -> None:
    """K24: what a dead engine's program left is ended before anything of the run goes on."""
    world = make(row.cell)
    baseline = world.undisturbed()
    for number in range(4):
        run = f"{row.cell}-{number}"
        witness = Witness(world, run)
        world.begin(run)
        world.wait_for_ledger(run, "begins", "haul")
        time.sleep(0.05 * number)
        world.kill()
        row.require(world.end().was_killed, "it was over before it could be killed")
        row.require(nobody_is_left(run), "nothing was left to be ended")
        row.hits += 1
        row.kills += 1
        witness.look()
        go_on(row, world, witness, run, f"orphan {number}")
        cleared = [one for one in read_ledger(world.ledger, run) if one.word == "cleared"]
        row.require(cleared, "nobody looked for orphans")
        row.require(not nobody_is_left(run), "processes are left")
        row.add(witness.close(baseline), f"orphan {number}")


def endpoint_trouble(row: Row, make: Make) -> None:
    """K26: an endpoint that refuses, fails, or says nothing, on the first turn or a later one."""
    world = make(row.cell)
    baseline = world.undisturbed("short.flow.yaml")
    for name, behaviour, passes in (
        ("404", Fail(404, {"error": {"message": "no such model"}}), False),
        ("409", Fail(409, {"error": {"message": "conflict"}}, {"retry-after": "0.05"}), True),
        ("429", Fail(429, {"error": {"message": "slow"}}, {"retry-after": "0.05"}), True),
        ("500", Fail(500, {"error": {"message": "oops"}}, {"retry-after": "0.05"}), True),
        ("503", Fail(503, {"error": {"message": "busy"}}, {"retry-after": "0.05"}), True),
        ("time-out", Stall(), True),
        ("hang-up", HangUp(), True),
        ("cut", Cut(say("done first"), 2), False),
    ):
        for turn in (0, 1, 2):
            for kills in (False, True):
                run = f"{row.cell}-{name}-{turn}-{kills:d}"
                world.model.trouble[run, "first", turn] = [behaviour]
                _trouble(row, world, run, baseline if passes else None, kills=kills)


def _trouble(row: Row, world: World, run: str, baseline, *, kills: bool) -> None:
    life = {"flow": "short.flow.yaml"}
    witness = Witness(world, run)
    row.hits += 1
    first = world.live(run, kill_after_s=0.4 if kills else None, **life)
    row.kills += first.was_killed
    witness.look()
    if first.was_killed:
        go_on(row, world, witness, run, run, **life)
    found = witness.close(baseline)
    row.add(found, run)
    if baseline is None:  # one that was killed may be answered when it asks again
        ends = ("failed", "completed") if first.was_killed else ("failed",)
        row.require(found.status in ends, f"{run}: it is {found.status}")


def same_process(row: Row, make: Make) -> None:
    """K29: stopped in the middle of a call and gone on with in the same process."""
    world = make(row.cell)
    baseline = world.undisturbed()
    for tool in TOOLS:
        for times, grace_s in ((1, 3.0), (1, 0.0), (3, 0.0)):
            run = f"{row.cell}-{tool}-{times}-{grace_s:g}"
            witness = Witness(world, run)
            more = {"tool": tool, "times": times, "grace_s": grace_s}
            ended = world.live(run, script="park_and_resume", more=more)
            row.hits += times
            row.require(ended.status == 0, f"{run}: status {ended.status}: {ended.said}")
            row.add(witness.close(baseline), run)


def two_processes(row: Row, make: Make) -> None:
    """K32: the second process on a store is refused and changes nothing."""
    world = make(row.cell)
    baseline = world.undisturbed()
    second = Nursery()
    try:
        for number, run in enumerate((f"{row.cell}-same", f"{row.cell}-other")):
            first = f"{row.cell}-{number}"
            witness = Witness(world, first)
            pid = world.begin(first)
            world.wait_for_ledger(first, "begins", "look")
            refused = _live_beside(world, second, first if number == 0 else run)
            row.hits += 1
            row.require(refused[0] == 6, f"{run}: the second one ended with {refused}")
            row.require(f"life {pid}" in refused[1], f"{run}: it does not say whose it is")
            row.require(world.end().status == 0, f"{run}: the first one was disturbed")
            row.add(witness.close(baseline), run)
    finally:
        second.close()


def _live_beside(world: World, nursery: Nursery, run: str) -> tuple[int, str]:
    says = Path(f"{world.root}-second.txt")
    life = {"root": str(world.root), "says": str(says), "ledger": str(world.ledger), "run": run}
    nursery.begin(life)
    return nursery.status(), says.read_text()


def poisoned(row: Row, make: Make) -> None:
    """K34: what kills its process each time is parked, and others are not disturbed."""
    world = make(row.cell)
    baseline = world.undisturbed("short.flow.yaml")
    run, life = f"{row.cell}-poison", {"flow": "poison.flow.yaml", "script": "be_poisoned"}
    witness = Witness(world, run)
    deaths = 0
    while deaths < 10 and (ended := world.live(run, **life)).was_killed:
        deaths += 1
        witness.look()
    row.hits, row.kills = deaths, deaths
    row.require(deaths == 4, f"it died {deaths} times, three of them without progress")
    row.require("RunCrashLoops" in ended.said, f"it says: {ended.said}")
    row.require(world.journal().heads[run][1] == "parked", "it is not parked")
    again = world.live(run, **life)
    row.require(again.status == 7, f"entered again with status {again.status}")
    other = f"{row.cell}-other"
    beside = Witness(world, other)
    go_on(row, world, beside, other, "the other run", flow="short.flow.yaml")
    row.add(beside.close(baseline), "the other run")


CELLS: dict[str, tuple[str, Callable[[Row, Make], None]]] = {
    "K1": (
        "before the run's start is durable",
        _walk(
            "before-commit:flow_run",
            "inside-commit:flow_run",
            "after-commit:flow_run",
            hits=(1,),
            meanwhile=not_there,
        ),
    ),
    "K2": ("step started, nothing sent", _walk("after-commit:step_started")),
    "K3": (
        "thread created, not journaled",
        _walk("runtime:open-thread-after", "runtime:open-thread-kept"),
    ),
    "K4": ("about to create a run", _walk("runtime:start-before")),
    "K5": ("run created, not journaled", _walk("runtime:start-began", "runtime:start-kept")),
    "K6": ("run's id journaled", _walk("after-commit:assistant_run_started", "runtime:streams")),
    "K7": ("tools wanted, batch not journaled", _walk("runtime:requires")),
    "K8": ("batch journaled, no intent", _walk("after-commit:tool_calls_requested")),
    "K9": (
        "intent durable, effect not begun",
        _walk(*(f"tool-before:{one}" for one in TOOLS), meanwhile=at_death, afterwards=by_policy),
    ),
    "K10": (
        "effect done, result not durable",
        _walk(*(f"tool-after:{one}" for one in TOOLS), meanwhile=at_death, afterwards=by_policy),
    ),
    "K11": (
        "result durable, or about to be, siblings at work",
        _walk("after-commit:tool_call_finished", "before-commit:tool_call_finished"),
    ),
    "K12": ("all results durable, not submitted", _walk("runtime:submit-before")),
    "K13": (
        "submit accepted, not journaled",
        _walk("runtime:submit-taken", "runtime:submit-kept"),
    ),
    "K14": ("submit journaled", _walk("after-commit:tool_outputs_submitted")),
    "K15": (
        "run over, step's result not durable",
        _walk("runtime:ended", "before-commit:step_finished"),
    ),
    "K16": (
        "result durable, successor not started",
        _walk("after-commit:step_finished", "before-commit:flow_run_finished"),
    ),
    "K17": ("inside COMMIT, a checkpoint, a migration", old.commits),
    "K18": (
        "answered, not entered again",
        _walk(
            *(f"{when}-commit:inbox" for when in ("before", "inside", "after")),
            *(f"{when}-commit:question_asked" for when in ("before", "after")),
            *(f"{when}-commit:question_answered" for when in ("before", "after")),
            *("answered", "answered-twice"),
            script="answer_twice",
        ),
    ),
    "K19": ("parked for days; a store of issue 1", parked_for_days),
    "K20": ("timer due while down, calendar stepped", timers),
    "K21": ("tick of a schedule", ticks),
    "K22": ("foreach, 40 of 100 done", forty_are_kept),
    "K23": ("cancelled, effect at work", cancelled),
    "K24": ("program alive after the engine", orphans),
    "K25": (
        "run expired during an outage",
        _walk(
            *("after-commit:tool_call_finished", "runtime:requires", "runtime:submit-before"),
            *("tool-after:ship", "runtime:submit-taken", "runtime:streams"),
            expired=True,
            after={"step_s": 900.0},
        ),
    ),
    "K26": ("endpoint says 404, 409, 429, 5xx, nothing", endpoint_trouble),
    "K29": ("resumed in the same process", same_process),
    "K31": ("disk full, read-only", disks.walk),
    "K32": ("two processes on one store", two_processes),
    "K33": (
        "references whose target is not there",
        _walk(
            *(
                f"{when}-commit:{table}"
                for table in ("plan", "run_snapshot", "assistant", "thread")
                for when in ("before", "inside", "after")
            ),
            hits=(1, 2),
        ),
    ),
    "K34": ("a step that kills its process", poisoned),
}
"""By their numbers: what they are about, and how they are walked."""

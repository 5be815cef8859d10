"""Any small plan, interrupted at any of its effects, ends as it would have ended undisturbed.

Plans are random: edges, effects, failures, what is done about them, how many turns a tool takes,
and in which steps the process dies, before or after the tool has done its work. Dead runs are
entered again until they end.
"""

import asyncio
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import given, note, settings
from hypothesis import strategies as st

from flowrun.engines.journal import read_events
from flowrun.events.records import FlowRunFinished, FlowRunResumed, StepFinished, StepStarted
from flowrun.interpreter.tool_call import unknown_outcome
from flowrun.plan.plan import ExecutionPlan, PlannedStep, PlannedTool, ToolAction
from flowrun.ports.tools import ToolFailed
from flowrun.storage.database import StoreReader
from tests.support.crash import Died
from tests.support.interpreting import ToldTools, interpret


@dataclass(frozen=True)
class Draft:
    """One step as it is drawn."""

    needs: tuple[int, ...]
    effect: str
    fails: bool
    on_error: str
    turns: int
    dies: str


@st.composite
def drafts(draw):
    """Draw the steps of a plan, each after those it needs."""
    steps = []
    for number in range(draw(st.integers(1, 6))):
        needs = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        steps.append(
            Draft(
                needs=tuple(sorted(needs)),
                effect=draw(st.sampled_from(["repeatable", "at_most_once"])),
                fails=draw(st.sampled_from([False, False, False, True])),
                on_error=draw(st.sampled_from(["continue", "continue", "fail"])),
                turns=draw(st.integers(0, 3)),
                dies=draw(st.sampled_from(["never", "before", "after"])),
            )
        )
    return steps


def plan_for(steps):
    return ExecutionPlan(
        flow="test",
        tools=tuple(
            PlannedTool(name=f"t{at}", kind="python", effect=one.effect)
            for at, one in enumerate(steps)
        ),
        steps=tuple(
            PlannedStep(
                name=f"s{at}",
                number=at + 1,
                lane=f"(s{at})",
                needs=tuple(f"s{need}" for need in one.needs),
                action=ToolAction(
                    tool=f"t{at}",
                    arguments={
                        "seen": [
                            f"{{{{ steps.s{need}.output }}}}: {{{{ steps.s{need}.status }}}}"
                            for need in one.needs
                        ]
                    },
                ),
                on_error=one.on_error,
            )
            for at, one in enumerate(steps)
        ),
        outputs=tuple((f"s{at}", f"{{{{ steps.s{at}.status }}}}") for at in range(len(steps))),
    )


class Telling:
    """One run of a plan over as many lives as it takes."""

    def __init__(self, folder, steps, *, undisturbed=False, unknown=frozenset()):
        self.folder, self.steps, self.plan = folder, steps, plan_for(steps)
        self.unknown = unknown
        self.deaths = {
            at: one.dies for at, one in enumerate(steps) if one.dies != "never" and not undisturbed
        }
        self.done = []
        """What tools did, as an outsider sees it."""
        self.in_flight = set()
        self.interrupted = set()
        """Steps that were at work, or about to be, when the process died."""
        self.finished = set()
        self.tools = ToldTools({f"t{at}": self._tool(at) for at in range(len(steps))})

    def _tool(self, at):
        one = self.steps[at]

        async def run(seen):
            assert f"s{at}" not in self.finished, "a finished step is not run again"
            if f"s{at}" in self.unknown:
                return unknown_outcome(f"t{at}")
            for _ in range(one.turns):
                await asyncio.sleep(0)
            if self.deaths.get(at) == "before":
                del self.deaths[at]
                raise Died
            self.done.append(at)
            if self.deaths.pop(at, None) == "after":
                raise Died
            if one.fails:
                return ToolFailed(kind="exception", message=f"broke on {seen}", value=f"half {at}")
            return f"{at} of {len(seen)}"

        return run

    def tell(self):
        """Return the events of the run once it is over."""
        for _ in range(len(self.steps) + 1):
            try:
                return interpret(self.folder, self.plan, tools=self.tools)
            except Died:
                events = stored(self.folder)
                self.finished = {one.step for one in events if isinstance(one, StepFinished)}
                begun = {one.step for one in events if isinstance(one, StepStarted)}
                self.interrupted |= begun - self.finished
        raise AssertionError("it dies more often than it may")


def stored(folder):
    store = StoreReader(folder / "store.db")
    try:
        return [one.event for one in read_events(store, "run-1")]
    finally:
        store.close()


def results(events):
    return {
        one.step: replace(one, duration_s=0.0) for one in events if isinstance(one, StepFinished)
    }


@settings(max_examples=40, deadline=None)
@given(drafts())
def test_an_interrupted_plan_ends_as_the_undisturbed_one(steps):
    with tempfile.TemporaryDirectory() as folder:
        telling = Telling(Path(folder) / "disturbed", steps)
        told = telling.tell()
        unknown = {
            name
            for name, one in results(told.events).items()
            if one.error_code == "outcome_unknown"
        }
        note(f"unknown: {unknown}; interrupted: {telling.interrupted}")
        check_log(told.events, telling)
        check_effects(telling, unknown)
        whole = Telling(Path(folder) / "whole", steps, undisturbed=True, unknown=unknown).tell()
    check_same(steps, told, whole)


def check_log(events, telling):
    """The log alone makes sense: one end, every step once, needs first."""
    assert isinstance(events[-1], FlowRunFinished)
    assert [type(one) for one in events].count(FlowRunFinished) == 1
    finished = [one.step for one in events if isinstance(one, StepFinished)]
    started = [one.step for one in events if isinstance(one, StepStarted)]
    assert sorted(finished) == sorted(step.name for step in telling.plan.steps)
    assert len(set(started)) == len(started)
    over = set()
    for event in events:
        if isinstance(event, StepStarted):
            needs = next(one.needs for one in telling.plan.steps if one.name == event.step)
            assert over.issuperset(needs)
        elif isinstance(event, StepFinished):
            over.add(event.step)
            assert (event.status == "skipped") == (event.step not in started)


def check_effects(telling, unknown):
    """Nothing that must not happen twice did, and doubt is only where there is cause."""
    for at, one in enumerate(telling.steps):
        if one.effect == "at_most_once":
            assert telling.done.count(at) <= 1
    for name in unknown:
        assert telling.steps[int(name[1:])].effect == "at_most_once"
    assert unknown <= telling.interrupted


def check_same(steps, told, whole):
    """Compare everything but times and lives."""
    assert told.last.status == whole.last.status
    here, there = results(told.events), results(whole.events)
    if whole.last.status == "completed":
        assert here == there
        assert replace(told.last, duration_s=0.0) == replace(whole.last, duration_s=0.0)
        assert sorted(map(repr, plain(told.events))) == sorted(map(repr, plain(whole.events)))
        return
    # What else was under way when a step failed depends on the turns; what it came to does not.
    for name, one in here.items():
        if "skipped" not in (one.status, there[name].status):
            assert one == there[name]
    failed = {f"s{at}" for at, one in enumerate(steps) if one.on_error == "fail"}
    first = min(name for name, one in here.items() if one.status == "failed" and name in failed)
    assert told.last.error == f"step `{first}` failed: {here[first].error}"


def plain(events):
    """Return events without times, lives and the last one."""
    return [
        replace(one, duration_s=0.0) if isinstance(one, StepFinished) else one
        for one in events[:-1]
        if not isinstance(one, FlowRunResumed)
    ]

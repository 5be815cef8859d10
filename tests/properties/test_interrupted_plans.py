"""Any small plan, interrupted at any of its effects, ends as it would have ended undisturbed.

Plans are random: edges, conditions, joins, layers (items, iterations, tries), sub-flows, effects,
failures, what is done about them, how many turns a tool takes, and in which call of which step the
process dies, before or after the tool has done its work. Dead runs are entered again until they
end.
"""

import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import given, note, settings
from hypothesis import strategies as st

from flowrun.engines.reading import read_events
from flowrun.events.labels import base_label
from flowrun.events.records import (
    FlowRunFinished,
    FlowRunResumed,
    StepFinished,
    StepRetrying,
    StepStarted,
)
from flowrun.interpreter.tool_outcome import unknown_outcome
from flowrun.plan.plan import PlannedForeach
from flowrun.ports.tools import ToolFailed
from flowrun.storage.database import StoreReader
from tests.support.crash import Died
from tests.support.interpreting import ToldTools, interpret
from tests.support.steps import call, compute, plan_of, subflow

ITERATIONS = TRIES = 2
LAYERS = {
    "plain": {},
    "items": {"foreach": PlannedForeach(items=["a", "b", "c"], max_parallel=2)},
    "iterations": {"repeat": ("steps.NAME.output.n >= 2", ITERATIONS)},
    "tries": {"retry": TRIES},
    "items of tries": {"foreach": ["a", "b"], "retry": TRIES},
    "timed": {"timeout_s": 600.0},
}
CONDITIONS = ["", "", "", "true", "false", "steps.NEED.status == 'completed'"]
ANYTHING = {"type": ["object", "array", "string", "integer", "null"]}


@dataclass(frozen=True)
class Draft:
    """One step as it is drawn."""

    needs: tuple[int, ...]
    layers: str
    kind: str
    condition: str
    join: str
    effect: str
    fails: bool
    on_error: str
    turns: int
    dies: str
    dies_at: int


@st.composite
def drafts(draw):
    """Draw the steps of a plan, each after those it needs."""
    steps = []
    for number in range(draw(st.integers(1, 6))):
        needs = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        steps.append(
            Draft(
                needs=tuple(sorted(needs)),
                layers=draw(st.sampled_from(["plain", "plain", *LAYERS])),
                kind=draw(st.sampled_from(["tool", "tool", "flow", "set"])),
                condition=draw(st.sampled_from(CONDITIONS if needs else CONDITIONS[:-1])),
                join=draw(st.sampled_from(["all", "any"])),
                effect=draw(st.sampled_from(["repeatable", "at_most_once"])),
                fails=draw(st.sampled_from([False, False, False, True])),
                on_error=draw(st.sampled_from(["continue", "continue", "fail"])),
                turns=draw(st.integers(0, 3)),
                dies=draw(st.sampled_from(["never", "before", "after"])),
                dies_at=draw(st.integers(1, 3)),
            )
        )
    return steps


def layers_of(at, one):
    """Return the step's layers and what it is given: its needs, its item, its iteration."""
    layers = dict(LAYERS[one.layers])
    before = "0"
    if "repeat" in layers:
        until, most = layers["repeat"]
        layers["repeat"] = (until.replace("NAME", f"s{at}"), most)
        before = f"{{{{ steps.s{at}.output.n if steps.s{at}.output else 0 }}}}"
    needs = [f"s{need}" for need in one.needs]
    seen = [f"{{{{ steps.{need}.output }}}}: {{{{ steps.{need}.status }}}}" for need in needs]
    item = "{{ index }}" if "foreach" in layers else -1
    if needs:
        layers["condition"] = one.condition.replace("NEED", needs[0])
    else:
        layers["condition"] = one.condition
    return layers, needs, {"seen": seen, "item": item, "before": before}


def step_of(at, one):
    layers, needs, arguments = layers_of(at, one)
    rest = {"join": one.join, "on_error": one.on_error, **layers}
    name, tool = f"s{at}", f"t{at}"
    arguments["before"] = arguments["before"] if "repeat" in layers else 0
    if one.kind == "set":
        number = arguments["before"]
        n = f"{{{{ {number[3:-3]} + 1 }}}}" if isinstance(number, str) else 1
        return compute(name, *needs, values={"seen": arguments["seen"], "n": fixed(n)}, **rest)
    if one.kind == "tool":
        return call(name, *needs, tool=tool, given=arguments, **rest)
    inner = plan_of(
        call("x", tool=tool, given={key: f"{{{{ inputs.{key} }}}}" for key in arguments}),
        flow=f"inner{at}",
        effect=one.effect,
        inputs=tuple((key, ANYTHING) for key in arguments),
        outputs=(("n", "{{ steps.x.output.n }}"), ("said", "{{ steps.x.output.said }}")),
    )
    return subflow(name, inner, *needs, given=arguments, **rest)


def fixed(template):
    """A sum of a conditional needs its parentheses."""
    if isinstance(template, int):
        return template
    inside = template.removeprefix("{{ ").removesuffix(" + 1 }}")
    return f"{{{{ ({inside}) + 1 }}}}"


def plan_for(steps):
    planned = [step_of(at, one) for at, one in enumerate(steps)]
    plan = plan_of(
        *planned,
        outputs=tuple((f"s{at}", f"{{{{ steps.s{at}.status }}}}") for at in range(len(steps))),
    )
    effects = {f"t{at}": one.effect for at, one in enumerate(steps)}
    return replace(plan, tools=tuple(replace(one, effect=effects[one.name]) for one in plan.tools))


class Telling:
    """One run of a plan over as many lives as it takes."""

    def __init__(self, folder, steps, *, undisturbed=False, unknown=frozenset()):
        self.folder, self.steps, self.plan = folder, steps, plan_for(steps)
        self.unknown = unknown
        """Labels of tries and calls whose outcome is told to be unknown."""
        self.deaths = {
            at: one.dies for at, one in enumerate(steps) if one.dies != "never" and not undisturbed
        }
        self.called = Counter()
        """Calls of each step, and of each item and iteration of it."""
        self.done = Counter()
        """What tools did, as an outsider sees it."""
        self.interrupted = set()
        """What was at work, or about to be, when the process died."""
        self.tools = ToldTools({f"t{at}": self._tool(at) for at in range(len(steps))})

    def _tool(self, at):
        one = self.steps[at]

        async def run(seen, item, before):
            label = self._label(at, item, before)
            self.called[at] += 1
            self.called[label] += 1
            if self._is_unknown(label):
                return unknown_outcome(f"t{at}")
            for _ in range(one.turns):
                await asyncio.sleep(0)
            dies = self.deaths.get(at) if self.called[at] == one.dies_at else None
            if dies is not None:
                del self.deaths[at]
            if dies == "before":
                raise Died
            self.done[label] += 1
            if dies == "after":
                raise Died
            if one.fails and item in (-1, 1):
                return ToolFailed(kind="exception", message=f"broke on {seen}", value=f"half {at}")
            return {"n": before + 1, "said": f"{at}, {item} of {len(seen)}"}

        return run

    def _label(self, at, item, before):
        label = f"s{at}" if item == -1 else f"s{at}[{item}]"
        return f"{label}#{before + 1}" if "repeat" in LAYERS[self.steps[at].layers] else label

    def _is_unknown(self, label):
        tries = f"{label}~{self.called[label]}"
        return not self.unknown.isdisjoint({label, f"{label}/x", tries, f"{tries}/x"})

    def tell(self):
        """Return the events of the run once it is over."""
        for _ in range(len(self.steps) + 1):
            try:
                return interpret(self.folder, self.plan, tools=self.tools)
            except Died:
                events = stored(self.folder)
                over = {one.step for one in events if isinstance(one, StepFinished)}
                begun = {one.step for one in events if isinstance(one, StepStarted)}
                self.interrupted |= begun - over
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


def calls_unknown(events):
    """Return the labels of the innermost results that a crash hid."""
    found = {name for name, one in results(events).items() if one.error_code == "outcome_unknown"}
    return {name for name in found if not any(inner_of(name, other) for other in found)}


def inner_of(name, other):
    return other != name and other.startswith(name) and other[len(name)] in "[#~/"


@settings(max_examples=60, deadline=None)
@given(drafts())
def test_an_interrupted_plan_ends_as_the_undisturbed_one(steps):
    with tempfile.TemporaryDirectory() as folder:
        telling = Telling(Path(folder) / "disturbed", steps)
        told = telling.tell()
        unknown = calls_unknown(told.events)
        note(f"unknown: {unknown}; interrupted: {telling.interrupted}")
        check_log(told.events, telling)
        check_effects(telling, unknown)
        whole = Telling(Path(folder) / "whole", steps, undisturbed=True, unknown=unknown).tell()
    check_same(telling.plan, told, whole)


def check_log(events, telling):
    """The log alone makes sense: one end, every label once, needs first, nothing left open."""
    assert isinstance(events[-1], FlowRunFinished)
    assert [type(one) for one in events].count(FlowRunFinished) == 1
    finished = [one.step for one in events if isinstance(one, StepFinished)]
    started = [one.step for one in events if isinstance(one, StepStarted)]
    steps = {step.name: step for step in telling.plan.steps}
    assert {one for one in finished if one in steps} == set(steps)
    assert len(set(finished)) == len(finished)
    assert len(set(started)) == len(started)
    assert set(started) <= set(finished)
    over = set()
    for event in events:
        if isinstance(event, StepStarted) and event.step in steps:
            assert over.issuperset(steps[event.step].needs)
        elif isinstance(event, StepFinished) and event.step in steps:
            over.add(event.step)
            assert (event.status == "skipped") == (event.step not in started)


def check_effects(telling, unknown):
    """Nothing that must not happen twice did, and doubt is only where there is cause."""
    for label, times in telling.done.items():
        one = telling.steps[int(base_label(label)[1:])]
        if one.effect == "at_most_once":
            assert times <= (TRIES if "retry" in LAYERS[one.layers] else 1)
    for name in unknown:
        assert telling.steps[int(base_label(name).removesuffix("/x")[1:])].effect == "at_most_once"
    begun = {base_label(one).removesuffix("/x") for one in telling.interrupted}
    assert {base_label(one).removesuffix("/x") for one in unknown} <= begun


def check_same(plan, told, whole):
    """Compare everything but times and lives."""
    assert told.last.status == whole.last.status
    here, there = results(told.events), results(whole.events)
    if whole.last.status == "completed":
        assert here == there
        assert replace(told.last, duration_s=0.0) == replace(whole.last, duration_s=0.0)
        assert sorted(map(repr, plain(told.events))) == sorted(map(repr, plain(whole.events)))
        return
    # What else was under way when a step or an item failed depends on the turns; what it came to
    # does not.
    partial = {step.name for step in plan.steps if step.foreach and step.on_error == "fail"}
    for name in here.keys() & there.keys() - partial:
        if "skipped" not in (here[name].status, there[name].status):
            assert here[name] == there[name]
    first = next(
        step.name
        for step in plan.steps
        if step.on_error == "fail" and here[step.name].status == "failed"
    )
    assert told.last.error == f"step `{first}` failed: {here[first].error}"


def plain(events):
    """Return events without times, lives and the last one."""
    kept = [one for one in events[:-1] if not isinstance(one, FlowRunResumed)]
    return [timeless(one) for one in kept]


def timeless(event):
    if isinstance(event, StepRetrying):
        return replace(event, retry_at=0.0)
    return replace(event, duration_s=0.0) if isinstance(event, StepFinished) else event

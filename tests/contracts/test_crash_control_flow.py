"""Control flow that dies after any of its events and is entered again ends the same way.

One flow with every kind of step and every layer, nested; it is told once undisturbed and then once
for every event, with a death right after it.
"""

from collections import Counter
from dataclasses import replace

import pytest

from flowrun.events.records import (
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
    QuestionAnswered,
    StepFinished,
    StepRetrying,
    StepStarted,
)
from flowrun.plan.plan import PlannedAssistant, PlannedForeach
from flowrun.ports.models import ToolCall
from flowrun.ports.runtime import RunEnded
from flowrun.ports.tools import ToolFailed
from tests.support.crash import Died
from tests.support.interpreting import Stage, ToldRuntime, ToldTools
from tests.support.steps import ask, call, compute, plan_of, subflow, talk

FAILED = RunEnded(run_id="", status="failed", error="no answer")
ANSWERS = {
    "steps/may/answer": {"decision": "approved", "value": None, "comment": "Fine"},
}
STOPS = {
    "unsure": [FAILED, (ToolCall("c1", "pay", '{"what": "once"}'),), "it is paid"],
    "critic": ["no", "no", "yes"],
    "guide": ["a guided tour"],
}


def inner_flow(effect):
    return plan_of(
        call("pay", given={"what": "{{ inputs.what }}"}),
        compute("maybe", condition="inputs.what == 'a'", values={"n": 1}),
        compute(
            "sum",
            "pay",
            "maybe",
            join="any",
            values={"said": "{{ steps.pay.output }}, {{ steps.maybe.status }}"},
        ),
        flow="inner",
        effect=effect,
        inputs=(("what", {"type": "string"}),),
        outputs=(("said", "{{ steps.sum.output.said }}"),),
    )


def flow(effect):
    steps = (
        compute("list", values={"items": ["a", "b"]}),
        call(
            "each", "list", tool="pay", given={"what": "each {{ item }}"},
            foreach=PlannedForeach(items="steps.list.output.items", max_parallel=1),
        ),
        call("broken", retry=2, on_error="continue"),
        compute(
            "count", "broken",
            values={"n": "{{ (steps.count.output.n if steps.count.output else 0) + 1 }}"},
            repeat=("steps.count.output.n >= 2", 3),
        ),
        subflow("outer", inner_flow(effect), "list", given={"what": "{{ item }}"},
                foreach=PlannedForeach(items=["a", "b"], max_parallel=1)),
        talk("settle", "outer", assistant="unsure", retry=3, timeout_s=600.0),
        talk("judge", "settle", assistant="critic", message="Is it {{ steps.settle.output }}?",
             repeat=("steps.judge.output == 'yes'", 4)),
        compute("never", "judge", condition="steps.judge.output == 'no'", values={"n": 1}),
        ask("may", "judge", message="May I, after {{ steps.judge.output }}?"),
        talk("tour", "may", "never", join="any"),
    )  # fmt: skip
    plan = plan_of(
        *steps,
        effect=effect,
        limits={"max_tokens": 10_000, "max_parallel": 3, "timeout_s": 6_000.0},
        outputs=(("all", "{{ steps.outer.output }}"), ("tour", "{{ steps.tour.output }}")),
    )
    unsure = PlannedAssistant(name="unsure", model="m", tools=("pay",))
    return replace(
        plan, assistants=tuple(unsure if one.name == "unsure" else one for one in plan.assistants)
    )


class Telling:
    """One telling of the flow, over as many lives as it takes."""

    def __init__(self, folder, effect):
        self.paid = Counter()
        stops = {name: list(told) for name, told in STOPS.items()}
        self.stage = Stage(
            folder=folder,
            plan=flow(effect),
            runtime=ToldRuntime(stops, pop_ended=True),
            tools=ToldTools({"pay": self._pay, "broken": self._break}),
        )

    def _pay(self, what):
        self.paid[what] += 1
        return f"paid {what}"

    def _break(self):
        return ToolFailed(kind="exception", message="it broke")

    def live(self, watch=None):
        """Start the run, or go on with it; whoever is asked has answered before."""
        self.stage.watch = watch
        return self.stage.live(answers=ANSWERS)

    def live_until(self, count):
        """Die right after so many events that happened; True when there were as many."""
        seen = []

        def watch(stamped):
            if isinstance(stamped.event, FlowRunStarted) or stamped.seq is None:
                return
            seen.append(stamped.event)
            if len(seen) == count:
                raise Died

        try:
            self.live(watch=watch)
        except Died:
            return True
        return False


def plain(events):
    """Return events without times, lives and waits; what runs side by side has no order."""
    kept = [one for one in events if not isinstance(one, FlowRunResumed | FlowRunParked)]
    return sorted(repr(timeless(one)) for one in kept)


def timeless(event):
    if isinstance(event, StepRetrying):
        return replace(event, retry_at=0.0)
    if isinstance(event, StepFinished) and event.step == "may":
        return replace(event, duration_s=0.0)
    return replace(event, duration_s=0.0) if hasattr(event, "duration_s") else event


def tellings(folder, effect):
    """Yield every telling with a death in it, after that death."""
    deaths = 0
    while True:
        telling = Telling(folder / str(deaths), effect)
        if not telling.live_until(deaths + 1):
            return
        deaths += 1
        yield deaths, telling


def test_what_may_be_repeated_ends_as_if_nothing_had_happened(tmp_path):
    whole = Telling(tmp_path / "whole", "repeatable").live()
    assert whole.last.status == "completed", whole.last.error
    assert whole.last.usage["total_tokens"] == 75
    seen = 0
    for deaths, telling in tellings(tmp_path, "repeatable"):
        again = telling.live()
        assert plain(again.events) == plain(whole.events), deaths
        seen = deaths
    assert seen > 60


def test_what_must_not_happen_twice_does_not_wherever_it_dies(tmp_path):
    first = Telling(tmp_path / "whole", "at_most_once")
    whole = first.live()
    assert set(first.paid.values()) == {1}
    for deaths, telling in tellings(tmp_path, "at_most_once"):
        again = telling.live()
        assert set(telling.paid.values()) <= {1}, deaths
        assert [type(one) for one in again.events].count(FlowRunFinished) == 1
        started = {one.step for one in again.of(StepStarted)}
        assert started <= {one.step for one in again.of(StepFinished)}, deaths
        if any(one.error_code == "outcome_unknown" for one in again.of(StepFinished)):
            continue
        assert plain(again.events) == plain(whole.events), deaths
        assert telling.paid == first.paid


@pytest.mark.parametrize("deaths", [5, 20, 40])
def test_it_may_die_again_and_again(tmp_path, deaths):
    """Each life gets a little further than the one before it."""
    whole = Telling(tmp_path / "whole", "repeatable").live()
    telling = Telling(tmp_path / "often", "repeatable")
    lives = 1
    while telling.live_until(deaths):
        lives += 1
        assert lives < 100
    done = telling.live()
    assert lives > 1
    assert plain(done.events) == plain(whole.events)
    assert len(done.of(QuestionAnswered)) == 1

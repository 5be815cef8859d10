"""An assistant step that dies after any of its events and is entered again ends the same way.

Each story is told once undisturbed and then once for every event, with a death right after it. The
runtime lives elsewhere and remembers; what the flow run knows is in the journal alone.
"""

from dataclasses import replace

import pytest

from flowrun.events.records import (
    FlowRunFinished,
    FlowRunResumed,
    FlowRunStarted,
    StepFinished,
    ToolCallFinished,
)
from flowrun.plan.plan import (
    AssistantAction,
    ExecutionPlan,
    PlannedAssistant,
    PlannedStep,
    PlannedTool,
    ToolAction,
)
from flowrun.ports.models import ToolCall
from flowrun.ports.runtime import RunEnded
from flowrun.ports.tools import ToolFailed
from tests.support.crash import Died
from tests.support.interpreting import ToldRuntime, ToldTools, interpret

SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}
EXPIRED = RunEnded(run_id="", status="expired", error="expired")


def pay(number, amount=5):
    return ToolCall(f"call_{number}", "pay", f'{{"amount": {amount}}}')


def broken(number):
    return ToolCall(f"call_{number}", "broken", "{}")


def tool(name, effect):
    return PlannedTool(name=name, kind="python", effect=effect, on_unknown="fail")


STORIES = {
    "rounds": ["one", (pay(1, 1), pay(2, 2)), (pay(3, 3),), "two"],
    "a repair that calls tools": ["one", "not JSON", (pay(1),), (pay(2),), '{"score": 1}'],
    "tools before a repair that calls tools": ["one", (pay(1),), "no", (pay(2),), '{"score": 1}'],
    "a run that expired after a call": ["one", (pay(1),), EXPIRED, (pay(2),), "two"],
    "expired, and the call is made twice": ["one", (pay(1),), EXPIRED, (pay(2),), (pay(3),), "two"],
    "expired twice": [
        "one",
        (pay(1),),
        EXPIRED,
        (pay(2, 7),),
        EXPIRED,
        (pay(3, 7),),
        (pay(4),),
        "!",
    ],
    "a tool that fails its step": ["one", (pay(1), broken(2)), "two"],
    "a tool that fails its step in the second round": ["one", (pay(1),), (broken(2),), "two"],
}


def plan_for(story, effect):
    output = SCHEMA if "repair" in story else None
    talk = AssistantAction(assistant="guide", message="Hello")
    return ExecutionPlan(
        flow="test",
        tools=(
            tool("pay", effect),
            replace(tool("broken", effect), on_error="fail"),
        ),
        assistants=(
            PlannedAssistant(name="plain", model="m"),
            PlannedAssistant(name="guide", model="m", tools=("pay", "broken"), output=output),
        ),
        steps=(
            PlannedStep(
                name="first", number=1, lane="(first)", action=replace(talk, assistant="plain")
            ),
            PlannedStep(name="talk", number=2, lane="(talk)", needs=("first",), action=talk),
            PlannedStep(
                name="after",
                number=3,
                lane="(after)",
                needs=("talk",),
                action=ToolAction(tool="pay", arguments={"amount": 9}),
            ),
        ),
        outputs=(("said", "{{ steps.talk.output }}"),),
    )


class Telling:
    """One telling of a story, over as many lives as it takes."""

    def __init__(self, folder, story, effect="repeatable"):
        told = STORIES[story]
        self.folder, self.plan = folder, plan_for(story, effect)
        self.runtime = ToldRuntime({"plain": told[:1], "guide": list(told[1:])}, pop_ended=True)
        self.paid = []
        self.tools = ToldTools({"pay": self._pay, "broken": self._break})

    def _pay(self, amount):
        self.paid.append(amount)
        return f"paid {amount}"

    def _break(self):
        return ToolFailed(kind="exception", message="it broke")

    def live(self, watch=None):
        """Start the run, or go on with it when it was started before."""
        how = {"runtime": self.runtime, "tools": self.tools, "watch": watch}
        return interpret(self.folder, self.plan, **how)

    def live_until(self, count):
        """Die right after so many events that happened; True when there were as many."""
        seen = []

        def watch(stamped):
            if isinstance(stamped.event, FlowRunStarted):
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
    """Return events without times and lives."""
    return [
        replace(one, duration_s=0.0) if hasattr(one, "duration_s") else one
        for one in events
        if not isinstance(one, FlowRunResumed)
    ]


@pytest.mark.parametrize("story", STORIES)
def test_what_may_be_repeated_ends_as_if_nothing_had_happened(tmp_path, story):
    undisturbed = Telling(tmp_path / "whole", story).live()
    deaths = 0
    telling = Telling(tmp_path / "1", story)
    while telling.live_until(deaths + 1):
        deaths += 1
        again = telling.live()
        assert in_any_order(again.events) == in_any_order(undisturbed.events), deaths
        telling = Telling(tmp_path / str(deaths + 1), story)
    assert deaths > 8


def in_any_order(events):
    """Calls of one round may end in another order when only one of them is made again."""
    return sorted(repr(one) for one in plain(events))


@pytest.mark.parametrize("story", STORIES)
def test_what_must_not_happen_twice_does_not_wherever_it_dies(tmp_path, story):
    whole = Telling(tmp_path / "whole", story, "at_most_once")
    undisturbed = whole.live()
    deaths = 0
    telling = Telling(tmp_path / "1", story, "at_most_once")
    while telling.live_until(deaths + 1):
        deaths += 1
        again = telling.live()
        unknown = [
            one
            for one in again.events
            if (isinstance(one, ToolCallFinished) and one.error == "outcome_unknown")
            or (isinstance(one, StepFinished) and one.error_code == "outcome_unknown")
        ]
        if unknown:
            assert again.last.status == "failed"
            assert len(telling.paid) <= len(whole.paid)
        else:
            assert plain(again.events) == plain(undisturbed.events), deaths
            assert telling.paid == whole.paid, deaths
        assert [type(one) for one in again.events].count(FlowRunFinished) == 1
        telling = Telling(tmp_path / str(deaths + 1), story, "at_most_once")
    assert deaths > 8

"""Rounds of earlier lives: taken in before each stop, by run, and not for runs that were lost."""

from dataclasses import replace

import pytest

from flowrun.events.records import QuestionAsked, ToolCallsRequested, ToolOutputsSubmitted
from flowrun.plan.plan import PlannedTool
from flowrun.ports.models import ToolCall
from flowrun.ports.runtime import RunEnded
from tests.support.crash import Died
from tests.support.interpreting import Stage, ToldRuntime, ToldTools, talk_plan

ASK = ("ask", None, "Hello")
CANCELLED = RunEnded(run_id="", status="cancelled")
EXPIRED = RunEnded(run_id="", status="expired")


def look(number, at):
    return ToolCall(f"call_{number}", "look", f'{{"at": {at}}}')


def die_at(kind, number):
    def watch(stamped):
        if isinstance(stamped.event, kind) and stamped.event.round == number:
            raise Died

    return watch


class Lives:
    """A run of one assistant step, whose runtime a test may exchange between lives."""

    def __init__(self, folder, *stops):
        self.tools = ToldTools({"look": lambda at: f"seen {at}"})
        self.stage = Stage(folder=folder, plan=talk_plan(ASK), tools=self.tools)
        self.now_at(*stops)

    def now_at(self, *stops, **known):
        self.stage.runtime = ToldRuntime({"guide": list(stops)}, pop_ended=True, **known)

    def die(self, kind, number, *, resume=False):
        self.stage.watch = die_at(kind, number)
        with pytest.raises(Died):
            self.stage.live(resume=resume)
        self.stage.watch = None

    @property
    def seen(self):
        return [given["at"] for _, given in self.tools.calls]


def test_rounds_that_were_submitted_are_not_answered_again(tmp_path):
    lives = Lives(tmp_path, (look(1, 1),), (look(2, 2),), "done")
    lives.die(ToolCallsRequested, 2)
    done = lives.stage.live(resume=True)
    assert (done.last.outputs, lives.seen) == ({"ask": "done"}, [1, 2])
    assert [one["output"] for one in done.step("ask").tool_calls] == ["seen 1", "seen 2"]


def test_a_run_that_stands_before_a_submission_is_given_it_again(tmp_path):
    lives = Lives(tmp_path, (look(1, 1),), "done")
    lives.die(ToolOutputsSubmitted, 1)
    done = lives.stage.live(resume=True)
    assert (done.last.outputs, lives.seen) == ({"ask": "done"}, [1])
    assert lives.stage.runtime.submitted == [[("call_1", "seen 1")]]


@pytest.mark.parametrize("end", [CANCELLED, EXPIRED])
def test_an_open_round_of_a_run_that_is_over_is_answered_and_goes_into_the_next(tmp_path, end):
    lives = Lives(tmp_path, (look(1, 1),), "done")
    lives.die(ToolCallsRequested, 1)
    lives.stage.runtime.stops["guide"] = [end, "done"]
    done = lives.stage.live(resume=True)
    assert (done.last.outputs, lives.seen) == ({"ask": "done"}, [1])
    assert len(lives.stage.runtime.requests) == 2


def test_a_run_that_somebody_else_cancelled_is_not_gone_on_with(tmp_path):
    lives = Lives(tmp_path, (look(1, 1),), CANCELLED)
    done = lives.stage.live()
    assert done.step("ask").error_code == "cancelled"
    assert len(lives.stage.runtime.requests) == 1


def test_results_of_a_lost_run_are_given_out_however_many_lives_it_takes(tmp_path):
    """The run in its place is not taken for a later one of the same step, in any life."""
    lives = Lives(tmp_path, (look(1, 1),), (look(2, 2),))
    lives.die(ToolCallsRequested, 2)
    lives.now_at((look(8, 1), look(9, 3)), (look(10, 4),), "done", runs={"gone": "run_0"})
    lives.die(ToolCallsRequested, 4, resume=True)
    done = lives.stage.live(resume=True)
    assert (done.last.outputs, lives.seen) == ({"ask": "done"}, [1, 3, 4])
    assert lives.stage.runtime.submitted[0] == [("call_8", "seen 1"), ("call_9", "seen 3")]


def test_rounds_of_the_generation_that_follows_are_left_to_it(tmp_path):
    lives = Lives(tmp_path, (look(1, 1),), EXPIRED, (look(2, 2),), (look(3, 3),), "done")
    lives.die(ToolCallsRequested, 3)
    done = lives.stage.live(resume=True)
    assert (done.last.outputs, lives.seen) == ({"ask": "done"}, [1, 2, 3])
    assert [one["id"] for one in done.step("ask").tool_calls] == ["call_1", "call_2", "call_3"]


@pytest.mark.parametrize(
    ("tool", "seen", "code"),
    [
        ({"effect": "at_most_once", "on_unknown": "fail"}, [1], "outcome_unknown"),
        ({"effect": "at_most_once", "on_unknown": "tell_model"}, [1], None),
        ({"effect": "keyed"}, [1, 1], None),
        ({"effect": "probe", "probe": "ask"}, [1], None),
        ({"effect": "repeatable"}, [1, 1], None),
    ],
)
def test_a_call_of_a_lost_run_that_a_crash_hid_is_found_out_about(tmp_path, tool, seen, code):
    """Before the equal call of the run in its place is made."""
    made = []

    def die_at_first(at):
        made.append(at)
        if len(made) == 1:
            raise Died
        return f"seen {at}"

    lives = Lives(tmp_path, (look(1, 1),))
    told = PlannedTool(name="look", kind="python", **tool)
    lives.stage.plan = replace(lives.stage.plan, tools=(told,))
    lives.tools.functions |= {
        "look": die_at_first,
        "ask": lambda at: {"done": True, "output": f"seen {at}"},
    }
    with pytest.raises(Died):
        lives.stage.live()
    lives.now_at((look(8, 1),), "done", runs={"gone": "run_0"})
    done = lives.stage.live(resume=True)
    assert (done.step("ask").error_code, made) == (code, seen)
    keys = set(lives.tools.keys)
    assert tool["effect"] == "repeatable" or keys == {"steps/ask/round[1]/tool[call_1]"}


def test_a_person_is_asked_about_a_call_of_a_lost_run_that_a_crash_hid(tmp_path):
    made = []

    def die(at):
        made.append(at)
        raise Died

    lives = Lives(tmp_path, (look(1, 1),))
    lives.tools.functions["look"] = die
    with pytest.raises(Died):
        lives.stage.live()
    lives.now_at((look(8, 1),), "done", runs={"gone": "run_0"})
    (asked,) = lives.stage.live(resume=True).of(QuestionAsked)
    assert (asked.kind, asked.call_id) == ("unknown", "call_8")
    answer = {"decision": "fail", "value": None, "comment": ""}
    done = lives.stage.live(resume=True, answers={asked.question: answer})
    assert (done.step("ask").error_code, made) == ("outcome_unknown", [1])

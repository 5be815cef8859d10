"""A try of a sub-flow goes on from those before it: what is done is not done again."""

from dataclasses import replace

import pytest

from flowrun.clock import ManualClock
from flowrun.events.records import QuestionAsked, StepFinished, StepRetrying, StepStarted
from flowrun.plan.plan import PlannedAssistant, PlannedForeach, PlannedTool
from flowrun.ports.models import TokenUsage, ToolCall
from flowrun.ports.runtime import RunEnded
from flowrun.ports.tools import ToolFailed
from tests.support.crash import Died
from tests.support.interpreting import Stage, ToldRuntime, ToldTools, interpret
from tests.support.steps import ask, call, compute, plan_of, subflow, talk

FAILED = RunEnded(run_id="", status="failed", error="busy", usage=TokenUsage(4, 1, 5))


def pay(number, amount=5):
    return ToolCall(f"call_{number}", "pay", f'{{"sum": {amount}}}')


def failing(times, then="fine"):
    """A tool that fails so many times first."""
    left = [times]

    def function(**given):
        left[0] -= 1
        return ToolFailed(kind="exception", message="it broke") if left[0] >= 0 else then

    return function


def labels(done, kind):
    return [one.step for one in done.of(kind)]


@pytest.fixture(params=["at once", "in another life"])
def lives(request):
    """Take a run to its end, in one life or with a death before each further try."""

    def take(stage, **how):
        if request.param == "at once":
            return stage.live(**how)
        last = []

        def watch(stamped):
            if isinstance(stamped.event, StepRetrying) and stamped.event not in last:
                last.append(stamped.event)
                raise Died

        stage.watch = watch
        while True:
            try:
                return stage.live(**how)
            except Died:
                continue

    return take


def test_steps_that_completed_are_not_carried_out_again(tmp_path, lives):
    inner = plan_of(
        call("pay"),
        call("send", "pay", given={"what": "{{ steps.pay.output }}"}),
        flow="inner",
        outputs=(("sent", "{{ steps.send.output }} {{ steps.pay.output }}"),),
    )
    plan = plan_of(subflow("outer", inner, retry=3))
    tools = ToldTools({"pay": lambda: "paid", "send": failing(2)})
    done = lives(Stage(folder=tmp_path, plan=plan, tools=tools))
    assert done.step("outer").output == {"sent": "fine paid"}
    assert [name for name, _ in tools.calls] == ["pay", "send", "send", "send"]
    assert labels(done, StepStarted) == [
        "outer", "outer~1/pay", "outer~1/send", "outer~2/send", "outer~3/send",
    ]  # fmt: skip


def test_what_earlier_tries_used_is_counted_once(tmp_path, lives):
    inner = plan_of(talk("said", assistant="plain"), call("send", "said"), flow="inner")
    plan = plan_of(subflow("outer", inner, retry=2))
    runtime = ToldRuntime({"plain": ["Hello"]})
    tools = ToldTools({"send": failing(1)})
    done = lives(Stage(folder=tmp_path, plan=plan, tools=tools, runtime=runtime))
    assert done.last.status == "completed"
    assert done.last.usage["total_tokens"] == 15
    assert done.step("outer").usage["total_tokens"] == 15
    assert len(runtime.requests) == 1


def test_a_failure_that_was_let_pass_stays_where_something_was_built_on_it(tmp_path, lives):
    inner = plan_of(
        call("bad", on_error="continue"),
        compute("note", "bad", values={"was": "{{ steps.bad.status }}"}),
        call("ugly", on_error="continue"),
        call("send", "note", "ugly"),
        flow="inner",
    )
    tools = ToldTools({"bad": failing(1), "ugly": failing(1), "send": failing(1)})
    done = lives(
        Stage(folder=tmp_path, plan=plan_of(subflow("outer", inner, retry=2)), tools=tools)
    )
    assert done.last.status == "completed"
    assert [name for name, _ in tools.calls] == ["bad", "ugly", "send", "ugly", "send"]


def test_only_items_that_failed_are_carried_out_again(tmp_path, lives):
    inner = plan_of(
        talk(
            "each", message="{{ item }}", foreach=PlannedForeach(items=list("abc"), max_parallel=1)
        ),
        call("send", "each"),
        flow="inner",
        outputs=(("all", "{{ steps.each.output }}"),),
    )
    runtime = ToldRuntime({"guide": ["A", FAILED, "B", "C"]}, pop_ended=True)
    plan = plan_of(subflow("outer", inner, retry=3))
    tools = ToldTools({"send": failing(1)})
    done = lives(Stage(folder=tmp_path, plan=plan, runtime=runtime, tools=tools))
    assert done.step("outer").output == {"all": ["A", "B", "C"]}
    assert [one.message for one in runtime.requests] == ["a", "b", None, "c"]
    assert len({one.thread_id for one in runtime.requests}) == 3
    assert done.last.usage["total_tokens"] == 50
    assert done.step("outer~2/each").usage["total_tokens"] == 30
    assert done.step("outer").usage["total_tokens"] == 50


def test_iterations_that_completed_are_not_carried_out_again(tmp_path, lives):
    inner = plan_of(
        talk("ask", message="{{ steps.ask.output or 'begin' }}", thread="t",
             repeat=("steps.ask.output == 'yes'", 3)),
        flow="inner",
        outputs=(("said", "{{ steps.ask.output }}"),),
    )  # fmt: skip
    runtime = ToldRuntime({"guide": ["no", FAILED, "yes"]}, pop_ended=True)
    plan = plan_of(subflow("outer", inner, retry=2))
    done = lives(Stage(folder=tmp_path, plan=plan, runtime=runtime))
    assert done.step("outer").output == {"said": "yes"}
    assert [one.message for one in runtime.requests] == ["begin", "no", None]
    assert len({one.thread_id for one in runtime.requests}) == 1
    assert done.last.usage["total_tokens"] == 35


def test_a_loop_that_came_to_nothing_is_not_tried_again(tmp_path):
    inner = plan_of(compute("n", values={"n": 1}, repeat=("false", 2)), flow="inner")
    done = interpret(tmp_path, plan_of(subflow("outer", inner, retry=3)))
    assert done.step("outer").error_code == "repeat"
    assert done.of(StepRetrying) == []


def with_tool(plan, **tool):
    guide = PlannedAssistant(name="guide", model="m", tools=("pay",))
    return replace(
        plan, tools=(PlannedTool(name="pay", kind="python", **tool),), assistants=(guide,)
    )


@pytest.mark.parametrize("effect", ["at_most_once", "keyed", "probe"])
def test_calls_of_a_step_that_failed_are_not_made_again(tmp_path, lives, effect):
    inner = with_tool(plan_of(talk("ask"), flow="inner"), effect=effect, probe="pay")
    runtime = ToldRuntime({"guide": [(pay(1),), FAILED, (pay(2), pay(3, 6)), "Done."]},
                          pop_ended=True)  # fmt: skip
    tools = ToldTools({"pay": lambda **given: f"paid {given['sum']}"})
    plan = plan_of(subflow("outer", plan_of(subflow("mid", inner), flow="mid"), retry=2))
    done = lives(Stage(folder=tmp_path, plan=plan, runtime=runtime, tools=tools))
    assert done.last.status == "completed"
    assert [given["sum"] for _, given in tools.calls] == [5, 6]
    assert runtime.submitted[-1] == [("call_2", "paid 5"), ("call_3", "paid 6")]
    assert [one.message for one in runtime.requests] == ["Hello", None]


def test_tries_of_the_step_itself_are_earlier_ones_too(tmp_path, lives):
    inner = with_tool(plan_of(talk("ask", retry=2), flow="inner"))
    stops = [(pay(1),), FAILED, FAILED, (pay(2),), "Done."]
    runtime = ToldRuntime({"guide": stops}, pop_ended=True)
    tools = ToldTools({"pay": lambda **_: "paid"})
    plan = plan_of(subflow("outer", inner, retry=2))
    done = lives(Stage(folder=tmp_path, plan=plan, runtime=runtime, tools=tools))
    assert done.last.status == "completed"
    assert len(tools.calls) == 1
    assert [one.message for one in runtime.requests] == ["Hello", None, None]


def test_a_person_is_not_asked_again(tmp_path, lives):
    inner = with_tool(plan_of(ask("may"), call("pay", "may"), flow="inner"), approval="always",
                      effect="keyed")  # fmt: skip
    tools = ToldTools({"pay": failing(1)})
    stage = Stage(folder=tmp_path, plan=plan_of(subflow("outer", inner, retry=2)), tools=tools)
    yes = {"decision": "approved", "value": None, "comment": ""}
    may, approval = (
        f"steps/outer/try[1]/steps/{one}" for one in ("may/answer", "pay/finished/approval")
    )
    assert stage.live().head.questions == (may,)
    assert stage.live(resume=True, answers={may: yes}).head.questions == (approval,)
    done = lives(stage, resume=True, answers={approval: yes})
    assert done.last.status == "completed"
    assert len(done.of(QuestionAsked)) == 2
    assert set(tools.keys) == {"steps/outer/steps/pay/finished"}


def unattended(folder, plan, runtime, tools):
    """Die in a call and let the time of the step pass; return the stage."""
    stage = Stage(folder=folder, plan=plan, runtime=runtime, tools=tools, clock=ManualClock())
    with pytest.raises(Died):
        stage.live()
    stage.later(31)
    return stage


def dying_once():
    def function(**given):
        if not made:
            made.append(given)
            raise Died
        made.append(given)
        return "paid"

    made = []
    return function, made


def test_a_hidden_call_of_a_sub_flow_is_told_when_its_time_is_over(tmp_path):
    inner = plan_of(talk("ask", foreach=["a"]), flow="inner")
    inner = with_tool(inner, effect="at_most_once")
    function, made = dying_once()
    plan = plan_of(subflow("outer", inner, timeout_s=30, retry=3))
    runtime = ToldRuntime({"guide": [(pay(1),)]})
    done = unattended(tmp_path, plan, runtime, ToldTools({"pay": function})).live()
    assert done.step("outer").error_code == "outcome_unknown"
    assert done.step("outer").error.endswith("whether a call finished cannot be known")
    assert len(made) == 1


@pytest.mark.parametrize("happened", [True, False])
def test_a_hidden_call_that_has_a_probe_is_asked_about_by_the_next_try(tmp_path, happened):
    inner = with_tool(plan_of(talk("ask"), flow="inner"), effect="probe", probe="look")
    function, made = dying_once()
    tools = ToldTools({"pay": function,
                       "look": lambda **_: {"done": happened, "output": "paid"}})  # fmt: skip
    runtime = ToldRuntime({"guide": [(pay(1),)]}, pop_ended=True)
    plan = plan_of(subflow("outer", inner, timeout_s=30, retry=3))
    stage = unattended(tmp_path, plan, runtime, tools)
    runtime.stops["guide"] = [(pay(2),), "Done."]
    done = stage.live()
    assert done.last.status == "completed"
    assert done.step("outer~1").error_code == "timeout"
    assert len(made) == (1 if happened else 2)
    assert runtime.submitted == [[("call_2", "paid")]]
    assert "run_0" in runtime.cancelled
    assert [one.status for one in done.of(StepFinished) if one.step == "outer"] == ["completed"]


def test_all_tries_have_one_allowance(tmp_path, lives):
    inner = plan_of(
        talk("a"), call("bad", "a"), talk("b", "bad"), flow="inner", limits={"max_tokens": 20}
    )
    runtime = ToldRuntime({"guide": ["A", "B", "C", "D"]})
    tools = ToldTools({"bad": failing(1)})
    plan = plan_of(subflow("outer", inner, retry=4))
    done = lives(Stage(folder=tmp_path, plan=plan, runtime=runtime, tools=tools))
    said = "the limit `max_tokens` of 20 is reached: 30 tokens were used"
    assert done.step("outer").error == f"step `b` failed: {said}"
    assert done.last.usage["total_tokens"] == 30
    assert len(runtime.requests) == 2

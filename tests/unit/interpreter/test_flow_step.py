"""A flow as a step: inputs, outputs, names of its own, failures, limits, threads."""

import pytest

from flowrun.events.records import StepFinished, StepStarted
from flowrun.interpreter.flow_step import base_of_threads
from flowrun.plan.plan import PlannedAssistant, PlannedPrices
from flowrun.ports.tools import ToolFailed
from tests.support.crash import Died
from tests.support.interpreting import ToldRuntime, ToldTools, interpret
from tests.support.steps import ask, call, compute, plan_of, subflow, talk

NUMBER = {"type": "integer", "minimum": 0}


def doubling(**fields):
    return plan_of(
        call("twice", given={"n": "{{ inputs.n }}"}),
        flow="doubling",
        inputs=(("n", NUMBER), ("note", {"type": "string", "default": "none"})),
        outputs=(("n", "{{ steps.twice.output }}"), ("note", "{{ inputs.note }}")),
        **fields,
    )


TOOLS = {"twice": lambda n: 2 * n}


def labels(events, kind):
    return [one.step for one in events if isinstance(one, kind)]


def test_its_outputs_are_the_steps_output_and_its_steps_have_labels_below_it(tmp_path):
    plan = plan_of(
        subflow("outer", doubling(), given={"n": "{{ inputs.start }}"}),
        outputs=(("all", "{{ steps.outer.output }}"),),
    )
    tools = ToldTools(TOOLS)
    done = interpret(tmp_path, plan, tools=tools, inputs={"start": 4})
    assert done.last.outputs == {"all": {"n": 8, "note": "none"}}
    assert labels(done.events, StepStarted) == ["outer", "outer/twice"]
    assert labels(done.events, StepFinished) == ["outer/twice", "outer"]
    assert tools.keys == ["steps/outer/steps/twice/finished"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "input `n` of flow `doubling` is required"),
        ({"n": -1}, "input `n` of flow `doubling`: -1 is less than the minimum of 0"),
        ({"n": "1"}, 'input `n` of flow `doubling`: "1" is not of type "integer"'),
        ({"n": 1, "m": 2}, "flow `doubling` has no input `m`"),
    ],
)
def test_inputs_are_checked_before_anything_runs(tmp_path, given, problem):
    plan = plan_of(subflow("outer", doubling(), given=given))
    done = interpret(tmp_path, plan, tools=ToldTools(TOOLS))
    assert (done.step("outer").error_code, done.step("outer").error) == ("flow", problem)
    assert labels(done.events, StepStarted) == ["outer"]


def test_it_sees_its_own_names_and_those_variables_that_it_lists(tmp_path):
    inner = plan_of(
        compute("own", values={"env": "{{ env.CITY }}", "run": "{{ run.id }}"}),
        flow="inner",
        env=("CITY",),
        outputs=(("own", "{{ steps.own.output }}"),),
    )
    plan = plan_of(compute("own", values={"n": 1}), subflow("outer", inner, "own"))
    environment = {"CITY": "Paris", "OTHER": "x"}
    done = interpret(tmp_path, plan, environment=environment)
    assert done.step("outer").output == {"own": {"env": "Paris", "run": "run-1"}}


def failing(code, **outer):
    """A flow whose step fails in some way, inside of another."""
    inner = {
        "tool": plan_of(call("bad"), flow="inner"),
        "expression": plan_of(compute("bad", values={"n": "{{ inputs.nope }}"}), flow="inner"),
    }[code]
    return plan_of(subflow("outer", inner, **outer))


def fail():
    return ToolFailed(kind="exception", message="it broke")


@pytest.mark.parametrize(("inside", "code"), [("tool", "flow"), ("expression", "expression")])
def test_it_fails_with_what_failed_in_it(tmp_path, inside, code):
    done = interpret(tmp_path, failing(inside), tools=ToldTools({"bad": fail}))
    result = done.step("outer")
    assert (result.status, result.error_code, result.output) == ("failed", code, None)
    assert result.error.startswith("step `bad` failed: ")
    assert done.last.error == f"step `outer` failed: {result.error}"


def test_a_rejection_inside_is_one_outside(tmp_path):
    plan = plan_of(subflow("outer", plan_of(ask("may"), flow="inner")))
    parked = interpret(tmp_path, plan)
    assert parked.head.questions == ("steps/outer/steps/may/answer",)
    done = interpret(tmp_path, plan, resume=True, answers={
        "steps/outer/steps/may/answer": {"decision": "rejected", "value": None, "comment": "No"}
    })  # fmt: skip
    assert (done.last.status, done.last.error_code) == ("failed", "rejected")


def test_another_try_carries_all_of_it_out_again(tmp_path):
    calls = []

    def twice(n):
        calls.append(n)
        return fail() if len(calls) == 1 else 2 * n

    plan = plan_of(subflow("outer", doubling(), given={"n": 3}, retry=2))
    tools = ToldTools({"twice": twice})
    done = interpret(tmp_path, plan, tools=tools)
    assert done.step("outer").output["n"] == 6
    assert done.step("outer~1").error == "step `twice` failed: it broke"
    assert labels(done.events, StepStarted) == ["outer", "outer~1/twice", "outer~2/twice"]
    assert tools.keys == ["steps/outer/steps/twice/finished"] * 2


def test_items_and_iterations_of_it_nest(tmp_path):
    inner = plan_of(
        compute("add", values={"n": "{{ inputs.n + 1 }}"}),
        flow="inner",
        inputs=(("n", NUMBER),),
        outputs=(("n", "{{ steps.add.output.n }}"),),
    )
    step = subflow(
        "grow",
        inner,
        given={"n": "{{ steps.grow.output.n if steps.grow.output else item }}"},
        foreach=[0, 10],
        repeat=("steps.grow.output.n >= item + 2", 5),
    )
    done = interpret(tmp_path, plan_of(step))
    assert done.step("grow").output == [{"n": 2}, {"n": 12}]
    assert done.step("grow[1]#2/add").output == {"n": 12}


def test_a_crash_inside_goes_on_inside(tmp_path):
    calls = []

    def work(name):
        calls.append(name)
        if calls == ["a", "b"]:
            raise Died
        return name

    inner = plan_of(
        call("a", tool="work", given={"name": "a"}),
        call("b", "a", tool="work", given={"name": "b"}),
        flow="inner",
        outputs=(("said", "{{ steps.a.output }}{{ steps.b.output }}"),),
    )
    plan = plan_of(subflow("outer", inner))
    tools = ToldTools({"work": work})
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools)
    done = interpret(tmp_path, plan, tools=tools)
    assert calls == ["a", "b", "b"]
    assert done.step("outer").output == {"said": "ab"}


PRICED = PlannedAssistant(
    name="guide", model="m", prices=PlannedPrices(input=1_000_000, output=2_000_000)
)


def test_what_it_uses_counts_for_it_and_for_the_run(tmp_path):
    inner = plan_of(talk("say"), flow="inner", assistants=(PRICED,))
    plan = plan_of(subflow("outer", inner), talk("after", "outer"), assistants=(PRICED,))
    done = interpret(tmp_path, plan, runtime=ToldRuntime({"guide": ["one", "two"]}))
    assert done.step("outer").usage["total_tokens"] == 15
    assert done.step("outer").cost_usd == 20
    assert done.last.usage["total_tokens"] == 30
    assert done.last.cost_usd == 40


def budget_of(folder, *, inside=None, outside=None, on_error="fail"):
    """Two talks of 15 tokens each, in a flow in a flow."""
    inner = plan_of(talk("a"), talk("b", "a"), flow="inner", limits=inside)
    step = subflow("outer", inner, on_error=on_error)
    plan = plan_of(step, compute("after", "outer", values={"n": 1}), limits=outside)
    return interpret(folder, plan, runtime=ToldRuntime({"guide": ["one", "two"]}))


def test_a_limit_of_its_own_is_its_own_affair(tmp_path):
    done = budget_of(tmp_path, inside={"max_tokens": 10}, on_error="continue")
    assert done.step("outer").error_code == "flow"
    assert done.step("outer").error == (
        "step `a` failed: the limit `max_tokens` of 10 is reached: 15 tokens were used"
    )
    assert done.last.status == "completed"


@pytest.mark.parametrize("inside", [None, {"max_tokens": 10}])
def test_a_limit_of_the_flow_around_it_ends_the_run_whatever_on_error_says(tmp_path, inside):
    done = budget_of(tmp_path, inside=inside, outside={"max_tokens": 12}, on_error="continue")
    assert done.step("outer").error_code == "budget"
    assert (done.last.status, done.last.error_code) == ("failed", "budget")
    assert done.step("after").status == "skipped"


def test_its_named_threads_are_its_own_and_iterations_share_them(tmp_path):
    inner = plan_of(talk("say", thread="desk"), flow="inner",
                    outputs=(("said", "{{ steps.say.output }}"),))  # fmt: skip
    plan = plan_of(
        talk("say", thread="desk"),
        subflow("twice", inner, "say", repeat=("steps.twice.output.said == 'three'", 3)),
        subflow("each", inner, "twice", foreach=[1, 2]),
    )
    runtime = ToldRuntime({"guide": ["one", "two", "three", "four", "five"]})
    done = interpret(tmp_path, plan, runtime=runtime)
    assert done.last.status == "completed"
    first, second, third, *others = [one.thread_id for one in runtime.requests]
    assert second == third
    assert len({first, second, *others}) == 4


@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("steps/a/", "steps/a"),
        ("steps/a/loop[2]/", "steps/a"),
        ("steps/a/each[0:1f]/loop[2]/try[1]/", "steps/a/each[0:1f]"),
        ("steps/a/loop[1]/steps/b/loop[3]/", "steps/a/steps/b"),
    ],
)
def test_threads_are_named_after_the_path_without_iterations_and_tries(path, base):
    assert base_of_threads(path) == base

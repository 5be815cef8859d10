"""The frontier: order, failures, skips, resumption, outputs."""

import asyncio

import pytest

from flowrun.events.records import StepStarted
from flowrun.plan.plan import ExecutionPlan, PlannedStep, PlannedTool, ToolAction
from flowrun.ports.tools import ToolFailed
from tests.support.crash import Died
from tests.support.interpreting import ToldTools, interpret


def plan_of(steps, outputs=(), effect="repeatable"):
    """A plan of tool steps from `{name: (needs, tool, arguments)}`; extra keys go to the step."""
    planned, tools = [], {}
    for number, (name, (needs, tool, arguments, *extra)) in enumerate(steps.items(), 1):
        tools[tool] = PlannedTool(name=tool, kind="python", effect=effect)
        planned.append(
            PlannedStep(
                name=name,
                number=number,
                lane=f"({name})",
                needs=tuple(needs),
                action=ToolAction(tool=tool, arguments=arguments),
                on_error=extra[0] if extra else "fail",
            )
        )
    return ExecutionPlan(
        flow="test", tools=tuple(tools.values()), steps=tuple(planned), outputs=tuple(outputs)
    )


def fail(**arguments):
    return ToolFailed(kind="exception", message="it broke")


def test_results_flow_along_references_with_their_native_types(tmp_path):
    plan = plan_of(
        {
            "make": ([], "make", {}),
            "use": (
                ["make"],
                "use",
                {"items": "{{ steps.make.output.items }}", "note": "n={{ steps.make.output.n }}"},
            ),
        },
        outputs=[("seen", "{{ steps.use.output }}")],
    )
    tools = ToldTools({"make": lambda: {"items": [1, 2], "n": 2}, "use": lambda **given: given})
    done = interpret(tmp_path, plan, tools=tools)
    assert done.last.status == "completed"
    assert done.last.outputs == {"seen": {"items": [1, 2], "note": "n=2"}}


def test_independent_steps_run_side_by_side(tmp_path):
    met, all_here = [], asyncio.Event()

    async def meet():
        met.append(1)
        if len(met) == 3:
            all_here.set()
        await all_here.wait()
        return "met"

    plan = plan_of({name: ([], "meet", {}) for name in "abc"})
    assert interpret(tmp_path, plan, tools=ToldTools({"meet": meet})).last.status == "completed"


def test_a_failed_step_fails_the_run_skips_what_needed_it_and_keeps_the_rest(tmp_path):
    plan = plan_of(
        {
            "good": ([], "ok", {}),
            "bad": ([], "fail", {}),
            "after": (["bad"], "ok", {}),
            "later": (["after"], "ok", {}),
        },
        outputs=[
            ("kept", "{{ steps.good.output }}"),
            ("lost", "{{ steps.after.output }}"),
            ("bad", "{{ steps.bad.output }}"),
        ],
    )
    done = interpret(tmp_path, plan, tools=ToldTools({"ok": lambda: "fine", "fail": fail}))
    assert done.last.status == "failed"
    assert done.last.error == "step `bad` failed: it broke"
    assert done.last.outputs == {"kept": "fine"}
    assert done.step("good").output == "fine"
    assert [done.step(name).status for name in ("bad", "after", "later")] == [
        "failed",
        "skipped",
        "skipped",
    ]
    assert done.step("later").error == "not run: step `bad` failed"


def test_on_error_continue_lets_later_steps_see_the_error(tmp_path):
    plan = plan_of(
        {
            "bad": ([], "fail", {}, "continue"),
            "after": (["bad"], "say", {"text": "{{ steps.bad.status }}: {{ steps.bad.error }}"}),
        },
        outputs=[("said", "{{ steps.after.output }}")],
    )
    tools = ToldTools({"fail": fail, "say": lambda text: text})
    done = interpret(tmp_path, plan, tools=tools)
    assert (done.last.status, done.last.outputs) == ("completed", {"said": "failed: it broke"})


def test_a_template_that_cannot_be_evaluated_fails_its_step(tmp_path):
    plan = plan_of(
        {"make": ([], "make", {}), "use": (["make"], "make", {"x": "{{ steps.make.output.nope }}"})}
    )
    done = interpret(tmp_path, plan, tools=ToldTools({"make": lambda **given: {"yes": 1}}))
    assert done.step("use").error_code == "expression"
    assert "nope" in done.step("use").error
    assert done.last.status == "failed"


def test_an_output_that_cannot_be_evaluated_fails_the_run(tmp_path):
    plan = plan_of({"make": ([], "make", {})}, outputs=[("x", "{{ steps.make.output.nope }}")])
    done = interpret(tmp_path, plan, tools=ToldTools({"make": lambda: {"yes": 1}}))
    assert done.last.status == "failed"
    assert "output `x`" in done.last.error


def test_data_are_never_templates(tmp_path):
    plan = plan_of(
        {"make": ([], "make", {}), "use": (["make"], "say", {"text": "> {{ steps.make.output }}"})},
        outputs=[("said", "{{ steps.use.output }}")],
    )
    hostile = "{{ run.id }} {% for x in inputs %}"
    tools = ToldTools({"make": lambda: hostile, "say": lambda text: text})
    assert interpret(tmp_path, plan, tools=tools).last.outputs == {"said": f"> {hostile}"}


def test_env_inputs_and_run_are_in_scope(tmp_path):
    plan = plan_of({"say": ([], "say", {"text": "{{ inputs.a }} {{ env.B }} {{ run.id }}"})})
    done = interpret(
        tmp_path,
        plan,
        tools=ToldTools({"say": lambda text: text}),
        inputs={"a": 1},
        environment={"B": "two"},
    )
    assert done.step("say").output == "1 two run-1"


def test_a_run_that_died_goes_on_without_repeating_finished_steps(tmp_path):
    plan = plan_of(
        {name: ([before] if before else [], "count", {"name": name}) for before, name in
         zip(["", "a", "b", "c"], "abcd", strict=True)},
        outputs=[("last", "{{ steps.d.output }}")],
    )  # fmt: skip
    calls = []

    def count(name):
        calls.append(name)
        if calls == ["a", "b", "c"]:
            raise Died
        return name

    tools = ToldTools({"count": count})
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools)
    done = interpret(tmp_path, plan, tools=tools, resume=True)
    assert done.last.outputs == {"last": "d"}
    assert calls == ["a", "b", "c", "c", "d"]
    assert [one.step for one in done.of(StepStarted)] == ["a", "b", "c", "d"]


def test_a_tool_step_cut_short_is_reported_unknown_and_not_run_again(tmp_path):
    plan = plan_of({"pay": ([], "pay", {})}, effect="at_most_once")
    calls = []

    def pay():
        calls.append(1)
        raise Died

    tools = ToldTools({"pay": pay})
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools)
    done = interpret(tmp_path, plan, tools=tools, resume=True)
    assert done.step("pay").error_code == "outcome_unknown"
    assert "cannot be known" in done.last.error
    assert len(calls) == 1

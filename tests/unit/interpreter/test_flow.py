"""The frontier: order, failures, skips, resumption, outputs."""

import asyncio

import pytest

from flowrun.events.records import FlowRunFinished, StepFinished, StepStarted
from flowrun.plan.plan import ExecutionPlan, PlannedStep, PlannedTool, ToolAction
from flowrun.ports.tools import ToolFailed
from tests.support.cost import cpu_seconds
from tests.support.crash import Died
from tests.support.interpreting import ToldTools, interpret


def plan_of(steps, outputs=(), effect="repeatable"):
    """A plan of tool steps from `{name: (needs, tool, arguments)}`; extra keys go to the step."""
    planned, tools = [], {}
    for number, (name, (needs, tool, arguments, *extra)) in enumerate(steps.items(), 1):
        tools[tool] = PlannedTool(name=tool, kind="python", effect=effect, on_unknown="fail")
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


def dying_after(event_of_step, kind=StepFinished):
    """Die right after one step's event was noted."""

    def watch(stamped):
        if isinstance(stamped.event, kind) and stamped.event.step == event_of_step:
            raise Died

    return watch


def test_of_several_failures_the_first_in_plan_order_is_told_whichever_came_first(tmp_path):
    later_failed = asyncio.Event()

    async def fail_late():
        await later_failed.wait()
        return fail()

    def fail_early():
        later_failed.set()
        return fail()

    plan = plan_of({"late": ([], "late", {}), "early": ([], "early", {})})
    tools = ToldTools({"late": fail_late, "early": fail_early})
    done = interpret(tmp_path, plan, tools=tools)
    assert done.last.error == "step `late` failed: it broke"


def test_after_a_failure_and_an_interruption_nothing_new_starts_either(tmp_path):
    """The failure is deep in the plan, what could start is not: order of recall must not matter."""
    plan = plan_of(
        {
            "root": ([], "ok", {"name": "root"}),
            "bad": (["root"], "fail", {}),
            "side": ([], "slow", {}),
            "after": (["side"], "ok", {"name": "after"}),
        }
    )
    called, failed = [], asyncio.Event()

    def ok(name):
        called.append(name)
        return name

    def break_off():
        failed.set()
        return fail()

    async def slow():
        await failed.wait()
        await asyncio.sleep(0.01)
        return "slow"

    tools = ToldTools({"ok": ok, "fail": break_off, "slow": slow})
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools, watch=dying_after("side"))
    done = interpret(tmp_path, plan, tools=tools, resume=True)
    assert called == ["root"]
    assert done.step("side").status == "completed"
    assert done.step("after").status == "skipped"


def test_what_had_begun_before_a_failure_is_not_called_skipped_after_an_interruption(tmp_path):
    plan = plan_of(
        {"root": ([], "ok", {}), "pay": (["root"], "pay", {}), "bad": ([], "fail", {})},
        effect="at_most_once",
    )
    paid, reached = [], asyncio.Event()

    async def pay():
        paid.append(1)
        reached.set()
        await asyncio.Event().wait()

    async def break_off():
        await reached.wait()
        return fail()

    tools = ToldTools({"ok": lambda: "ok", "pay": pay, "fail": break_off})
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools, watch=dying_after("bad"))
    done = interpret(tmp_path, plan, tools=tools, resume=True)
    assert done.step("pay").error_code == "outcome_unknown"
    assert done.last.error.startswith("step `pay` failed: `pay` was started before")
    assert len(paid) == 1


def test_finished_steps_of_an_earlier_life_are_seen_by_expressions(tmp_path):
    plan = plan_of(
        {
            "a": ([], "say", {"text": "one"}),
            "b": (["a"], "say", {"text": "{{ steps.a.output }} and two"}),
        },
        outputs=[("said", "{{ steps.b.output }} of {{ steps.a.output }}")],
    )
    tools = ToldTools({"say": lambda text: text})
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools, watch=dying_after("a"))
    done = interpret(tmp_path, plan, tools=tools, resume=True)
    assert done.last.outputs == {"said": "one and two of one"}
    assert [given["text"] for _, given in tools.calls] == ["one", "one and two"]


def test_dying_at_the_very_last_event_leaves_a_run_that_is_over(tmp_path):
    plan = plan_of({"a": ([], "ok", {})})

    def watch(stamped):
        if isinstance(stamped.event, FlowRunFinished):
            raise Died

    tools = ToldTools({"ok": lambda: "ok"})
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools, watch=watch)
    done = interpret(tmp_path, plan, tools=tools)
    assert done.head.status == "completed"
    assert len(done.of(FlowRunFinished)) == 1


def test_an_empty_plan_is_done_at_once(tmp_path):
    done = interpret(tmp_path, plan_of({}, outputs=[("a", "{{ run.id }}")]))
    assert (done.last.status, done.last.outputs) == ("completed", {"a": "run-1"})


def test_a_mistake_of_ours_in_one_step_stops_the_others_and_is_raised(tmp_path):
    stopped = []

    async def hold():
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(1)

    def break_down():
        raise ZeroDivisionError

    plan = plan_of({"hold": ([], "hold", {}), "broken": ([], "broken", {})})
    tools = ToldTools({"hold": hold, "broken": break_down})
    with pytest.raises(ZeroDivisionError):
        interpret(tmp_path, plan, tools=tools)
    assert stopped == [1]


def carry_out(folder, steps):
    tools = ToldTools({"ok": lambda **given: "ok"})
    assert interpret(folder, plan_of(steps), tools=tools).last.status == "completed"


def chain(length):
    return {
        f"s{n}": ([f"s{n - 1}"], "ok", {"x": f"{{{{ steps.s{n - 1}.output }}}}"})
        if n
        else ([], "ok", {})
        for n in range(length)
    }


def fan(width):
    middle = {f"s{n}": (["first"], "ok", {"x": "{{ steps.first.output }}"}) for n in range(width)}
    return {"first": ([], "ok", {}), **middle, "last": (list(middle), "ok", {})}


@pytest.mark.parametrize("shape", [chain, fan])
def test_a_step_costs_the_same_in_a_long_and_in_a_wide_plan(tmp_path, shape):
    carry_out(tmp_path / "warm", shape(50))
    few, many = shape(400), shape(2_000)
    small = cpu_seconds(lambda number: carry_out(tmp_path / f"small-{number}", few))
    large = cpu_seconds(lambda number: carry_out(tmp_path / f"large-{number}", many), tries=2)
    assert large < 10 * small, "five times the steps, not twenty-five times the work"

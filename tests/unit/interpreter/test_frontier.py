"""The frontier with conditions and joins: what is skipped, what is not run, what is let in next."""

import asyncio

import pytest

from flowrun.events.records import StepFinished, StepStarted
from flowrun.plan.plan import PlannedForeach
from flowrun.ports.tools import ToolFailed
from tests.support.cost import cpu_seconds
from tests.support.crash import Died
from tests.support.interpreting import ToldTools, interpret
from tests.support.steps import call, compute, plan_of, subflow


def labels(events, kind=StepStarted):
    return [one.step for one in events if isinstance(one, kind)]


def said(done, *names):
    return {name: (done.step(name).status, done.step(name).error) for name in names}


def ok(name, *needs, **layers):
    return compute(name, *needs, values={"n": 1}, **layers)


def fail():
    return ToolFailed(kind="exception", message="it broke")


FAIL = {"bad": fail, "worse": fail}


def test_a_false_condition_skips_the_step_and_what_builds_on_it(tmp_path):
    plan = plan_of(
        ok("maybe", condition="inputs.go"),
        ok("after", "maybe"),
        ok("later", "after"),
        ok("other"),
        outputs=(("was", "{{ steps.maybe.status }}: {{ steps.after.output }}"),),
    )
    done = interpret(tmp_path, plan, inputs={"go": False})
    assert said(done, "maybe", "after", "later", "other") == {
        "maybe": ("skipped", "skipped: `if` is false"),
        "after": ("skipped", "skipped: step `maybe` was skipped"),
        "later": ("skipped", "skipped: step `after` was skipped"),
        "other": ("completed", None),
    }
    assert labels(done.events) == ["other"]
    assert done.last.status == "completed"
    assert done.last.outputs == {"was": "skipped: null"}


@pytest.mark.parametrize(("go", "started"), [(True, ["a", "c"]), (False, ["b", "c"])])
def test_two_branches_join_in_a_step_that_takes_either(tmp_path, go, started):
    plan = plan_of(
        ok("a", condition="inputs.go"),
        ok("b", condition="not inputs.go"),
        compute("c", "a", "b", join="any",
                values={"n": "{{ (steps.a.output or steps.b.output).n }}"}),
        outputs=(("n", "{{ steps.c.output.n }}"),),
    )  # fmt: skip
    done = interpret(tmp_path, plan, inputs={"go": go})
    assert labels(done.events) == started
    assert done.last.outputs == {"n": 1}


def test_a_join_of_skipped_branches_is_skipped(tmp_path):
    plan = plan_of(ok("a", condition="false"), ok("b", "a", join="any"))
    assert said(interpret(tmp_path, plan), "b")["b"][1] == "skipped: step `a` was skipped"


def test_a_condition_without_a_value_fails_the_step(tmp_path):
    plan = plan_of(ok("a", condition="inputs.nope", on_error="continue"), ok("b", "a"))
    done = interpret(tmp_path, plan)
    assert (done.step("a").status, done.step("a").error_code) == ("failed", "expression")
    assert labels(done.events) == ["a", "b"]
    assert done.last.status == "completed"


def test_a_condition_may_look_at_what_was_tolerated(tmp_path):
    plan = plan_of(
        call("bad", on_error="continue"),
        ok("mend", "bad", condition="steps.bad.status == 'failed'"),
        ok("celebrate", "bad", condition="steps.bad.status == 'completed'"),
    )
    done = interpret(tmp_path, plan, tools=ToldTools(FAIL))
    assert labels(done.events) == ["bad", "mend"]


def test_order_on_a_thread_does_not_care_how_the_step_before_ended(tmp_path):
    plan = plan_of(ok("a", condition="false"), ok("b", after=("a",)), ok("c", "b", after=("b",)))
    assert labels(interpret(tmp_path, plan).events) == ["b", "c"]


def test_what_was_not_run_names_its_own_need_or_the_first_failure(tmp_path):
    held = asyncio.Event()

    async def worse():
        await held.wait()
        return fail()

    def bad():
        held.set()
        return fail()

    plan = plan_of(call("bad"), call("worse"), ok("on_worse", "worse"), ok("last", "on_worse"))
    done = interpret(tmp_path, plan, tools=ToldTools({"bad": bad, "worse": worse}))
    assert said(done, "on_worse", "last") == {
        "on_worse": ("skipped", "not run: step `worse` failed"),
        "last": ("skipped", "not run: step `bad` failed"),
    }


def test_expressions_do_not_see_what_was_not_run_also_after_a_crash(tmp_path):
    plan = plan_of(
        call("bad"), ok("after", "bad", on_error="continue"),
        outputs=(("after", "{{ steps.after.status }}"),),
    )  # fmt: skip

    def watch(stamped):
        if isinstance(stamped.event, StepFinished) and stamped.event.step == "after":
            raise Died

    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=ToldTools(FAIL), watch=watch)
    done = interpret(tmp_path, plan, tools=ToldTools(FAIL))
    assert done.last.outputs == {}


def test_a_skip_is_found_again_and_not_decided_twice(tmp_path):
    calls = []

    def die_once():
        calls.append(1)
        if len(calls) == 1:
            raise Died
        return 1

    plan = plan_of(ok("a", condition="false"), ok("b", "a"), call("c", "b", join="any"),
                   call("d", tool="c"))  # fmt: skip
    tools = ToldTools({"c": die_once})
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools)
    done = interpret(tmp_path, plan, tools=tools)
    assert sorted(labels(done.events, StepFinished)) == ["a", "b", "c", "d"]


def counting(most):
    """A tool that notes its name, how many are at work, and takes a few turns."""
    order, at_work = [], [0]

    async def run(name):
        order.append(name)
        at_work[0] += 1
        most.append(at_work[0])
        for _ in range(3):
            await asyncio.sleep(0)
        at_work[0] -= 1

    return order, run


def work(name, *needs, **layers):
    return call(name, *needs, tool="work", given={"name": name}, **layers)


def test_no_more_steps_are_at_work_than_allowed_and_the_next_is_the_first_in_the_plan(tmp_path):
    most = []
    order, run = counting(most)
    plan = plan_of(*[work(name) for name in "abcdefg"], limits={"max_parallel": 2})
    done = interpret(tmp_path, plan, tools=ToldTools({"work": run}))
    assert done.last.status == "completed"
    assert order == list("abcdefg")
    assert max(most) == 2


def test_items_and_steps_of_sub_flows_count_too(tmp_path):
    most = []
    order, run = counting(most)
    inner = plan_of(work("x"), work("y"), work("z"), flow="inner", limits={"max_parallel": 1})
    items = call("each", tool="work", given={"name": "{{ item }}"},
                 foreach=PlannedForeach(items=["1", "2", "3", "4"], max_parallel=3))  # fmt: skip
    plan = plan_of(work("a"), items, subflow("flow", inner), work("b"), limits={"max_parallel": 2})
    done = interpret(tmp_path, plan, tools=ToldTools({"work": run}))
    assert done.last.status == "completed"
    assert sorted(order) == sorted("a1234xyzb")
    assert max(most) == 2


def test_a_failure_keeps_those_in_line_from_starting(tmp_path):
    plan = plan_of(call("bad"), work("a"), work("b"), limits={"max_parallel": 1})
    called, run = counting([])
    done = interpret(tmp_path, plan, tools=ToldTools({**FAIL, "work": run}))
    assert called == []
    assert said(done, "a", "b") == dict.fromkeys("ab", ("skipped", "not run: step `bad` failed"))
    assert labels(done.events) == ["bad"]


def chain_of_skips(length):
    first = ok("s0", condition="false")
    return plan_of(first, *[ok(f"s{n}", f"s{n - 1}") for n in range(1, length)])


def test_a_skip_costs_the_same_in_a_long_chain(tmp_path):
    def carry_out(name, plan):
        assert interpret(tmp_path / name, plan).last.status == "completed"

    carry_out("warm", chain_of_skips(50))
    few, many = chain_of_skips(400), chain_of_skips(2_000)
    small = cpu_seconds(lambda number: carry_out(f"small-{number}", few))
    large = cpu_seconds(lambda number: carry_out(f"large-{number}", many), tries=2)
    assert large < 10 * small, "five times the steps, not twenty-five times the work"

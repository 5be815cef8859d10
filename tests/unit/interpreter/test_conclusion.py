"""How a run ends: with its limits, with its tokens, and with one step alone."""

import pytest

from flowrun.events.records import StepFinished, StepStarted
from flowrun.plan.plan import PlannedForeach
from flowrun.ports.tools import ToolFailed
from tests.support.crash import Died
from tests.support.interpreting import ToldRuntime, ToldTools, interpret
from tests.support.steps import call, compute, plan_of, talk


def result(done, name):
    one = done.step(name)
    return one.status, one.error_code or one.error


def test_tokens_end_the_run_whatever_on_error_says(tmp_path):
    plan = plan_of(talk("a", on_error="continue"), talk("b", "a"), limits={"max_tokens": 10})
    done = interpret(tmp_path, plan, runtime=ToldRuntime({"guide": ["one", "two"]}))
    assert (done.last.status, done.last.error_code) == ("failed", "budget")
    assert done.last.error == (
        "step `a` failed: the limit `max_tokens` of 10 is reached: 15 tokens were used"
    )
    assert result(done, "b") == ("skipped", "not run: step `a` failed")


def test_no_item_starts_once_a_limit_is_reached(tmp_path):
    plan = plan_of(
        talk("a", on_error="continue", foreach=PlannedForeach(items=list("abcd"), max_parallel=1)),
        limits={"max_tokens": 20},
    )
    done = interpret(tmp_path, plan, runtime=ToldRuntime({"guide": list("1234")}))
    assert [one.step for one in done.of(StepStarted)] == ["a", "a[0]", "a[1]"]
    assert result(done, "a") == ("failed", "budget")
    assert done.step("a").output[0] == "1"
    assert done.step("a").error == "the limit `max_tokens` of 20 is reached: 30 tokens were used"


def test_tokens_of_earlier_lives_count_once(tmp_path):
    def watch(stamped):
        if isinstance(stamped.event, StepFinished) and stamped.event.step == "a[0]":
            raise Died

    plan = plan_of(
        talk("a", foreach=PlannedForeach(items=list("ab"), max_parallel=1)),
        talk("b", "a"),
        limits={"max_tokens": 1_000},
    )
    runtime = ToldRuntime({"guide": ["one", "two", "three"]})
    with pytest.raises(Died):
        interpret(tmp_path, plan, runtime=runtime, watch=watch)
    done = interpret(tmp_path, plan, runtime=runtime)
    assert done.step("a").usage["total_tokens"] == 30
    assert done.last.usage["total_tokens"] == 45


def test_a_run_without_models_tells_no_tokens(tmp_path):
    done = interpret(tmp_path, plan_of(compute("a", values={})))
    assert (done.last.usage, done.last.cost_usd) == (None, None)


def only(folder, name, recorded=(), **fields):
    plan = plan_of(
        compute("a", values={"n": 1}),
        call("b", "a", given={"n": "{{ steps.a.output.n }}"}),
        compute("c", "b", values={"n": 3}),
        outputs=(("b", "{{ steps.b.output }}"), ("c", "{{ steps.c.output.n }}")),
    )
    tools = ToldTools({"b": fields.pop("tool", lambda n: n * 10)})
    return interpret(folder, plan, tools=tools, only=name, recorded=recorded)


def known(name, **fields):
    return StepFinished(step=name, **{"status": "completed", **fields})


def test_one_step_runs_with_the_recorded_results_of_the_others(tmp_path):
    done = only(tmp_path, "b", [known("a", output={"n": 7})])
    assert (done.last.status, done.last.outputs) == ("completed", {"b": 70})
    assert done.step("b").output == 70
    assert result(done, "c") == ("skipped", "not run: only `b` was asked for")
    assert [one.step for one in done.of(StepStarted)] == ["b"]


def test_one_step_that_fails_fails_the_run(tmp_path):
    def fail(n):
        return ToolFailed(kind="exception", message="it broke")

    done = only(tmp_path, "b", [known("a", output={"n": 7})], tool=fail)
    assert (done.last.status, done.last.error) == ("failed", "step `b` failed: it broke")


def test_failures_of_the_recorded_run_elsewhere_do_not_matter(tmp_path):
    recorded = [known("a", output={"n": 7}), known("c", status="failed", error="it broke")]
    assert only(tmp_path, "b", recorded).last.status == "completed"


def test_one_step_whose_needs_are_not_recorded_does_not_run(tmp_path):
    done = only(tmp_path, "b")
    assert done.last.status == "failed"
    assert done.last.error == "step `b` did not run: skipped: step `a` was skipped"

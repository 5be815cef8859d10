"""The innermost layer: an expression that has no value fails whatever kind of step it is in."""

import pytest

from flowrun.interpreter.action import unevaluated
from tests.support.interpreting import ToldRuntime, ToldTools, interpret
from tests.support.steps import ask, call, compute, plan_of, subflow, talk

NOPE = "{{ inputs.nope }}"
STEPS = {
    "tool": call("a", given={"n": NOPE}),
    "assistant": talk("a", message=NOPE),
    "flow": subflow("a", plan_of(flow="inner"), given={"n": NOPE}),
    "ask": ask("a", message=NOPE),
    "set": compute("a", values={"n": NOPE}),
}


@pytest.mark.parametrize("kind", STEPS)
def test_what_cannot_be_evaluated_fails_the_step(tmp_path, kind):
    plan = plan_of(STEPS[kind])
    done = interpret(tmp_path, plan, tools=ToldTools({}), runtime=ToldRuntime({}))
    assert (done.step("a").status, done.step("a").error_code) == ("failed", "expression")
    assert done.step("a").error.startswith("`{{ inputs.nope }}`: no `nope`")


def test_its_result_says_why():
    result = unevaluated("a[1]", "no value")
    assert (result.step, result.error, result.error_code) == ("a[1]", "no value", "expression")

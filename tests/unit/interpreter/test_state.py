"""What one execution knows: compiled templates, results as they come, the failure that counts."""

import pytest

from flowrun.events.records import StepFinished
from flowrun.expression.template import ExpressionFailed
from flowrun.interpreter.state import as_text, open_state, prepare_plan, step_view
from flowrun.plan.plan import (
    AssistantAction,
    ExecutionPlan,
    PlannedAssistant,
    PlannedStep,
    PlannedThread,
    PlannedTool,
    ToolAction,
)
from tests.support.interpreting import ToldRuntime, ToldTools

LOOK = PlannedTool(
    name="look", kind="python", description="Look", parameters={"type": "object"}, timeout_s=5
)


def step(name, number, *needs, action=None, on_error="fail"):
    return PlannedStep(
        name=name,
        number=number,
        lane=f"({name})",
        needs=needs,
        action=action or ToolAction(tool="look"),
        on_error=on_error,
    )


def talk(message=""):
    return AssistantAction(assistant="guide", thread="talk", message=message)


PLAN = ExecutionPlan(
    flow="test",
    tools=(LOOK,),
    assistants=(PlannedAssistant(name="guide", model="m", instructions="For {{ inputs.who }}"),),
    threads=(PlannedThread(name="talk", key="{{ inputs.who }}"), PlannedThread(name="plain")),
    steps=(
        step("a", 1),
        step("b", 2, "a", action=talk("Hello {{ inputs.who }}")),
        step("c", 3, "a", "b", action=talk()),
        step("d", 4, on_error="continue"),
    ),
    outputs=(("n", {"deep": ["{{ 1 + 1 }}"]}),),
)


def opened(plan=PLAN):
    return open_state(
        prepare_plan(plan),
        ToldRuntime({}),
        ToldTools({}),
        run_id="run-1",
        inputs={"who": "Ann"},
        environment={"CITY": "Paris"},
    )


def finished(name, status="completed", **extra):
    return StepFinished(step=name, status=status, **extra)


def test_dependents_are_known_in_plan_order_for_every_step():
    prepared = prepare_plan(PLAN)
    found = {name: [one.name for one in steps] for name, steps in prepared.dependents.items()}
    assert found == {"a": ["b", "c"], "b": ["c"], "c": [], "d": []}


def test_templates_are_compiled_and_those_without_text_are_left_out():
    prepared, scope = prepare_plan(PLAN), opened().scope
    assert prepared.messages["b"].evaluate(scope) == "Hello Ann"
    assert set(prepared.messages) == {"b"}
    assert set(prepared.arguments) == {"a", "d"}
    assert prepared.instructions["guide"].evaluate(scope) == "For Ann"
    assert set(prepared.thread_keys) == {"talk"}
    assert set(prepared.threads) == {"talk", "plain"}
    assert prepared.outputs[0][1].evaluate(scope) == {"deep": [2]}


def test_models_are_shown_a_tool_without_what_is_ours():
    shown = prepare_plan(PLAN).functions["look"]
    assert (shown.name, shown.description, shown.parameters) == ("look", "Look", LOOK.parameters)
    assert not hasattr(shown, "timeout_s")


def test_a_template_that_is_none_is_refused_before_the_run():
    with pytest.raises(ExpressionFailed):
        prepare_plan(ExecutionPlan(flow="test", outputs=(("n", "{{ 1 +"),)))


def test_expressions_see_inputs_environment_run_and_no_steps_at_first():
    assert opened().scope == {
        "inputs": {"who": "Ann"},
        "env": {"CITY": "Paris"},
        "run": {"id": "run-1"},
        "steps": {},
    }


def test_a_result_is_seen_by_expressions_under_the_steps_name():
    state = opened()
    state.finish(PLAN.steps[0], finished("a", output={"n": 1}, usage={"total_tokens": 3}))
    view = state.scope["steps"]["a"]
    assert view == step_view(state.results["a"])
    assert (view["output"], view["status"], view["usage"]) == (
        {"n": 1},
        "completed",
        {"total_tokens": 3},
    )
    assert state.failure is None


def test_the_failure_that_counts_is_the_first_in_plan_order():
    state = opened()
    for at in (2, 1, 0):
        state.finish(PLAN.steps[at], finished(PLAN.steps[at].name, "failed", error="it broke"))
        assert state.failure.step == PLAN.steps[at].name
    state.finish(PLAN.steps[1], finished("b", "failed"))
    assert state.failure.step == "a"


def test_a_failure_under_on_error_continue_does_not_count():
    state = opened()
    state.finish(PLAN.steps[3], finished("d", "failed", error="it broke"))
    assert state.failure is None
    assert state.scope["steps"]["d"]["error"] == "it broke"


def test_a_view_has_every_field_the_language_promises():
    promised = {
        "output", "status", "error", "errors", "messages", "tool_calls", "citations", "files",
        "usage", "thread_id", "run_id",
    }  # fmt: skip
    assert set(step_view(finished("a"))) == promised


@pytest.mark.parametrize(
    ("value", "said"),
    [("text", "text"), ("", ""), (None, "null"), (True, "true"), (("a", 1), '["a",1]'), ({}, "{}")],
)
def test_a_value_stands_in_a_text_as_json(value, said):
    assert as_text(value) == said

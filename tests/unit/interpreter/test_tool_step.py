"""A tool as a step: its arguments' types, its value, and what is said when it fails."""

import pytest

from flowrun.events.records import ToolCallStarted
from flowrun.plan.plan import ExecutionPlan, PlannedStep, PlannedTool, ToolAction
from flowrun.ports.tools import ToolFailed, ToolSucceeded
from tests.support.crash import Died
from tests.support.interpreting import ToldTools, interpret


def plan_of(arguments=None, effect="at_most_once"):
    action = ToolAction(tool="disk_free", arguments=arguments or {})
    return ExecutionPlan(
        flow="test",
        tools=(PlannedTool(name="disk_free", kind="shell", effect=effect, on_unknown="fail"),),
        steps=(PlannedStep(name="disk", number=1, lane="(disk)", action=action),),
    )


def take(folder, function, arguments=None, **extra):
    tools = ToldTools({"disk_free": function})
    done = interpret(folder, plan_of(arguments), tools=tools, **extra)
    return done.step("disk"), tools


def test_arguments_keep_the_types_of_their_expressions(tmp_path):
    arguments = {
        "number": "{{ inputs.n }}",
        "text": "n is {{ inputs.n }}",
        "list": ["{{ inputs.n }}", 2, None],
        "nested": {"deep": "{{ inputs }}"},
        "plain": "no template",
    }
    _, tools = take(tmp_path, lambda **given: given, arguments, inputs={"n": 1})
    assert tools.calls == [
        (
            "disk_free",
            {
                "number": 1,
                "text": "n is 1",
                "list": [1, 2, None],
                "nested": {"deep": {"n": 1}},
                "plain": "no template",
            },
        )
    ]


def test_the_tools_value_is_the_steps_output_not_its_text(tmp_path):
    value = {"stdout": "4 GiB", "stderr": "", "exit_code": 0}
    finished, _ = take(tmp_path, lambda: ToolSucceeded(value=value, text="4 GiB"))
    assert (finished.status, finished.output, finished.error) == ("completed", value, None)
    assert finished.duration_s >= 0


def test_a_failed_program_leaves_its_streams_as_output(tmp_path):
    value = {"stdout": "", "stderr": "no such file", "exit_code": 1}
    failed = ToolFailed(kind="exit_code", message="it ended with exit code 1", value=value)
    finished, _ = take(tmp_path, lambda: failed)
    assert (finished.status, finished.error_code) == ("failed", "tool")
    assert (finished.output, finished.error) == (value, "it ended with exit code 1")


def test_an_argument_that_cannot_be_evaluated_fails_the_step_before_the_call(tmp_path):
    finished, tools = take(tmp_path, lambda x: x, {"x": "{{ inputs.n.of }}"}, inputs={"n": 1})
    assert finished.error_code == "expression"
    assert tools.calls == []


def test_its_beginning_is_shown(tmp_path):
    shown = []
    take(tmp_path, lambda: 1, watch=lambda one: shown.append(one.event))
    assert ToolCallStarted(step="disk", call_id="", tool="disk_free") in shown


class KeyedTools(ToldTools):
    """Tools that note under which key they were called."""

    async def run(self, tool, arguments, invocation):
        self.calls.append(invocation)
        return await super().run(tool, arguments, invocation)


def test_every_try_of_the_call_has_the_same_idempotency_key(tmp_path):
    tries = []

    def flaky():
        tries.append(1)
        if len(tries) == 1:
            raise Died
        return "done"

    tools = KeyedTools({"disk_free": flaky})
    plan = plan_of(effect="repeatable")
    with pytest.raises(Died):
        interpret(tmp_path, plan, tools=tools)
    interpret(tmp_path, plan, tools=tools, resume=True)
    first, second = tools.calls[::2]
    assert (first.run_id, first.key) == ("run-1", "steps/disk/finished")
    assert first.idempotency_key == second.idempotency_key


def test_a_call_that_was_cut_short_is_unknown_and_says_so(tmp_path):
    def die():
        raise Died

    with pytest.raises(Died):
        take(tmp_path, die)
    finished, tools = take(tmp_path, die, resume=True)
    assert (finished.status, finished.error_code) == ("failed", "outcome_unknown")
    assert finished.error.startswith("`disk_free` was started before an interruption")
    assert tools.calls == []

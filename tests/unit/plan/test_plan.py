"""Looking up in a plan."""

import pytest

from flowrun.plan.plan import ExecutionPlan, PlannedAssistant, PlannedTool

PLAN = ExecutionPlan(
    flow="f",
    tools=(PlannedTool(name="t", kind="shell"),),
    assistants=(PlannedAssistant(name="g", model="m"),),
)


def test_tools_and_assistants_are_found_by_name():
    assert PLAN.tool("t").kind == "shell"
    assert PLAN.assistant("g").model == "m"
    with pytest.raises(StopIteration):
        PLAN.tool("x")

"""The plan's one JSON text."""

import json

from flowrun.plan.codec import plan_digest, plan_from_json, plan_to_json
from flowrun.plan.plan import (
    PLAN_ABI,
    AssistantAction,
    ExecutionPlan,
    PlannedAssistant,
    PlannedStep,
    PlannedThread,
    PlannedTool,
    ToolAction,
)

PLAN = ExecutionPlan(
    flow="f",
    inputs=(("a", {"type": "string"}),),
    env=("X",),
    tools=(
        PlannedTool(
            name="t",
            kind="shell",
            argv=("df", "{{ args.a }}"),
            env=(("A", "b"),),
            parameters={"type": "object"},
            timeout_s=5.0,
        ),
    ),
    assistants=(
        PlannedAssistant(name="g", model="m", tools=("t",), metadata=(("k", "v"),), temperature=0),
    ),
    threads=(PlannedThread(name="h", key="{{ run.id }}"),),
    steps=(
        PlannedStep(
            name="s",
            number=1,
            lane="h",
            action=AssistantAction(assistant="g", thread="h", message="é"),
        ),
        PlannedStep(
            name="u", number=2, lane="(u)", needs=("s",), action=ToolAction(tool="t", arguments={})
        ),
    ),
    outputs=(("o", ["{{ steps.s.output }}"]),),
)


def test_a_plan_comes_back_as_it_was():
    assert plan_from_json(plan_to_json(PLAN)) == PLAN


def test_the_text_is_canonical_json():
    text = plan_to_json(PLAN)
    value = json.loads(text)
    assert value["abi"] == PLAN_ABI
    assert text == json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert "é" in text


def test_the_digest_is_64_digits_of_the_text():
    assert len(plan_digest(PLAN)) == 64
    assert int(plan_digest(PLAN), 16)


def test_zero_and_false_are_written_and_what_is_empty_is_not():
    written = json.loads(plan_to_json(PLAN))
    assert written["assistants"][0]["temperature"] == 0
    assert "instructions" not in written["assistants"][0]

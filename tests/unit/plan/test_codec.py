"""The plan's one JSON text."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.plan import codec
from flowrun.plan.codec import plan_digest, plan_from_json, plan_to_json
from flowrun.plan.plan import (
    PLAN_ABI,
    AskAction,
    AssistantAction,
    ExecutionPlan,
    FlowAction,
    PlannedAssistant,
    PlannedForeach,
    PlannedLimits,
    PlannedPrices,
    PlannedRepeat,
    PlannedRetry,
    PlannedStep,
    PlannedThread,
    PlannedTool,
    SetAction,
    ToolAction,
)

ABI_1 = Path(__file__).with_name("plan_of_abi_1.json")

TOOL = PlannedTool(
    name="t",
    kind="shell",
    argv=("df", "{{ args.a }}"),
    env=(("A", "b"),),
    parameters={"type": "object"},
    timeout_s=5.0,
    effect="probe",
    probe="p",
    on_unknown="tell_model",
    approval="always",
    retry=PlannedRetry(attempts=3, delay_s=0.5, on=("tool", "timeout")),
)
GUIDE = PlannedAssistant(
    name="g",
    model="m",
    tools=("t",),
    metadata=(("k", "v"),),
    temperature=0,
    parallel_tool_calls=False,
    prices=PlannedPrices(input=0.25, output=2, cached_input=0),
)


def step(number, action, **more):
    name = f"s{number}"
    return PlannedStep(name=name, number=number, lane=f"({name})", action=action, **more)


INNER = ExecutionPlan(
    flow="inner", steps=(step(1, SetAction(values={"a": [1, "{{ inputs.b }}"]})),)
)

PLAN = ExecutionPlan(
    flow="f",
    inputs=(("a", {"type": "string"}),),
    env=("X",),
    tools=(TOOL,),
    assistants=(GUIDE,),
    threads=(PlannedThread(name="h", key="{{ run.id }}"),),
    steps=(
        step(1, AssistantAction(assistant="g", thread="h", message="é", overrides={"output": {}})),
        step(
            2,
            ToolAction(tool="t", arguments={"list": [1, [2]]}),
            needs=("s1",),
            after=("s0",),
            join="any",
            condition="steps.s1.output",
            retry=PlannedRetry(attempts=2),
            timeout_s=30.0,
        ),
        step(
            3,
            FlowAction(path="flows/inner.flow.yaml", plan=INNER, inputs={"b": "{{ item }}"}),
            foreach=PlannedForeach(items="inputs.a", max_parallel=3),
            on_error="continue",
        ),
        step(
            4,
            AskAction(message="Well?", schema={"type": "object"}),
            repeat=PlannedRepeat(until="steps.s4.output.ok", max=5),
        ),
        step(5, SetAction(values={"x": 1}), foreach=PlannedForeach(items=["a", {"b": None}])),
    ),
    outputs=(("o", ["{{ steps.s1.output }}"]),),
    limits=PlannedLimits(max_tokens=10, max_cost_usd=0.5, timeout_s=60.0),
)


def test_a_plan_comes_back_as_it_was():
    assert plan_from_json(plan_to_json(PLAN)) == PLAN


def test_the_text_is_json_without_spaces():
    text = plan_to_json(PLAN)
    value = json.loads(text)
    assert value["abi"] == PLAN_ABI
    assert text == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert "é" in text


def test_mappings_keep_their_order_for_expressions_see_it():
    written = {"z": 1, "a": {"y": 2, "b": 3}}
    plan = ExecutionPlan(flow="f", steps=(step(1, SetAction(values=written)),))
    again = plan_from_json(plan_to_json(plan))
    assert str(again.steps[0].action.values) == str(written)
    other = ExecutionPlan(
        flow="f", steps=(step(1, SetAction(values={"a": {"y": 2, "b": 3}, "z": 1})),)
    )
    assert plan_digest(other) != plan_digest(plan)


def test_the_digest_is_64_digits_of_the_text():
    assert len(plan_digest(PLAN)) == 64
    assert int(plan_digest(PLAN), 16)


def test_zero_and_false_are_written_and_what_is_empty_is_not():
    written = json.loads(plan_to_json(PLAN))["assistants"][0]
    assert written["temperature"] == 0
    assert written["parallel_tool_calls"] is False
    assert written["prices"] == {"input": 0.25, "output": 2, "cached_input": 0}
    assert "instructions" not in written


def test_what_equals_its_default_is_not_written():
    plain = ExecutionPlan(flow="f", steps=(step(1, ToolAction(tool="t")),))
    written = json.loads(plan_to_json(plain))
    assert written["steps"] == [
        {"name": "s1", "number": 1, "lane": "(s1)", "kind": "tool", "action": {"tool": "t"}}
    ]
    assert "limits" not in written


def test_a_sub_flow_stands_in_the_text_of_its_outer_flow():
    written = json.loads(plan_to_json(PLAN))["steps"][2]
    assert written["kind"] == "flow"
    assert written["action"]["plan"] == json.loads(plan_to_json(INNER))


def test_every_field_that_holds_a_record_is_known():
    """A new field of the plan that is a record needs a line in the codec."""
    names = {
        one.name
        for kind in (PlannedStep, PlannedTool, PlannedAssistant, PlannedThread)
        for one in fields(kind)
        if any(record.__name__ in str(one.type) for record in codec._NESTED)
    }
    assert names == set(codec._RECORDS)
    assert all(is_dataclass(one) for one in codec._NESTED)


def test_a_plan_of_the_abi_before_is_read_as_it_was_meant():
    plan = plan_from_json(ABI_1.read_text("utf-8"))
    assert plan.abi == 1
    assert [one.name for one in plan.steps] == ["forecast", "packing", "disk", "report", "keep"]
    packing = plan.steps[1]
    assert packing.needs == ("forecast",)  # thread order was among the needs
    assert packing.after == ()
    assert packing.on_error == "continue"
    assert plan.steps[3].action == AssistantAction(
        assistant="editor",
        message="{{ steps.packing.output }} {{ steps.disk.output.stdout }} in {{ env.REGION }}",
        overrides={"max_completion_tokens": 500},
    )
    assert plan.tool("disk_free").env == (("LANG", "C"), ("TOKEN", "${secret:TOKEN}"))
    assert plan.assistant("guide").metadata == (("team", "travel"),)
    assert plan.limits == PlannedLimits()


def test_an_unknown_outcome_fails_the_step_of_a_plan_of_the_abi_before():
    plan = plan_from_json(ABI_1.read_text("utf-8"))
    assert {one.on_unknown for one in plan.tools} == {"fail"}


def test_a_plan_of_the_abi_before_stays_one_when_it_is_written_again():
    plan = plan_from_json(ABI_1.read_text("utf-8"))
    assert plan_from_json(plan_to_json(plan)) == plan


texts = st.text(max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
mappings = st.dictionaries(texts, values, max_size=3)
names = st.lists(texts, max_size=3).map(tuple)
retries = st.none() | st.builds(
    PlannedRetry, attempts=st.integers(2, 9), delay_s=st.floats(0, 9), on=names
)
inner_plans = st.builds(
    ExecutionPlan, flow=texts, outputs=st.lists(st.tuples(texts, values), max_size=2).map(tuple)
)
actions = st.one_of(
    st.builds(AssistantAction, assistant=texts, thread=st.none() | texts, overrides=mappings),
    st.builds(ToolAction, tool=texts, arguments=mappings),
    st.builds(FlowAction, path=texts, plan=inner_plans, inputs=mappings),
    st.builds(AskAction, message=texts, schema=st.none() | mappings),
    st.builds(SetAction, values=mappings),
)
steps = st.builds(
    PlannedStep,
    name=texts,
    number=st.integers(1, 9),
    lane=texts,
    needs=names,
    after=names,
    action=actions,
    on_error=st.sampled_from(["fail", "continue"]),
    join=st.sampled_from(["all", "any"]),
    condition=texts,
    foreach=st.none() | st.builds(PlannedForeach, items=values, max_parallel=st.integers(1, 99)),
    repeat=st.none() | st.builds(PlannedRepeat, until=texts, max=st.integers(1, 9)),
    retry=retries,
    timeout_s=st.none() | st.floats(0.1, 9),
)
limits = st.builds(
    PlannedLimits,
    max_tokens=st.none() | st.integers(1, 9),
    max_cost_usd=st.none() | st.floats(0, 9),
)


@given(
    st.builds(
        ExecutionPlan, flow=texts, steps=st.lists(steps, max_size=4).map(tuple), limits=limits
    )
)
def test_any_plan_comes_back_as_it_was(plan):
    text = plan_to_json(plan)
    again = plan_from_json(text)
    assert again == plan
    assert plan_to_json(again) == text


@pytest.mark.parametrize("kind", ["assistant", "tool", "flow", "ask", "set"])
def test_every_kind_of_step_has_its_word(kind):
    assert codec._KINDS[codec._ACTIONS[kind]] == kind

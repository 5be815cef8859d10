"""A plan as people read it."""

import pytest

from flowrun.plan.codec import plan_digest
from flowrun.plan.plan import ExecutionPlan, PlannedForeach, PlannedLimits
from flowrun.plan.text import (
    one_line,
    plan_text,
    shown_items,
    shown_limits,
    shown_seconds,
    steps_by_lane,
)
from tests.support.flows import compiled
from tests.support.plans import call, everything, trip_report

FLOW = """tools: {disk_free: {shell: [df]}}
assistants: {guide: {model: m}, editor: {model: m}}
threads: {research: {}, writing: {}}
steps:
  forecast: {assistant: guide, thread: research, message: Hi}
  packing: {assistant: guide, thread: research, message: Ho}
  disk: {tool: disk_free, on_error: continue}
  report:
    assistant: editor
    thread: writing
    message: "{{ steps.forecast.output }} {{ steps.packing.output }} {{ steps.disk.output }}"
"""


def test_a_lane_for_each_thread_and_a_line_for_each_step():
    plan = compiled(FLOW)
    assert plan_text(plan) == (
        f"plan {plan_digest(plan)[:12]} flow=sample steps=4 lanes=3\n"
        "lane research\n"
        "  1 forecast  assistant=guide\n"
        "  2 packing   assistant=guide\n"
        "lane (disk)\n"
        "  3 disk      tool=disk_free  on_error=continue\n"
        "lane writing\n"
        "  4 report    assistant=editor  needs=[forecast, packing, disk]\n"
    )


def test_lanes_come_in_the_order_of_their_first_steps():
    lines = plan_text(trip_report()).splitlines()
    assert [one for one in lines if one.startswith("lane")] == [
        "lane (disk)",
        "lane research",
        "lane writing",
    ]


def test_numbers_and_names_are_aligned():
    steps = "".join(f"  s{n}: {{tool: t}}\n" for n in range(12))
    text = plan_text(compiled(f"tools: {{t: {{shell: [df]}}}}\nsteps:\n{steps}"))
    assert "\n   1 s0   tool=t\n" in text
    assert "\n  12 s11  tool=t\n" in text


def test_every_layer_and_kind_is_on_the_line_of_its_step():
    plan = everything()
    assert plan_text(plan) == (
        f"plan {plan_digest(plan)[:12]} flow=everything steps=5 lanes=5\n"
        "limits max_cost_usd=2.5 max_parallel=4 timeout=10m\n"
        "lane (ok)\n"
        "  1 ok      ask=approval  timeout=1h\n"
        "lane (form)\n"
        "  2 form    ask=form[days, note]  if=(run.id)\n"
        "lane (disk)\n"
        "  3 disk    tool=disk_free  needs=[ok]  foreach=(inputs.paths)  max_parallel=3  "
        "retry=(3 attempts, delay 500ms, backoff 1, max_delay 90s, on tool)  on_error=continue\n"
        "lane (values)\n"
        "  4 values  set=[a, b]  foreach=(1 item)  max_parallel=10\n"
        "lane (nested)\n"
        "  5 nested  flow=flows/middle.flow.yaml  needs=[disk, ok]  join=any  "
        "repeat=(until steps.nested.output.ok and true, max 5)  retry=(2 attempts)\n"
        "      limits max_tokens=10\n"
        "      lane (deep)\n"
        "        1 deep  flow=flows/inner.flow.yaml\n"
        "            lane desk\n"
        "              1 draft  assistant=guide\n"
        "              2 again  assistant=guide\n"
    )


def test_needs_on_the_own_lane_are_named_for_they_decide_whether_it_runs():
    body = (
        "assistants: {g: {model: m}}\nthreads: {t: {}}\nsteps:\n"
        "  a: {assistant: g, thread: t, message: Hi}\n"
        "  b: {assistant: g, thread: t, message: Ho}\n"
        '  c: {assistant: g, thread: t, message: "{{ steps.a.output }}"}\n'
    )
    assert plan_text(compiled(body)).splitlines()[2:] == [
        "  1 a  assistant=g",
        "  2 b  assistant=g",
        "  3 c  assistant=g  needs=[a]",
    ]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("inputs.a", "inputs.a"),
        ("{{ inputs.a }}", "inputs.a"),
        ("  {{inputs.a}} ", "inputs.a"),
        ("a\n  and\tb", "a and b"),
        ("a == '\x1b[2J\u202e'", "a == '\\u001b[2J\\u202e'"),
        ("x" * 200, "x" * 99 + "…"),
    ],
)
def test_an_expression_is_one_line_that_any_terminal_can_show(expression, shown):
    assert one_line(expression) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.5, "500ms"), (1.0, "1s"), (1.5, "1.5s"), (90.0, "90s"), (120.0, "2m"), (7200.0, "2h")],
)
def test_durations_are_shown_as_they_are_written(seconds, shown):
    assert shown_seconds(seconds) == shown


def test_a_written_list_is_shown_by_its_length():
    assert shown_items(PlannedForeach(items=["a"])) == "1 item"
    assert shown_items(PlannedForeach(items=[])) == "0 items"
    assert shown_items(PlannedForeach(items="{{ inputs.a }}")) == "inputs.a"


def test_limits_that_are_not_set_are_not_shown():
    assert shown_limits(PlannedLimits()) == ()
    assert shown_limits(PlannedLimits(max_tool_rounds=3, timeout_s=90.0)) == (
        "max_tool_rounds=3",
        "timeout=90s",
    )


def test_steps_are_grouped_by_lane():
    plan = ExecutionPlan(
        flow="f", steps=(call("a", 1, lane="x"), call("b", 2), call("c", 3, lane="x"))
    )
    lanes = {lane: [one.name for one in steps] for lane, steps in steps_by_lane(plan).items()}
    assert lanes == {"x": ["a", "c"], "(b)": ["b"]}

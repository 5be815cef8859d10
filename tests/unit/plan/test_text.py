"""A plan as people read it."""

from flowrun.plan.codec import plan_digest
from flowrun.plan.text import plan_text
from tests.support.flows import compiled
from tests.support.plans import trip_report

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

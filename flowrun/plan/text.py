"""The plan as text: a lane per thread, a line per step, the same on every machine.

    plan 7c1e09d2a4b1 flow=weather-report steps=4 lanes=3
    lane research
      1 forecast  assistant=guide
      2 packing   assistant=guide
    lane (disk)
      3 disk      tool=disk_free
    lane writing
      4 report    assistant=editor  needs=[forecast, packing, disk]

Steps of one lane run one after the other; `needs` names what a step waits for on other lanes. What
its own lane already says is left out.
"""

from collections.abc import Iterator

from flowrun.plan.codec import plan_digest
from flowrun.plan.plan import AssistantAction, ExecutionPlan, PlannedStep

SHOWN_DIGITS = 12
"""How much of a digest people are shown."""


def plan_text(plan: ExecutionPlan) -> str:
    """Return the canonical text; ends with a line feed."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: ExecutionPlan) -> Iterator[str]:
    lanes = _lanes(plan)
    short = plan_digest(plan)[:SHOWN_DIGITS]
    yield f"plan {short} flow={plan.flow} steps={len(plan.steps)} lanes={len(lanes)}"
    number_width = len(str(len(plan.steps)))
    name_width = max((len(step.name) for step in plan.steps), default=0)
    lane_of = {step.name: step.lane for step in plan.steps}
    for lane, steps in lanes.items():
        yield f"lane {lane}"
        for step in steps:
            elsewhere = [need for need in step.needs if lane_of[need] != lane]
            said = f"  {step.number:>{number_width}} {step.name:<{name_width}}  {_what(step)}"
            yield said + _needs(elsewhere) + _policy(step)


def _lanes(plan: ExecutionPlan) -> dict[str, list[PlannedStep]]:
    """Lanes in the order of their first steps."""
    lanes: dict[str, list[PlannedStep]] = {}
    for step in plan.steps:
        lanes.setdefault(step.lane, []).append(step)
    return lanes


def _what(step: PlannedStep) -> str:
    if isinstance(step.action, AssistantAction):
        return f"assistant={step.action.assistant}"
    return f"tool={step.action.tool}"


def _needs(names: list[str]) -> str:
    return f"  needs=[{', '.join(names)}]" if names else ""


def _policy(step: PlannedStep) -> str:
    return "" if step.on_error == "fail" else f"  on_error={step.on_error}"

"""The plan as text: a lane per thread, a line per step, the same on every machine.

    plan 7c1e09d2a4b1 flow=weather-report steps=5 lanes=4
    limits max_tokens=100000 timeout=10m
    lane research
      1 forecast  assistant=guide
      2 packing   assistant=guide  if=(inputs.days > 1)
    lane (disk)
      3 disk      tool=disk_free  retry=(3 attempts)  timeout=30s
    lane writing
      4 report    assistant=editor  needs=[forecast, packing, disk]  join=any
    lane (mails)
      5 mails     flow=mail.flow.yaml  needs=[report]  foreach=(inputs.people)  max_parallel=10
          lane (draft)
            1 draft  assistant=writer

Steps of one lane run one after the other. `needs` names what a step builds on; how that ended
decides whether it runs. The lanes of a sub-flow stand below the step that runs it.
"""

from collections.abc import Iterator

from flowrun.plan.codec import plan_digest
from flowrun.plan.plan import (
    Action,
    AskAction,
    AssistantAction,
    ExecutionPlan,
    FlowAction,
    PlannedForeach,
    PlannedLimits,
    PlannedRetry,
    PlannedStep,
    SetAction,
    ToolAction,
)

SHOWN_DIGITS = 12
"""How much of a digest people are shown."""

_INNER = "      "
_LONGEST = 100
_UNITS = ((3600.0, "h"), (60.0, "m"), (1.0, "s"))


def plan_text(plan: ExecutionPlan) -> str:
    """Return the canonical text; ends with a line feed."""
    return "\n".join(_lines(plan)) + "\n"


def steps_by_lane(plan: ExecutionPlan) -> dict[str, list[PlannedStep]]:
    """Return the steps of each lane, the lanes in the order of their first steps."""
    lanes: dict[str, list[PlannedStep]] = {}
    for step in plan.steps:
        lanes.setdefault(step.lane, []).append(step)
    return lanes


def one_line(expression: str) -> str:
    """Return an expression without its braces as one short line that any terminal can show."""
    text = " ".join(expression.split())
    if text.startswith("{{") and text.endswith("}}"):
        text = text[2:-2].strip()
    shown = "".join([one if one.isprintable() else f"\\u{ord(one):04x}" for one in text])
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def shown_items(foreach: PlannedForeach) -> str:
    """Return what a step goes through: an expression, or how many items a written list has."""
    match foreach.items:
        case str() as expression:
            return one_line(expression)
        case list() | tuple() as items:
            return "1 item" if len(items) == 1 else f"{len(items)} items"
        case _:
            return "items"


def shown_seconds(seconds: float) -> str:
    """Return a duration as people write it in a flow: `90s`, `10m`, `500ms`."""
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"


def shown_limits(limits: PlannedLimits) -> tuple[str, ...]:
    """Return each limit that there is, as `name=value`."""
    timeout = None if limits.timeout_s is None else shown_seconds(limits.timeout_s)
    given = {
        "max_tokens": limits.max_tokens,
        "max_cost_usd": None if limits.max_cost_usd is None else f"{limits.max_cost_usd:g}",
        "max_tool_rounds": limits.max_tool_rounds,
        "max_parallel": limits.max_parallel,
        "timeout": timeout,
    }
    return tuple(f"{name}={value}" for name, value in given.items() if value is not None)


def shown_retry(retry: PlannedRetry) -> str:
    """Return how often something is tried, and what is unusual about it."""
    usual = PlannedRetry(attempts=retry.attempts)
    parts = [f"{retry.attempts} attempts"]
    if retry.delay_s != usual.delay_s:
        parts.append(f"delay {shown_seconds(retry.delay_s)}")
    if retry.backoff != usual.backoff:
        parts.append(f"backoff {retry.backoff:g}")
    if retry.max_delay_s != usual.max_delay_s:
        parts.append(f"max_delay {shown_seconds(retry.max_delay_s)}")
    if retry.on:
        parts.append(f"on {' '.join(retry.on)}")
    return ", ".join(parts)


def _lines(plan: ExecutionPlan) -> Iterator[str]:
    short = plan_digest(plan)[:SHOWN_DIGITS]
    lanes = len({step.lane for step in plan.steps})
    yield f"plan {short} flow={plan.flow} steps={len(plan.steps)} lanes={lanes}"
    yield from _body(plan)


def _body(plan: ExecutionPlan) -> Iterator[str]:
    limits = shown_limits(plan.limits)
    if limits:
        yield f"limits {' '.join(limits)}"
    number_width = len(str(len(plan.steps)))
    name_width = max((len(step.name) for step in plan.steps), default=0)
    for lane, steps in steps_by_lane(plan).items():
        yield f"lane {lane}"
        for step in steps:
            said = "  ".join((_what(step.action), *_notes(step)))
            yield f"  {step.number:>{number_width}} {step.name:<{name_width}}  {said}"
            if isinstance(step.action, FlowAction):
                yield from (f"{_INNER}{line}" for line in _body(step.action.plan))


def _what(action: Action) -> str:
    match action:
        case AssistantAction():
            return f"assistant={action.assistant}"
        case ToolAction():
            return f"tool={action.tool}"
        case FlowAction():
            return f"flow={one_line(action.path)}"
        case AskAction(schema=None):
            return "ask=approval"
        case AskAction():
            return f"ask=form[{', '.join(form_fields(action))}]"
        case SetAction():
            return f"set=[{', '.join(action.values)}]"


def form_fields(action: AskAction) -> tuple[str, ...]:
    """Return the names of the fields that a person fills in."""
    fields = (action.schema or {}).get("properties")
    return tuple(fields) if isinstance(fields, dict) else ()


def _notes(step: PlannedStep) -> Iterator[str]:
    """Yield what there is to say of a step beside its action, in the order in which it applies."""
    if step.needs:
        yield f"needs=[{', '.join(step.needs)}]"
    if step.join != "all":
        yield f"join={step.join}"
    if step.condition:
        yield f"if=({one_line(step.condition)})"
    if step.foreach is not None:
        yield f"foreach=({shown_items(step.foreach)})"
        yield f"max_parallel={step.foreach.max_parallel}"
    if step.repeat is not None:
        yield f"repeat=(until {one_line(step.repeat.until)}, max {step.repeat.max})"
    if step.retry is not None:
        yield f"retry=({shown_retry(step.retry)})"
    if step.timeout_s is not None:
        yield f"timeout={shown_seconds(step.timeout_s)}"
    if step.on_error != "fail":
        yield f"on_error={step.on_error}"

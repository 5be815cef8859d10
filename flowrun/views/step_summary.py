"""Steps as their events tell them, and how the parts of one come to stand under it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from flowrun.events.labels import base_label, enclosing, is_among_items, level_of
from flowrun.ids import JsonObject, JsonValue

StepState: TypeAlias = Literal["pending", "running", "completed", "failed", "skipped"]

TOKENS = ("prompt_tokens", "completion_tokens", "total_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSummary:
    """One tool call of a step."""

    id: str
    tool: str
    arguments: str | None
    """As the model wrote them; None for a call that no model made."""
    status: Literal["running", "completed", "failed"] = "running"
    output: str | None = None
    error: str | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSummary:
    """One step as it stands, or one item, iteration or try of it."""

    name: str
    """Its label; see `events.records`."""
    status: StepState = "pending"
    started_at: float | None = None
    output: JsonValue = None
    error: str | None = None
    error_code: str | None = None
    hint: str | None = None
    usage: JsonObject | None = None
    cost_usd: float | None = None
    assistant: str | None = None
    thread_id: str | None = None
    run_id: str | None = None
    duration_s: float | None = None
    items: int | None = None
    """How many a `foreach` has."""
    errors: tuple[JsonObject, ...] = ()
    calls: tuple[CallSummary, ...] = ()
    parts: tuple["StepSummary", ...] = ()
    """Its items, iterations and tries, in the order in which they began; they have none."""

    @property
    def depth(self) -> int:
        """How many steps it is inside of: those whose sub-flows it belongs to."""
        return self.name.count("/")

    @property
    def is_over(self) -> bool:
        """Whether it has ended, one way or the other."""
        return self.status in ("completed", "failed", "skipped")

    @property
    def instances(self) -> tuple["StepSummary", ...]:
        """Its items, or what stands for it in each item of the step that it is inside of."""
        return tuple(one for one in self.parts if _is_instance(one.name))

    @property
    def is_many(self) -> bool:
        """Whether it is done for several items, so that a number says more than a list."""
        return self.items is not None or bool(self.instances)


def add_usage(usages: Iterable[JsonObject | None]) -> dict[str, int]:
    """Return the sum, by kind of token; the three usual kinds are always there."""
    total = dict.fromkeys(TOKENS, 0)
    for usage in usages:
        for kind, number in (usage or {}).items():
            if isinstance(number, int):
                total[kind] = total.get(kind, 0) + number
    return total


def arrange_steps(told: Iterable[StepSummary]) -> tuple[StepSummary, ...]:
    """Return the steps, each with its parts and followed by those of its sub-flow.

    Args:
        told: One for each label, in the order in which they are known.
    """
    whole: dict[str, StepSummary] = {}
    parts: dict[str, list[StepSummary]] = {}
    for one in told:
        base = base_label(one.name)
        if base == one.name:
            whole[base] = one
        else:
            parts.setdefault(base, []).append(one)
    for base, below in parts.items():
        whole[base] = replace(whole.get(base) or _summed_up(base, below), parts=tuple(below))
    inside: dict[str, list[str]] = {}
    for base in whole:
        inside.setdefault(base.rpartition("/")[0], []).append(base)
    ordered: list[str] = []
    _walk("", inside, ordered)
    rest = [base for base in whole if base not in set(ordered)]
    return tuple(whole[base] for base in [*ordered, *rest])


def outermost_finished(told: Mapping[str, StepSummary]) -> list[StepSummary]:
    """Return what is over and not a part of something else that is: what each used, once."""
    ended = {label for label, step in told.items() if step.is_over}
    return [
        told[label]
        for label in ended
        if not any(outer in ended for outer in enclosing(label) if outer != label)
    ]


def _walk(outer: str, inside: Mapping[str, Sequence[str]], ordered: list[str]) -> None:
    for base in inside.get(outer, ()):
        ordered.append(base)
        _walk(base, inside, ordered)


def _is_instance(label: str) -> bool:
    return is_among_items(label) and level_of(label) in ("step", "item")


def _summed_up(base: str, parts: Sequence[StepSummary]) -> StepSummary:
    """Return a step that has no events of its own, being inside of items or iterations of another.

    Among iterations the latest stands for it; among items it is as good as all of them together.
    """
    own = [one for one in parts if level_of(one.name) in ("step", "item")] or list(parts)
    if not any(is_among_items(one.name) for one in own):
        return replace(own[-1], name=base)
    states = {one.status for one in own}
    order: tuple[StepState, ...] = ("running", "failed", "completed", "skipped", "pending")
    counted = [one.items for one in parts if one.items is not None]
    return StepSummary(
        name=base,
        status=next(state for state in order if state in states),
        started_at=min((one.started_at for one in own if one.started_at is not None), default=None),
        usage=dict(add_usage(one.usage for one in own)) if any(one.usage for one in own) else None,
        items=sum(counted) if counted else None,
    )

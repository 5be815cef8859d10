"""Rules of control flow: loops, what is tried again, and how long it may take."""

from collections.abc import Iterator, Mapping

from flowrun.errors import name_list
from flowrun.ids import duration_s
from flowrun.spec.durations import FORM, length_faults, limit_faults
from flowrun.spec.faults import key_hint
from flowrun.spec.grammar import Fault
from flowrun.spec.plain import Plain
from flowrun.spec.repeated import repeated_names
from flowrun.spec.spans import DocPath

FAILS_WITH: Mapping[str, tuple[str, ...]] = {
    "assistant": ("endpoint", "tool", "output", "incomplete", "expired", "timeout", "runtime"),
    "tool": ("tool", "timeout"),
    "flow": ("flow", "timeout"),
}
"""By kind of step, the failures of one try that another may mend."""

_KEYS = frozenset(("timeout", "retry", "max_parallel"))
_LONGEST_DELAY = "60s"
"""Of a `retry` that does not say."""


def control_faults(
    path: DocPath, step: Mapping[str, Plain], known: frozenset[str]
) -> Iterator[Fault]:
    """Yield what is wrong with the control flow of one step.

    Args:
        path: Of the step.
        step: As it is written.
        known: The keys that steps have.
    """
    if _KEYS.isdisjoint(step):
        return
    noun = f"step `{path[-1]}`"
    yield from limit_faults((*path, "timeout"), step.get("timeout"), f"`timeout` of {noun}")
    yield from retry_faults((*path, "retry"), step.get("retry"), f"`retry` of {noun}")
    yield from _never_failing_so(path, step, noun)
    if "max_parallel" not in step:
        return
    if "foreach" in step:
        yield from _one_thread(path, step, noun)
    elif not any(key_hint(key, known) == "did you mean `foreach`?" for key in step):
        yield Fault(
            path=(*path, "max_parallel"),
            code="bind/unknown-key",
            message=f"{noun} has no `foreach` and no key `max_parallel`",
            at="key",
            label="not without `foreach`",
            hint="add `foreach:`, or remove it; `limits` has a `max_parallel` of all steps",
            loses=(*path, "max_parallel"),
        )


def _never_failing_so(path: DocPath, step: Mapping[str, Plain], noun: str) -> Iterator[Fault]:
    """A failure that a step of its kind does not have would be waited for in vain."""
    retry, kinds = step.get("retry"), [kind for kind in FAILS_WITH if kind in step]
    names = retry.get("on") if isinstance(retry, dict) else None
    if not isinstance(names, list) or len(kinds) != 1:
        return
    own = FAILS_WITH[kinds[0]]
    every = frozenset[str]().union(*FAILS_WITH.values())
    for number, name in enumerate(names):
        if name in every and name not in own:
            what = f"{'an' if kinds[0] == 'assistant' else 'a'} `{kinds[0]}` step"
            yield Fault(
                path=(*path, "retry", "on", number),
                code="bind/wrong-value",
                message=f"`on` of `retry` of {noun} must name failures of {what}, found `{name}`",
                label="it never fails so",
                hint=f"there are {name_list(own)}",
                loses=(*path, "retry"),
            )


def _one_thread(path: DocPath, step: Mapping[str, Plain], noun: str) -> Iterator[Fault]:
    """A thread admits one run at a time, so items on it cannot run side by side."""
    most, thread = step["max_parallel"], step.get("thread")
    if thread is None or not isinstance(most, int) or most <= 1:
        return
    yield Fault(
        path=(*path, "max_parallel"),
        code="bind/wrong-value",
        message=f"`max_parallel` of {noun} must be 1 on a named thread, found the number `{most}`",
        label="its items run one after another",
        hint="remove it, or remove `thread` so that each item has a thread of its own",
        related=(((*path, "thread"), "one thread for all items"),),
        loses=(*path, "max_parallel"),
    )


def retry_faults(path: DocPath, retry: Plain, noun: str) -> Iterator[Fault]:
    """Yield what is wrong with the waits of a `retry`, and with the names under `on`."""
    if not isinstance(retry, dict):
        return
    for key in ("delay", "max_delay"):
        yield from length_faults((*path, key), retry.get(key), f"`{key}` of {noun}")
    yield from repeated_names((*path, "on"), retry.get("on"), lambda _: f"`on` of {noun}")
    delay, most = retry.get("delay"), retry.get("max_delay", _LONGEST_DELAY)
    if not _is_longer(delay, most):
        return
    related = (((*path, "max_delay"), "the longest delay"),) if "max_delay" in retry else ()
    yield Fault(
        path=(*path, "delay"),
        code="bind/wrong-value",
        message=f"`delay` of {noun} must be at most its `max_delay` {most}, found `{delay}`",
        hint=f"write `max_delay: {delay}`, or more",
        related=related,
        loses=(*path, "delay"),
    )


def _is_longer(one: Plain, other: Plain) -> bool:
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    sound = FORM.fullmatch(one) and FORM.fullmatch(other)
    return bool(sound) and duration_s(one) > duration_s(other)

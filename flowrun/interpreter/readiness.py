"""Whether a step runs, once all that it waits for is over. Pure.

How those steps ended that it builds on (its needs) decides, by `join`; steps that only come before
it on its thread do not. What a need came to is one of `NeedState`; what the needs came to together
is one of `Needs`; `RULES` is the whole table, and `docs/control-flow.md` shows it.

| what its needs came to         | `join: all` | `join: any` |
|--------------------------------|-------------|-------------|
| there are none                 | runs        | runs        |
| all were done                  | runs        | runs        |
| some were done, some skipped   | is skipped  | runs        |
| all were skipped               | is skipped  | is skipped  |
| at least one failed            | is not run  | is not run  |

Done is what succeeded, and what failed under `on_error: continue`. A step that runs by this table
is asked for its `if`: false skips it, and an expression that has no value fails it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from flowrun.events.records import StepFinished
from flowrun.expression.terms import ExpressionFailed
from flowrun.plan.plan import Join, StepErrorPolicy

NeedState: TypeAlias = Literal["succeeded", "tolerated", "failed", "skipped"]
"""`tolerated` failed under `on_error: continue`, `failed` under `fail`."""

Needs: TypeAlias = Literal["none", "done", "mixed", "skipped", "failed"]
"""What all needs came to together; see the rows of the table."""

Verdict: TypeAlias = Literal["run", "skipped", "not_run", "failed"]
"""`skipped` by a rule of the flow; `not_run` because of a failure elsewhere; `failed` by `if`."""

RULES: Mapping[Needs, Mapping[Join, Verdict]] = {
    "none": {"all": "run", "any": "run"},
    "done": {"all": "run", "any": "run"},
    "mixed": {"all": "skipped", "any": "run"},
    "skipped": {"all": "skipped", "any": "skipped"},
    "failed": {"all": "not_run", "any": "not_run"},
}
"""The table. `any` is never stricter than `all`."""

NOT_RUN = "not run"
"""How the reason of a step begins that a failure, a limit or a wish kept from running."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a step, and why, unless it runs."""

    verdict: Verdict
    reason: str = ""


RUN = Decision("run")


def decide(
    join: Join,
    needs: Mapping[str, NeedState],
    condition: Callable[[], bool] | None = None,
) -> Decision:
    """Return what becomes of a step.

    Args:
        join: Of the step.
        needs: How each step that it builds on ended, by its name.
        condition: Evaluates its `if`; asked only when its needs let it run. None without one.
    """
    verdict = RULES[all_together(needs.values())][join]
    if verdict == "not_run":
        return Decision(verdict, f"{NOT_RUN}: step `{_first(needs, 'failed')}` failed")
    if verdict == "skipped":
        return Decision(verdict, f"skipped: step `{_first(needs, 'skipped')}` was skipped")
    if condition is None:
        return RUN
    try:
        holds = condition()
    except ExpressionFailed as failure:
        return Decision("failed", str(failure))
    return RUN if holds else Decision("skipped", "skipped: `if` is false")


def all_together(states: Collection[NeedState]) -> Needs:
    """Return what the needs came to together: the row of the table."""
    if not states:
        return "none"
    if "failed" in states:
        return "failed"
    if "skipped" not in states:
        return "done"
    return "skipped" if all(state == "skipped" for state in states) else "mixed"


def need_state(result: StepFinished, on_error: StepErrorPolicy) -> NeedState:
    """Return what a step that is over is to those that build on it."""
    if result.status == "completed":
        return "succeeded"
    if result.status == "skipped":
        return "skipped"
    return "tolerated" if on_error == "continue" else "failed"


def was_not_run(result: StepFinished) -> bool:
    """Tell whether a step was kept from running, rather than skipped by a rule of the flow.

    Expressions do not see such a step.
    """
    return result.status == "skipped" and (result.error or "").startswith(NOT_RUN)


def _first(needs: Mapping[str, NeedState], wanted: NeedState) -> str:
    return next(name for name, state in needs.items() if state == wanted)

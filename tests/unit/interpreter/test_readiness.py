"""Whether a step runs: the whole product of joins, needs and conditions, against the document."""

from itertools import combinations_with_replacement
from typing import get_args

import pytest

from flowrun.events.records import StepFinished
from flowrun.expression.template import ExpressionFailed
from flowrun.interpreter.readiness import (
    RULES,
    RUN,
    Decision,
    NeedState,
    decide,
    need_state,
    was_not_run,
)
from tests.support.repository import ROOT

STATES = get_args(NeedState)
NEEDS = [states for size in range(4) for states in combinations_with_replacement(STATES, size)]
ROWS = {
    "none": "there are none",
    "done": "all were done",
    "mixed": "some were done, some skipped",
    "skipped": "all were skipped",
    "failed": "at least one failed",
}
SAID = {"run": "runs", "skipped": "is skipped", "not_run": "is not run"}


def documented():
    """Read the table of docs/control-flow.md: by its row, what becomes of `all` and `any`."""
    text = (ROOT / "docs/control-flow.md").read_text("utf-8")
    table = text[text.index("| what its needs came to |") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {row: {"all": to_all, "any": to_any} for row, to_all, to_any in cells}


def expected(join, states):
    """Return what the document says, told by someone who counts instead of classifying."""
    done = sum(state in ("succeeded", "tolerated") for state in states)
    skipped = states.count("skipped")
    if "failed" in states:
        row = "at least one failed"
    elif not states:
        row = "there are none"
    elif not skipped:
        row = "all were done"
    else:
        row = "some were done, some skipped" if done else "all were skipped"
    return documented()[row][join]


def named(states):
    return {f"s{number}": state for number, state in enumerate(states)}


def has_no_value():
    raise ExpressionFailed("steps.a.nope", "no `nope`")


@pytest.mark.parametrize("states", NEEDS, ids="+".join)
@pytest.mark.parametrize("join", ["all", "any"])
def test_every_combination_of_needs_is_as_documented(join, states):
    wanted = expected(join, states)
    assert SAID[decide(join, named(states)).verdict] == wanted
    if wanted != "runs":
        for condition in (lambda: True, lambda: False, has_no_value):
            assert decide(join, named(states), condition) == decide(join, named(states))
        return
    assert decide(join, named(states), lambda: True) == RUN
    skipped = decide(join, named(states), lambda: False)
    assert skipped == Decision("skipped", "skipped: `if` is false")
    failed = decide(join, named(states), has_no_value)
    assert failed == Decision("failed", "`{{ steps.a.nope }}`: no `nope`")


@pytest.mark.parametrize("states", NEEDS, ids="+".join)
def test_any_is_never_stricter_than_all(states):
    if decide("all", named(states)) == RUN:
        assert decide("any", named(states)) == RUN


def test_the_document_shows_exactly_the_table_of_the_code():
    shown = {
        ROWS[needs]: {join: SAID[verdict] for join, verdict in verdicts.items()}
        for needs, verdicts in RULES.items()
    }
    assert documented() == shown


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        (("succeeded", "skipped", "skipped"), "skipped: step `s1` was skipped"),
        (("skipped", "failed", "failed"), "not run: step `s1` failed"),
    ],
)
def test_the_reason_names_the_first_that_is_to_blame(states, reason):
    assert decide("all", named(states)).reason == reason


def test_a_condition_is_asked_only_when_the_needs_let_the_step_run():
    asked = []
    decide("all", named(["skipped"]), lambda: asked.append(1) or True)
    decide("all", named(["failed"]), lambda: asked.append(1) or True)
    assert asked == []


@pytest.mark.parametrize(
    ("status", "on_error", "state"),
    [
        ("completed", "fail", "succeeded"),
        ("completed", "continue", "succeeded"),
        ("failed", "fail", "failed"),
        ("failed", "continue", "tolerated"),
        ("skipped", "fail", "skipped"),
        ("skipped", "continue", "skipped"),
    ],
)
def test_what_a_step_that_is_over_is_to_the_next(status, on_error, state):
    assert need_state(StepFinished(step="a", status=status), on_error) == state


def test_a_step_that_was_kept_from_running_is_told_from_one_that_a_rule_skipped():
    def skipped(reason):
        return StepFinished(step="a", status="skipped", error=reason)

    assert was_not_run(skipped("not run: step `b` failed"))
    assert not was_not_run(skipped("skipped: `if` is false"))
    assert not was_not_run(StepFinished(step="a", status="failed", error="not run"))

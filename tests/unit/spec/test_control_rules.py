"""Rules of loops and of what is tried again."""

from typing import get_args

import pytest

from flowrun.interpreter.retry import MAY_PASS
from flowrun.spec.bind import bind_flow
from flowrun.spec.control_rules import FAILS_WITH
from flowrun.spec.flow import FailureCode
from flowrun.spec.flow_rules import STEP_KEYS
from tests.support.binding import bound, complaints_of, flow_text, the_only_complaint

MISTAKES = {
    "parallel without a loop": (
        "steps: {a: {tool: t, «max_parallel»: 3}}",
        "bind/unknown-key",
        "step `a` has no `foreach` and no key `max_parallel`",
    ),
    "parallel on one thread": (
        "steps: {a: {assistant: guide, thread: t, foreach: [1], max_parallel: «2»}}",
        "bind/wrong-value",
        "`max_parallel` of step `a` must be 1 on a named thread, found the number `2`",
    ),
    "no time": (
        "steps: {a: {tool: t, timeout: «0s»}}",
        "bind/wrong-value",
        "`timeout` of step `a` must be more than 0, found `0s`",
    ),
    "too long a time": (
        "steps: {a: {tool: t, timeout: «20000h»}}",
        "bind/wrong-value",
        "`timeout` of step `a` must be at most 10000h, found `20000h`",
    ),
    "too long a wait": (
        "steps: {a: {tool: t, retry: {attempts: 2, max_delay: «20000h»}}}",
        "bind/wrong-value",
        "`max_delay` of `retry` of step `a` must be at most 10000h, found `20000h`",
    ),
    "a failure named twice": (
        "steps: {a: {tool: t, retry: {attempts: 2, on: [tool, «tool»]}}}",
        "bind/wrong-value",
        "`on` of `retry` of step `a` must name each once, found `tool` again",
    ),
    "a wait above the longest": (
        "steps: {a: {tool: t, retry: {attempts: 2, delay: «5m», max_delay: 90s}}}",
        "bind/wrong-value",
        "`delay` of `retry` of step `a` must be at most its `max_delay` 90s, found `5m`",
    ),
    "a failure that tools do not have": (
        "steps: {a: {tool: t, retry: {attempts: 2, on: [tool, «endpoint»]}}}",
        "bind/wrong-value",
        "`on` of `retry` of step `a` must name failures of a `tool` step, found `endpoint`",
    ),
    "a failure that assistants do not have": (
        "steps: {a: {assistant: guide, retry: {attempts: 2, on: [«flow»]}}}",
        "bind/wrong-value",
        "`on` of `retry` of step `a` must name failures of an `assistant` step, found `flow`",
    ),
    "a wait above the longest that is not written": (
        "tools: {t: {shell: [ls], effect: keyed, retry: {attempts: 2, delay: «5m»}}}",
        "bind/wrong-value",
        "`delay` of `retry` of tool `t` must be at most its `max_delay` 60s, found `5m`",
    ),
}


@pytest.mark.parametrize(("body", "code", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_once_at_its_place(body, code, message):
    complaint = the_only_complaint(flow_text(body), bind_flow)
    assert (complaint.code, complaint.message) == (code, message)


@pytest.mark.parametrize(
    "keys",
    [
        "foreach: [1], max_parallel: 3",
        "thread: t, foreach: [1], max_parallel: 1",
        "thread: t, foreach: [1]",
        "retry: {attempts: 2, delay: 0s}",
        "retry: {attempts: 2, max_delay: 500ms}",
        "retry: {attempts: 2, delay: 2m, max_delay: 2m}",
        "timeout: 10000h",
    ],
)
def test_sound_control_flow_is_accepted(keys):
    assert complaints_of(f"steps: {{a: {{assistant: guide, {keys}}}}}") == []


def test_every_failure_that_may_pass_is_one_of_some_step():
    assert frozenset(get_args(FailureCode)) == MAY_PASS
    assert frozenset(one for codes in FAILS_WITH.values() for one in codes) == MAY_PASS
    assert set(FAILS_WITH) == {kind for kind, keys in STEP_KEYS.items() if "retry" in keys}


def test_items_on_one_thread_show_the_thread():
    [one] = bound("steps: {a: {assistant: guide, thread: t, foreach: [1], max_parallel: 2}}")[1]
    assert [label.text for label in one.related] == ["one thread for all items"]


def test_a_misspelt_loop_is_not_a_missing_loop_as_well():
    found = complaints_of("steps: {a: {tool: t, for_each: [1], max_parallel: 3}}")
    assert found == [("bind/unknown-key", "step `a` has no key `for_each`")]


def test_a_wait_of_the_wrong_form_is_told_once():
    found = complaints_of("steps: {a: {tool: t, retry: {attempts: 2, delay: soon}}}")
    assert [code for code, _ in found] == ["bind/wrong-value"]

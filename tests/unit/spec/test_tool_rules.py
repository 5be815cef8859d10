"""When a tool may run again, and the keys that go with that."""

import pytest

from flowrun.spec.bind import bind_flow
from flowrun.spec.flow import Tool
from flowrun.spec.tool_rules import MAY_BE_UNKNOWN, RUNS_AGAIN
from tests.support.binding import bound, complaints_of, flow_text, the_only_complaint

EFFECTS = (*RUNS_AGAIN, *MAY_BE_UNKNOWN)

MISTAKES = {
    "a probe that is missing": (
        "tools: {«t»: {shell: [pay], effect: probe}}",
        "bind/missing-key",
        "tool `t` has `effect: probe` and must have a key `probe`, found none",
    ),
    "a probe without its effect": (
        "tools: {t: {shell: [pay], «probe»: paid}}",
        "bind/unknown-key",
        "tool `t` has `effect: at_most_once` and no key `probe`",
    ),
    "a probe beside another effect": (
        "tools: {t: {shell: [pay], effect: keyed, «probe»: paid}}",
        "bind/unknown-key",
        "tool `t` has `effect: keyed` and no key `probe`",
    ),
    "what to do about the unknown where nothing is": (
        "tools: {t: {shell: [ls], effect: repeatable, «on_unknown»: fail}}",
        "bind/unknown-key",
        "tool `t` has `effect: repeatable` and no key `on_unknown`",
    ),
    "tries of what must not happen twice": (
        "tools: {t: {shell: [pay], «retry»: {attempts: 3}}}",
        "tool/retry-effect",
        "tool `t` must be `repeatable` or `keyed` to be tried again, found `at_most_once`",
    ),
    "a choice of failures": (
        "tools: {t: {shell: [ls], effect: keyed, retry: {attempts: 3, «on»: [tool]}}}",
        "bind/unknown-key",
        "`retry` of tool `t` has no key `on`",
    ),
    "a wait that is too long": (
        "tools: {t: {shell: [ls], effect: keyed, retry: {attempts: 3, max_delay: «20000h»}}}",
        "bind/wrong-value",
        "`max_delay` of `retry` of tool `t` must be at most 10000h, found `20000h`",
    ),
    "no time": (
        "tools: {t: {shell: [ls], timeout: «0s»}}",
        "bind/wrong-value",
        "`timeout` of tool `t` must be more than 0, found `0s`",
    ),
}


@pytest.mark.parametrize(("body", "code", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_once_at_its_place(body, code, message):
    complaint = the_only_complaint(flow_text(body), bind_flow)
    assert (complaint.code, complaint.message) == (code, message)


@pytest.mark.parametrize("approval", ["never", "always"])
@pytest.mark.parametrize("effect", EFFECTS)
def test_every_effect_and_approval_is_accepted(effect, approval):
    probe = ", probe: paid" if effect == "probe" else ""
    tool = f"shell: [pay], effect: {effect}, approval: {approval}{probe}"
    assert complaints_of(f"tools: {{t: {{{tool}}}}}") == []


@pytest.mark.parametrize("effect", EFFECTS)
def test_a_tool_may_be_tried_again_or_its_outcome_may_be_unknown(effect):
    probe = ", probe: paid" if effect == "probe" else ""
    tool = f"shell: [pay], effect: {effect}{probe}"
    again = complaints_of(f"tools: {{t: {{{tool}, retry: {{attempts: 2}}}}}}")
    unknown = complaints_of(f"tools: {{t: {{{tool}, on_unknown: fail}}}}")
    assert (again == []) is (effect in RUNS_AGAIN)
    assert (unknown == []) is (effect in MAY_BE_UNKNOWN)


def test_the_effects_here_are_those_of_the_language():
    schema = Tool.model_json_schema()["properties"]["effect"]
    assert sorted(schema["enum"]) == sorted(EFFECTS)


def test_nothing_follows_from_an_effect_that_is_none():
    found = complaints_of("tools: {t: {shell: [a], effect: prob, probe: b, retry: {attempts: 3}}}")
    assert [code for code, _ in found] == ["bind/wrong-value"]


def test_a_tool_without_its_probe_is_left_out_and_others_lose_a_key():
    text = """\
tools:
  a: {shell: [pay], effect: probe}
  b: {shell: [pay], retry: {attempts: 3}}
  c: {shell: [pay], effect: keyed, on_unknown: ask}
"""
    flow, _ = bound(text)
    assert flow.dropped == {("tools", "a")}
    assert flow.flow.tools["b"].retry is None
    assert flow.flow.tools["c"].on_unknown == "ask"

"""Rules of a flow that types cannot say."""

import pytest

from flowrun.spec.bind import bind_flow
from flowrun.spec.flow import NOT_YET, Assistant, Flow, Step, Tool
from flowrun.spec.flow_rules import STEP_KEYS, TOOL_KEYS
from flowrun.spec.grammar import written_keys
from tests.support.binding import bound, complaints_of, flow_text, the_only_complaint

MISTAKES = {
    "a tool named twice": (
        "tools: {t: {shell: [ls]}}\nassistants: {guide: {model: m, tools: [t, «t»]}}",
        "bind/wrong-value",
        "`tools` of assistant `guide` must name each once, found `t` again",
    ),
    "a need named twice": (
        "steps: {a: {assistant: guide}, b: {assistant: guide, needs: [a, «a»]}}",
        "bind/wrong-value",
        "`needs` of step `b` must name each once, found `a` again",
    ),
    "last_messages without a number": (
        "assistants: {guide: {model: m, «truncation»: {type: last_messages}}}",
        "bind/missing-key",
        "`truncation` of assistant `guide` must have a key `last_messages`, found none",
    ),
    "auto with a number": (
        "steps: {a: {assistant: guide, truncation: {type: auto, «last_messages»: 3}}}",
        "bind/unknown-key",
        "`truncation` of step `a` has `type: auto` and no key `last_messages`",
    ),
    "a tool choice of another form": (
        "assistants: {guide: {model: m, tool_choice: «{name: t}»}}",
        "bind/wrong-value",
        "`tool_choice` of assistant `guide` must name one tool, found another mapping",
    ),
    "a response format of another form": (
        "assistants: {guide: {model: m, response_format: «{schema: {}}»}}",
        "bind/wrong-value",
        (
            "`response_format` of assistant `guide` must be a format of the Assistants API, "
            "found another mapping"
        ),
    ),
    "a value for a function that runs inside flowrun": (
        "tools: {t: {python: 'a:b', env: {MODE: «fast»}}}",
        "bind/wrong-value",
        "`env.MODE` of tool `t` must be `${secret:MODE}`, found another text",
    ),
    "two formats": (
        "assistants: {guide: {model: m, output: {type: object}, «response_format»: text}}",
        "bind/wrong-value",
        ("assistant `guide` must have one of `output` and `response_format`, found both"),
    ),
}


@pytest.mark.parametrize(("body", "code", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_once_at_its_place(body, code, message):
    complaint = the_only_complaint(flow_text(body), bind_flow)
    assert (complaint.code, complaint.message) == (code, message)


@pytest.mark.parametrize(
    "options",
    [
        "truncation: auto",
        "truncation: {type: auto}",
        "truncation: {type: last_messages, last_messages: 3}",
        "tool_choice: required",
        "tool_choice: {type: function, function: {name: t}}",
        "response_format: json_object",
        "response_format: {type: json_object}",
        "response_format: {type: json_schema, json_schema: {name: a, schema: {type: object}}}",
        "output: {type: object}",
    ],
)
def test_sound_options_are_accepted(options):
    assert complaints_of(f"assistants: {{guide: {{model: m, {options}}}}}") == []


@pytest.mark.parametrize("env", ["[HOME]", "{KEY: '${secret:KEY}'}", "{}"])
def test_a_python_tool_can_say_what_it_needs(env):
    assert complaints_of(f"tools: {{t: {{python: 'a:b', env: {env}}}}}") == []


def test_a_repeated_name_costs_that_name_alone():
    flow, _ = bound("tools: {t: {shell: [ls]}}\nassistants: {guide: {model: m, tools: [t, t]}}")
    assert flow.flow.assistants["guide"].tools == ["t"]
    assert flow.dropped == frozenset()


def test_the_tables_of_kinds_name_keys_that_exist():
    for model, keys in ((Step, STEP_KEYS), (Tool, TOOL_KEYS)):
        every = written_keys(model)
        assert set(keys) <= every
        assert frozenset().union(*keys.values()) <= every


def test_later_keys_are_not_keys_of_today():
    for place, model in (("flow", Flow), ("step", Step), ("tool", Tool), ("assistant", Assistant)):
        assert not NOT_YET[place] & written_keys(model)


def test_every_later_key_is_told_at_its_place():
    for key in sorted(NOT_YET["step"]):
        codes = [code for code, _ in complaints_of(f"steps: {{a: {{{key}: x}}}}")]
        assert "bind/not-available-yet" in codes, key
        assert "bind/unknown-key" not in codes, key

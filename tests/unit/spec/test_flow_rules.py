"""Rules of a flow that types cannot say."""

import pytest

from flowrun.spec.bind import bind_flow
from flowrun.spec.flow import NOT_YET, Assistant, Step, Tool
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
    assert not NOT_YET["assistant"] & written_keys(Assistant)


def test_every_later_key_is_told_at_its_place():
    for key in sorted(NOT_YET["assistant"]):
        assert complaints_of(f"assistants: {{guide: {{model: m, {key}: [x]}}}}") == [
            ("bind/not-available-yet", f"`{key}` of assistant `guide` is not available yet")
        ]


SAMPLES = {
    "assistant": "guide",
    "tool": "t",
    "flow": "other.flow.yaml",
    "ask": "{message: Go?}",
    "set": "{a: 1}",
    "thread": "t",
    "message": "Hello",
    "with": "{a: 1}",
    "retry": "{attempts: 2}",
    "timeout": "5s",
}


@pytest.mark.parametrize("kind", STEP_KEYS)
def test_the_keys_of_one_kind_of_step_are_refused_on_others(kind):
    for key in sorted(set(SAMPLES) - set(STEP_KEYS)):
        found = complaints_of(f"steps: {{a: {{{kind}: {SAMPLES[kind]}, {key}: {SAMPLES[key]}}}}}")
        if key in STEP_KEYS[kind]:
            assert found == []
        else:
            [(code, message)] = found
            assert code == "bind/unknown-key"
            assert f"`{kind}` step and has no key `{key}`" in message


@pytest.mark.parametrize("kind", STEP_KEYS)
def test_control_flow_goes_with_every_kind_of_step(kind):
    rest = "if: x, join: any, on_error: continue, needs: [], description: d"
    loops = "foreach: [1], max_parallel: 3, repeat: {until: x, max: 2}"
    assert complaints_of(f"steps: {{a: {{{kind}: {SAMPLES[kind]}, {rest}, {loops}}}}}") == []


def test_what_stands_beside_a_question_belongs_below_it():
    [one] = bound("steps: {a: {ask: {message: Go?}, schema: {b: {type: string}}}}")[1]
    assert one.hint == "write it below `ask:`"


def test_the_time_of_a_whole_run_is_a_time():
    assert complaints_of("limits: {timeout: 0s}") == [
        ("bind/wrong-value", "`timeout` of `limits` must be more than 0, found `0s`")
    ]


def test_a_neighbour_s_word_for_a_kind_is_no_missing_kind():
    [one] = bound("steps: {a: {subflow: other.flow.yaml}}")[1]
    assert (one.code, one.hint) == ("bind/unknown-key", "did you mean `flow`?")

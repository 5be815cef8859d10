"""Every mistake that binding can see: its code, its place, its words, and what is left."""

import re

import pytest

from flowrun.source.document import Document
from flowrun.source.nodes import UNKNOWN, Entry, Mapping, Scalar
from flowrun.source.resolve import resolve_document
from flowrun.source.text import SourceText
from flowrun.spec.bind import bind_flow
from tests.support.binding import bound, complaints_of, document, flow_text, the_only_complaint
from tests.support.repository import ROOT

DESIGN_FLOW = """\
# yaml-language-server: $schema=../schemas/flow.schema.json
version: 1
name: trip-report
inputs:
  city: {type: string, default: "San Francisco, CA"}
  days: {type: integer, minimum: 1, default: 3}

tools:
  get_current_weather:
    python: weather_tools:get_current_weather      # schema from the signature and docstring
  disk_free:
    description: Free space of a path, in human units
    shell: [df, -h, "{{ args.path }}"]             # argv, never a shell string
    parameters: {path: {type: string, description: Absolute path}}

assistants:
  guide:
    model: gpt-5-mini
    instructions: You are a travel guide. Be brief.
    tools: [get_current_weather]
  editor: {model: gpt-5-mini, instructions: Be an editor.}

threads:
  research: {}
  writing: {}

steps:
  forecast:
    assistant: guide
    thread: research
    message: How is the weather in {{ inputs.city }} for {{ inputs.days }} days?
  packing:
    assistant: guide
    thread: research                               # same thread: after forecast, in file order
    message: What should I pack?
  disk: {tool: disk_free, with: {path: /tmp}}      # a tool is also a step
  report:
    assistant: editor
    thread: writing                                # another thread
    message: |
      Weather: {{ steps.forecast.output }}
      Packing: {{ steps.packing.output }}
      Disk: {{ steps.disk.output }}
outputs:
  report: "{{ steps.report.output }}"
"""


def test_the_flow_of_the_design_binds():
    flow, complaints = bind_flow(document(DESIGN_FLOW))
    assert complaints == ()
    assert flow is not None
    assert flow.whole
    assert flow.dropped == frozenset()
    assert list(flow.flow.steps) == ["forecast", "packing", "disk", "report"]
    assert flow.flow.steps["disk"].with_ == {"path": "/tmp"}
    assert flow.flow.inputs["days"].default == 3
    assert flow.flow.tools["disk_free"].shell == ["df", "-h", "{{ args.path }}"]
    assert str(flow.spans.key(("steps", "report", "thread"))) == "test.flow.yaml:39:5"


MISTAKES = {
    "flow key": (
        "«stepps»: {}",
        "bind/unknown-key",
        "the flow has no key `stepps`",
        "did you mean `steps`?",
    ),
    "step key": (
        "steps: {only: {assistant: guide, «mesage»: Go}}",
        "bind/unknown-key",
        "step `only` has no key `mesage`",
        "did you mean `message`?",
    ),
    "assistant key": (
        "assistants: {guide: {model: m, «temprature»: 1}}",
        "bind/unknown-key",
        "assistant `guide` has no key `temprature`",
        "did you mean `temperature`?",
    ),
    "tool key": (
        "tools: {t: {shell: [ls], «enviroment»: []}}",
        "bind/unknown-key",
        "tool `t` has no key `enviroment`",
        None,
    ),
    "word of a neighbour": (
        "steps: {only: {assistant: guide, «depends_on»: []}}",
        "bind/unknown-key",
        "step `only` has no key `depends_on`",
        "did you mean `needs`?",
    ),
    "thread key": (
        "threads: {t: {«colour»: red}}",
        "bind/unknown-key",
        "thread `t` has no key `colour`",
        "known: `key`, `metadata`",
    ),
    "input key": (
        "inputs: {city: {type: string, «defualt»: x}}",
        "bind/unknown-key",
        "input `city` has no key `defualt`",
        "did you mean `default`?",
    ),
    "deep key": (
        "assistants: {guide: {model: m, truncation: {type: auto, «lst»: 3}}}",
        "bind/unknown-key",
        "`truncation` of assistant `guide` has no key `lst`",
        "known: `last_messages`, `type`",
    ),
    "key of the limits": (
        "limits: {«max_token»: 3}",
        "bind/unknown-key",
        "`limits` has no key `max_token`",
        "did you mean `max_tokens`?",
    ),
    "key of a question": (
        "steps: {only: {ask: {message: Go?, «form»: {}}}}",
        "bind/unknown-key",
        "`ask` of step `only` has no key `form`",
        "did you mean `schema`?",
    ),
    "key of a loop": (
        "steps: {only: {tool: t, repeat: {until: x, max: 3, «untl»: y}}}",
        "bind/unknown-key",
        "`repeat` of step `only` has no key `untl`",
        "did you mean `until`?",
    ),
    "key of a tool's retry": (
        "tools: {t: {shell: [ls], effect: keyed, retry: {attempts: 3, «jitter»: 1}}}",
        "bind/unknown-key",
        "`retry` of tool `t` has no key `jitter`",
        "known: `attempts`, `backoff`, `delay`, `max_delay`, `on`",
    ),
    "the python name of a key": (
        "steps: {only: {assistant: guide, «with_»: {}}}",
        "bind/unknown-key",
        "step `only` has no key `with_`",
        None,
    ),
    "later key of an assistant": (
        "assistants: {guide: {model: m, «knowledge»: [docs]}}",
        "bind/not-available-yet",
        "`knowledge` of assistant `guide` is not available yet",
        None,
    ),
    "message on a tool step": (
        "tools: {t: {shell: [ls]}}\nsteps: {only: {tool: t, «message»: Go}}",
        "bind/unknown-key",
        "step `only` is a `tool` step and has no key `message`",
        "remove it; `message` goes with `assistant`",
    ),
    "with on an assistant step": (
        "steps: {only: {assistant: guide, «with»: {}}}",
        "bind/unknown-key",
        "step `only` is an `assistant` step and has no key `with`",
        "remove it; `with` goes with `tool` or `flow`",
    ),
    "cwd on a python tool": (
        "tools: {t: {python: 'a:b', «cwd»: src}}",
        "bind/unknown-key",
        "tool `t` is a `python` tool and has no key `cwd`",
        "remove it; `cwd` goes with `shell` or `script`",
    ),
    "no kind": (
        "steps: {«only»: {needs: []}}",
        "bind/one-kind",
        (
            "step `only` must have exactly one of `assistant`, `tool`, `flow`, `ask` and `set`, "
            "found none"
        ),
        "add `assistant:`, `tool:`, `flow:`, `ask:` or `set:`",
    ),
    "two kinds": (
        "tools: {t: {shell: [ls]}}\nsteps: {only: {assistant: guide, «tool»: t}}",
        "bind/one-kind",
        (
            "step `only` must have exactly one of `assistant`, `tool`, `flow`, `ask` and `set`, "
            "found `assistant` and `tool`"
        ),
        "keep one of them, and write another definition for the other",
    ),
    "tool without a kind": (
        "tools: {«t»: {description: d}}",
        "bind/one-kind",
        "tool `t` must have exactly one of `python`, `shell` and `script`, found none",
        "add `python:`, `shell:` or `script:`",
    ),
    "tool of two kinds": (
        "tools: {t: {script: ls, «python»: 'a:b'}}",
        "bind/one-kind",
        (
            "tool `t` must have exactly one of `python`, `shell` and `script`, "
            "found `script` and `python`"
        ),
        None,
    ),
    "missing key": (
        "assistants: {«guide»: {instructions: Be brief}}",
        "bind/missing-key",
        "assistant `guide` must have a key `model`, found none",
        "add `model:`",
    ),
    "missing key in an input": (
        "inputs: {«city»: {}}",
        "bind/missing-key",
        "input `city` must have a key `type`, found none",
        "add `type:`",
    ),
    "text for a number": (
        "assistants: {guide: {model: m, temperature: «hot»}}",
        "bind/wrong-type",
        "`temperature` of assistant `guide` must be a number, found the text `hot`",
        None,
    ),
    "quoted number": (
        "assistants: {guide: {model: m, temperature: «'0.5'»}}",
        "bind/wrong-type",
        "`temperature` of assistant `guide` must be a number, found the text `0.5`",
        "write `0.5`, without quotes",
    ),
    "number for a text": (
        "steps: {only: {assistant: guide, message: «42»}}",
        "bind/wrong-type",
        "`message` of step `only` must be a text, found the number `42`",
        'put it in quotes: `"42"`',
    ),
    "true for a text": (
        "assistants: {guide: {model: m, metadata: {vip: «true»}}}",
        "bind/wrong-type",
        "`metadata.vip` of assistant `guide` must be a text, found `true`",
        'put it in quotes: `"true"`',
    ),
    "yes for true": (
        "assistants: {guide: {model: m, parallel_tool_calls: «yes»}}",
        "bind/wrong-type",
        (
            "`parallel_tool_calls` of assistant `guide` must be `true` or `false`, "
            "found the text `yes`"
        ),
        "write `true`, without quotes",
    ),
    "fraction for a whole number": (
        "tools: {t: {shell: [ls], max_output: «1.5»}}",
        "bind/wrong-type",
        "`max_output` of tool `t` must be a whole number, found the number `1.5`",
        None,
    ),
    "shell as a line": (
        "tools: {t: {shell: «df -h»}}",
        "bind/wrong-type",
        "`shell` of tool `t` must be a list, found the text `df -h`",
        "write a list, an item for each word: `[df, -h]`",
    ),
    "one name for a list": (
        "assistants: {guide: {model: m, tools: «weather»}}",
        "bind/wrong-type",
        "`tools` of assistant `guide` must be a list, found the text `weather`",
        "write a list: `[weather]`",
    ),
    "item of a list": (
        "tools: {t: {shell: [sleep, «5»]}}",
        "bind/wrong-type",
        "item 2 of `shell` of tool `t` must be a text, found the number `5`",
        'put it in quotes: `"5"`',
    ),
    "text for a definition": (
        "threads: {t: «new»}",
        "bind/wrong-type",
        "thread `t` must be a mapping, found the text `new`",
        None,
    ),
    "list for a section": (
        "threads: «[a]»",
        "bind/wrong-type",
        "`threads` must be a mapping, found a list",
        "write `name: value` in each line, without dashes",
    ),
    "shape of a choice": (
        "assistants: {guide: {model: m, truncation: «3»}}",
        "bind/wrong-type",
        (
            "`truncation` of assistant `guide` must be `auto` or a mapping with a `type`, "
            "found the number `3`"
        ),
        None,
    ),
    "environment": (
        "tools: {t: {shell: [ls], env: «HOME»}}",
        "bind/wrong-type",
        (
            "`env` of tool `t` must be a list of names or a mapping of names to values, "
            "found another text"
        ),
        None,
    ),
    "a question in one word": (
        "steps: {only: {ask: «Really?»}}",
        "bind/wrong-type",
        "`ask` of step `only` must be a mapping, found the text `Really?`",
        'write `{message: "Really?"}`',
    ),
    "a number of tries": (
        "steps: {only: {tool: t, retry: «3»}}",
        "bind/wrong-type",
        "`retry` of step `only` must be a mapping, found the number `3`",
        "write `{attempts: 3}`",
    ),
    "a number of iterations": (
        "steps: {only: {tool: t, repeat: «5»}}",
        "bind/wrong-type",
        "`repeat` of step `only` must be a mapping, found the number `5`",
        "write `{until: ..., max: 5}`, or `foreach:` with a list",
    ),
    "iterations as a switch": (
        "steps: {only: {tool: t, repeat: «true»}}",
        "bind/wrong-type",
        "`repeat` of step `only` must be a mapping, found `true`",
        None,
    ),
    "a wait as a switch": (
        "steps: {only: {tool: t, timeout: «true»}}",
        "bind/wrong-type",
        "`timeout` of step `only` must be a text, found `true`",
        "write a duration such as `30s`",
    ),
    "a wait before now": (
        "steps: {only: {tool: t, timeout: «-1»}}",
        "bind/wrong-type",
        "`timeout` of step `only` must be a text, found the number `-1`",
        "write a duration such as `30s`",
    ),
    "a wait without its unit": (
        "steps: {only: {tool: t, retry: {attempts: 2, max_delay: «5»}}}",
        "bind/wrong-type",
        "`max_delay` of `retry` of step `only` must be a text, found the number `5`",
        "write a duration with its unit: `5s`",
    ),
    "a condition that is none": (
        "steps: {only: {tool: t, if: «3»}}",
        "bind/wrong-type",
        "`if` of step `only` must be an expression, `true` or `false`, found the number `3`",
        None,
    ),
    "an empty condition": (
        "steps: {only: {tool: t, if: «''»}}",
        "bind/wrong-value",
        "`if` of step `only` must be filled, found an empty text",
        None,
    ),
    "a list that is none": (
        "steps: {only: {tool: t, foreach: «{a: 1}»}}",
        "bind/wrong-type",
        "`foreach` of step `only` must be an expression or a list, found a mapping",
        None,
    ),
    "a failure that cannot pass": (
        "steps: {only: {tool: t, retry: {attempts: 2, on: [tool, «denied»]}}}",
        "bind/wrong-value",
        (
            "item 2 of `on` of `retry` of step `only` must be `endpoint`, `tool`, `output`, "
            "`incomplete`, `expired`, `timeout`, `runtime` or `flow`, found the text `denied`"
        ),
        None,
    ),
    "one try": (
        "steps: {only: {tool: t, retry: {attempts: «1»}}}",
        "bind/wrong-value",
        "`attempts` of `retry` of step `only` must be at least 2, found the number `1`",
        None,
    ),
    "a loop without a bound": (
        "steps: {only: {tool: t, «repeat»: {until: x}}}",
        "bind/missing-key",
        "`repeat` of step `only` must have a key `max`, found none",
        "add `max:`",
    ),
    "a form without fields": (
        "steps: {only: {ask: {message: Go?, schema: «{}»}}}",
        "bind/wrong-value",
        "`schema` of `ask` of step `only` must be filled, found an empty mapping",
        None,
    ),
    "a value without a sound name": (
        "steps: {only: {set: {«B-b»: 1}}}",
        "bind/bad-name",
        (
            "a name in `set` of step `only` must be a name of small letters, digits and `_`, "
            "a letter first, found `B-b`"
        ),
        "write `b_b`",
    ),
    "no cost": (
        "limits: {max_cost_usd: «0»}",
        "bind/wrong-value",
        "`max_cost_usd` of `limits` must be more than 0, found the number `0`",
        None,
    ),
    "secret of the wrong type": (
        "tools: {t: {shell: [ls], env: {PIN: «4711»}}}",
        "bind/wrong-type",
        "`env.PIN` of tool `t` must be a text, found a number",
        "put it in quotes",
    ),
    "nothing": (
        "assistants: {guide: {model: m, «instructions»: }}",
        "bind/wrong-type",
        "`instructions` of assistant `guide` must have a value, found nothing",
        "give it a value, or remove the key",
    ),
    "a definition without a body": (
        "threads:\n  «t»:\n",
        "bind/wrong-type",
        "thread `t` must have a value, found nothing",
        "give it a value, or remove the key",
    ),
    "choice": (
        "tools: {t: {shell: [ls], effect: «at_most_onse»}}",
        "bind/wrong-value",
        (
            "`effect` of tool `t` must be `repeatable`, `keyed`, `probe` or `at_most_once`, "
            "found the text `at_most_onse`"
        ),
        "did you mean `at_most_once`?",
    ),
    "too large": (
        "assistants: {guide: {model: m, temperature: «3»}}",
        "bind/wrong-value",
        "`temperature` of assistant `guide` must be at most 2, found the number `3`",
        None,
    ),
    "too small": (
        "assistants: {guide: {model: m, max_prompt_tokens: «0»}}",
        "bind/wrong-value",
        "`max_prompt_tokens` of assistant `guide` must be at least 1, found the number `0`",
        None,
    ),
    "infinite": (
        "assistants: {guide: {model: m, temperature: «.inf»}}",
        "bind/wrong-value",
        "`temperature` of assistant `guide` must be a finite number, found an infinite one",
        None,
    ),
    "too long": (
        f"assistants: {{guide: {{model: m, metadata: {{a: «{'x' * 513}»}}}}}}",
        "bind/wrong-value",
        "`metadata.a` of assistant `guide` must be at most 512 characters long, found 513",
        None,
    ),
    "too many": (
        "assistants: {guide: {model: m, metadata: «{"
        + ", ".join(f"k{number}: v" for number in range(17))
        + "}»}}",
        "bind/wrong-value",
        "`metadata` of assistant `guide` must be at most 16 items long, found 17",
        None,
    ),
    "empty": (
        "tools: {t: {shell: «[]»}}",
        "bind/wrong-value",
        "`shell` of tool `t` must be filled, found an empty list",
        None,
    ),
    "duration": (
        "tools: {t: {shell: [ls], timeout: «30 seconds»}}",
        "bind/wrong-value",
        (
            "`timeout` of tool `t` must be a duration such as `30s`, `500ms`, `5m` or `1h`, "
            "found the text `30 seconds`"
        ),
        None,
    ),
    "duration without a unit": (
        "tools: {t: {shell: [ls], timeout: «30»}}",
        "bind/wrong-type",
        "`timeout` of tool `t` must be a text, found the number `30`",
        "write a duration with its unit: `30s`",
    ),
    "entry point": (
        "tools: {t: {python: «weather_tools.forecast»}}",
        "bind/wrong-value",
        "`python` of tool `t` must be `module:function`, found the text `weather_tools.forecast`",
        "write `weather_tools:forecast`",
    ),
    "name of a step": (
        "steps: {«first-step»: {assistant: guide}}",
        "bind/bad-name",
        (
            "a name in `steps` must be a name of small letters, digits and `_`, a letter first, "
            "found `first-step`"
        ),
        "write `first_step`",
    ),
    "name of the flow": (
        "name: «My Flow»",
        "bind/bad-name",
        (
            "`name` must be a name of small letters, digits, `_` and `-`, a letter first, "
            "found the text `My Flow`"
        ),
        "write `my-flow`",
    ),
    "reference that is no name": (
        "steps: {only: {assistant: «The Guide»}}",
        "bind/bad-name",
        (
            "`assistant` of step `only` must be a name of small letters, digits, `_` and `-`, "
            "a letter first, found the text `The Guide`"
        ),
        "write `the-guide`",
    ),
    "environment name": (
        "env: [HOME, «MY-VAR»]",
        "bind/bad-name",
        "item 2 of `env` must be a name of letters, digits and `_`, found another text",
        None,
    ),
    "long key": (
        f"assistants: {{guide: {{model: m, metadata: {{? «{'k' * 65}» : v}}}}}}",
        "bind/bad-name",
        (
            "a name in `metadata` of assistant `guide` must be at most 64 characters long, "
            f"found `{'k' * 39}…`"
        ),
        None,
    ),
    "newer version": (
        "version: «2»",
        "bind/unknown-version",
        "`version` must be `1`, found the number `2`",
        "this release knows version 1 alone; a newer flowrun may know it",
    ),
    "version as a text": (
        "version: «'1'»",
        "bind/unknown-version",
        "`version` must be `1`, found the text `1`",
        "write `version: 1` at the top of the file",
    ),
    "version true": (
        "version: «true»",
        "bind/unknown-version",
        "`version` must be `1`, found `true`",
        None,
    ),
    "version without a value": (
        "«version»:",
        "bind/unknown-version",
        "`version` must be `1`, found nothing",
        None,
    ),
    "no steps": (
        "«steps»: {}",
        "bind/wrong-value",
        "`steps` must have at least one step, found none",
        None,
    ),
}


@pytest.mark.parametrize(("body", "code", "message", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_once_at_its_place(body, code, message, hint):
    complaint = the_only_complaint(flow_text(body), bind_flow)
    assert (complaint.code, complaint.message) == (code, message)
    if hint is not None:
        assert complaint.hint == hint


def test_a_missing_version_is_told_at_the_first_key():
    complaint = the_only_complaint(
        "«name»: sample\nassistants: {g: {model: m}}\nsteps: {s: {assistant: g}}\n", bind_flow
    )
    assert complaint.code == "bind/unknown-version"
    assert complaint.message == "the flow must say `version: 1`, found no version"


def test_missing_top_level_keys_are_each_told():
    _, complaints = bind_flow(document("version: 1\n"))
    assert [one.message for one in complaints] == [
        "the flow must have a key `name`, found none",
        "the flow must have a key `steps`, found none",
    ]


def test_two_kinds_name_the_first_as_well():
    text = "tools: {t: {shell: [ls]}}\nsteps: {only: {assistant: guide, tool: t}}"
    [complaint] = bound(text)[1]
    [label] = complaint.related
    assert label.text == "the first kind"
    assert label.span.start.column == text.splitlines()[1].index("assistant") + 1


def test_a_misspelt_kind_is_not_a_missing_kind_as_well():
    text = "steps: {a: {asistant: guide}}\ntools: {t: {shel: [ls]}}"
    assert [code for code, _ in complaints_of(text)] == ["bind/unknown-key"] * 2


def test_a_misspelt_key_is_not_a_missing_key_as_well():
    assert complaints_of("assistants: {guide: {modle: m}}") == [
        ("bind/unknown-key", "assistant `guide` has no key `modle`")
    ]


def test_nothing_is_said_of_the_value_of_an_unknown_key():
    assert len(complaints_of("assistants: {guide: {model: m, colour: {a: , b: .inf}}}")) == 1


def test_all_mistakes_of_a_step_are_told_and_hide_no_other_step():
    text = """\
steps:
  one: {assistant: guide, mesage: Go, on_error: ignore, max_prompt_tokens: many}
  Two: {assistant: guide}
  three: {tool: t, thread: x, needs: [one, 5]}
"""
    assert [code for code, _ in complaints_of(text)] == [
        "bind/unknown-key",
        "bind/wrong-value",
        "bind/wrong-type",
        "bind/bad-name",
        "bind/unknown-key",
        "bind/wrong-type",
    ]


def test_private_keys_are_ignored_at_every_depth():
    text = """\
x-common: {a: , b: .inf}
inputs: {city: {type: string, x-note: 1}}
tools: {t: {shell: [ls], x-owner: me}}
assistants: {guide: {model: m, x-a: 1, truncation: {type: auto, x-b: 2}}}
threads: {t: {x-c: 3}}
steps: {only: {assistant: guide, x-d: [4]}}
"""
    flow, complaints = bound(text)
    assert complaints == ()
    assert flow.whole


def test_null_is_a_value_where_data_are_free():
    text = """\
inputs: {city: {type: string, enum: [a], default: a}}
tools: {t: {shell: [ls], parameters: {path: {default: }}}}
steps:
  only: {tool: t, with: {path: }, foreach: [1, null]}
  more: {set: {nothing: }}
  form: {ask: {message: Go?, schema: {note: {type: string, default: }}}}
outputs: {all: {nothing: }}
"""
    assert complaints_of(text) == []


EVERYTHING = """\
inputs: {files: {type: array, items: {type: string}, default: []}}
limits: {max_tokens: 5, max_cost_usd: 1, max_tool_rounds: 3, max_parallel: 4, timeout: 1h}
tools:
  look:
    shell: [ls]
    effect: repeatable
    retry: {attempts: 3, delay: 0s, backoff: 2, max_delay: 10s}
  pay: {shell: [pay], effect: probe, probe: paid, on_unknown: fail, approval: always}
  paid: {shell: [paid], effect: repeatable}
  mail: {shell: [mail], effect: keyed, retry: {attempts: 2}}
  buy: {shell: [buy], effect: at_most_once, on_unknown: tell_model}
steps:
  each:
    assistant: guide
    message: "{{ item }}"
    foreach: inputs.files
    max_parallel: 5
    retry: {attempts: 3, on: [endpoint, timeout]}
    timeout: 30s
    on_error: continue
  inner: {flow: other.flow.yaml, with: {x: 1}, if: steps.each.output, join: any}
  form: {ask: {message: Really?, schema: {note: {type: string}}}, timeout: 1h, if: true}
  sum: {set: {x: 1, y: [2]}, if: false}
  pay: {tool: pay, foreach: [], repeat: {until: "{{ steps.pay.output }}", max: 3}}
  good: {ask: {message: OK?}}
  talk: {assistant: guide, message: Hi, thread: talk, foreach: [1, b], max_parallel: 1}
threads: {talk: {}}
"""


def test_every_key_of_control_flow_binds():
    flow, complaints = bound(EVERYTHING)
    assert complaints == ()
    assert flow.whole
    steps = flow.flow.steps
    assert steps["each"].retry.on == ["endpoint", "timeout"]
    assert (steps["form"].if_, steps["sum"].if_, steps["good"].if_) == (True, False, None)
    assert steps["sum"].set_ == {"x": 1, "y": [2]}
    assert steps["pay"].foreach == []
    assert steps["form"].ask.schema_ == {"note": {"type": "string"}}
    assert flow.flow.limits.max_cost_usd == 1
    assert flow.flow.tools["pay"].probe == "paid"


def test_a_mistake_in_control_flow_costs_as_little_as_can_be():
    text = """\
limits: {max_tokens: 0}
tools: {t: {shell: [ls], effect: keyed, retry: {attempts: 0}}}
steps:
  one: {assistant: guide, retry: {attempts: many}, timeout: soon, if: 3, join: some}
  two: {ask: 5}
  three: {tool: t, foreach: 5}
"""
    flow, complaints = bound(text)
    assert len(complaints) == 8
    assert list(flow.flow.steps) == ["one"]
    assert flow.flow.steps["one"].retry is None
    assert flow.flow.tools["t"].retry is None
    assert flow.dropped == {("steps", "two"), ("steps", "three")}


def test_what_is_sound_is_handed_on_and_what_is_not_is_named():
    text = """\
tools:
  good: {shell: [ls]}
  bad: {shell: ls}
assistants:
  guide: {model: m, temprature: 1, temperature: hot}
  broken: {instructions: x}
threads: {t: 5}
env: [HOME, 5-5]
steps:
  one: {assistant: guide, thread: t, mesage: Go}
  two: {assistant: 5}
  three: {asistant: guide}
"""
    flow, _ = bound(text)
    assert not flow.whole
    assert flow.dropped == {
        ("tools", "bad"),
        ("assistants", "broken"),
        ("threads", "t"),
        ("env", "5-5"),
        ("steps", "two"),
        ("steps", "three"),
    }
    assert list(flow.flow.tools) == ["good"]
    assert list(flow.flow.assistants) == ["guide"]
    assert list(flow.flow.steps) == ["one"]
    assert flow.flow.env == ["HOME"]
    assert flow.flow.assistants["guide"].temperature is None
    assert flow.lost("steps", "two")
    assert not flow.lost("steps", "one")


def test_a_section_that_is_lost_may_have_held_any_name():
    flow, _ = bound("threads: [a]")
    assert flow.lost("threads", "whatever")
    flow, _ = bound("thraeds: {a: {}}")
    assert flow.lost("threads", "a")


def test_a_flow_without_steps_still_shows_its_tools():
    flow, complaints = bind_flow(document("version: 3\nname: A\ntools: {t: {shell: [ls]}}\n"))
    assert flow is not None
    assert list(flow.flow.tools) == ["t"]
    assert len(complaints) == 3


def test_nothing_is_said_of_a_value_that_could_not_be_had():
    whole = document("version: 1\nname: a\nassistants: {g: {model: m, top_p: x}}\nsteps: {}\n")
    [*others, steps] = whole.root.entries
    place = steps.value.span
    model = Entry(Scalar("model", place), Scalar("m", place))
    unknown = Entry(Scalar("top_p", place), Scalar("${P}", place, (), UNKNOWN))
    guide = Entry(Scalar("g", place), Mapping((model, unknown), place))
    assistants = Entry(Scalar("assistants", place), Mapping((guide,), place))
    root = Mapping((*others[:2], assistants, steps), place)
    flow, complaints = bind_flow(Document(root, whole.path, whole.sources))
    assert [one.message for one in complaints] == [
        "`steps` must have at least one step, found none"
    ]
    assert flow is not None
    assert not flow.whole


def test_complaints_are_in_order_of_place():
    spans = [one.span for one in bound("steps: {a: {b: 1}}\nzzz: 1\nenv: 3\n")[1]]
    assert spans == sorted(spans)


def test_no_flow_of_the_repository_is_refused():
    for path in sorted((ROOT / "flows").glob("*.flow.yaml")):
        text = re.sub(r"!file (\S+)", r"\1", path.read_text("utf-8"))
        assert bind_flow(document(text))[1] == (), path


def test_every_one_of_a_thousand_mistakes_is_told():
    steps = "".join(f"  s{number}: {{assistant: guide, mesage: x}}\n" for number in range(1000))
    assert len(complaints_of(f"steps:\n{steps}")) == 1000


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("tools: {t: {shell: [ls], timeout: 0s}}", "bind/wrong-value", "must be more than 0"),
        (f"tools: {{{'t' * 65}: {{shell: [ls]}}}}", "bind/bad-name", "at most 64 characters long"),
        (
            "inputs: {x: {type: integer, minimum: 5, maximum: 2}}",
            "bind/wrong-value",
            "at least its",
        ),
        ("inputs: {x: {type: string, minLength: -1}}", "bind/wrong-value", "at least 0"),
        ("threads: {t: {key: ''}}", "bind/wrong-value", "must be filled"),
        (
            "assistants: {a: {model: m, truncation: {type: last_messages, last_message: 3}}}",
            "bind/unknown-key",
            "has no key `last_message`",
        ),
    ],
)
def test_what_could_never_work_is_refused_once(text, code, said):
    ((found, message),) = complaints_of(text)
    assert found == code
    assert said in message


def test_a_name_that_is_nearly_allowed_is_known_by_what_it_should_be():
    found, complaints = bind_flow(document(flow_text("threads: {Talk: {}}")))
    assert [one.code for one in complaints] == ["bind/bad-name"]
    assert found is not None
    assert found.lost("threads", "talk")


def test_what_an_anchor_shares_is_reported_once():
    text = "tools: {t: &t {shell: [ls], tiemout: 5s}, u: *t}"
    assert [code for code, _ in complaints_of(text)] == ["bind/unknown-key"]


def test_what_the_environment_holds_is_not_shown():
    source = SourceText("f.yaml", flow_text("tools: {t: {shell: [ls], timeout: '${LEAK}'}}"))
    found, _ = resolve_document("f.yaml", lambda path: source, {"LEAK": "canary-5f1e"})
    assert found is not None
    _, (one,) = bind_flow(found)
    assert "found the text `${LEAK}`" in one.message
    assert "canary" not in f"{one.message}{one.hint}"

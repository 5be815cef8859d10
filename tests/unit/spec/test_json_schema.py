"""The schemas that editors complete by agree with what `check` says."""

from collections.abc import Iterator

import jsonschema_rs
import pytest

from flowrun.spec.bind import bind_flow
from flowrun.spec.flow import NOT_YET
from flowrun.spec.json_schema import DRAFT_7, flow_schema, project_schema, replies_schema, say
from flowrun.spec.plain import to_plain
from tests.support.binding import document, flow_text
from tests.support.repository import ROOT

SCHEMAS = {"flow": flow_schema(), "project": project_schema(), "replies": replies_schema()}


def admits(kind: str, text: str) -> bool:
    return jsonschema_rs.Draft7Validator(SCHEMAS[kind]).is_valid(to_plain(document(text).root))


def nested(schema: object) -> Iterator[dict]:
    if isinstance(schema, dict):
        yield schema
        for one in schema.values():
            yield from nested(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from nested(one)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_is_draft_7_and_describes_every_key(kind):
    schema = SCHEMAS[kind]
    assert schema["$schema"] == DRAFT_7
    jsonschema_rs.meta.validate(schema)
    for name, definition in {"": schema, **schema["definitions"]}.items():
        assert definition["additionalProperties"] is False, name
        assert definition["patternProperties"] == {"^x-": {}}
        for key, one in definition["properties"].items():
            assert one["markdownDescription"] == one["description"], f"{name}.{key}"
            assert "\n" not in one["description"]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_says_nothing_that_draft_7_passes_over(kind):
    for one in nested(SCHEMAS[kind]):
        assert not {"$defs", "prefixItems", "discriminator", "nullable"} & set(one)
        assert "$ref" not in one or set(one) == {"$ref"}
        assert one.get("type") != "null"
        assert one.get("default", "") is not None


def test_keys_of_later_releases_are_not_offered():
    definitions = SCHEMAS["flow"]["definitions"]
    assert not NOT_YET["assistant"] & set(definitions["Assistant"]["properties"])


@pytest.mark.parametrize(
    "body",
    [
        "x-mine: {a: 1}",
        "steps: {a: {assistant: guide, thread: t, message: Go, output: {type: object}, x-b: 1}}",
        "steps: {a: {tool: t, with: {b: [1]}, needs: [c], on_error: continue}}",
        "tools: {t: {shell: [ls, -l], env: [HOME], cwd: src, timeout: 5s}}",
        "tools: {t: {script: ls, env: {A: b}}, u: {python: 'a.b:c', max_output: 10}}",
        "tools: {t: {shell: [ls], timeout: '${T}', max_output: '${N:-10}'}}",
        "assistants: {g: {model: m, truncation: {type: last_messages, last_messages: 3}}}",
        "assistants: {g: {model: m, truncation: auto, tool_choice: required, metadata: {a: b}}}",
        "inputs: {a: {type: integer, minimum: 1}, b: {type: string, maxLength: 3}}",
        "steps: {a: {flow: b.flow.yaml, with: {c: 1}, retry: {attempts: 3, on: [flow]}}}",
        "steps: {a: {ask: {message: Go?, schema: {b: {type: string}}}, timeout: 1h, join: any}}",
        "steps: {a: {set: {b: 1}, if: true}, c: {set: {b: []}, if: false}, d: {set: {b: x}}}",
        "steps: {a: {assistant: guide, foreach: inputs.files, max_parallel: 3, if: inputs.b}}",
        "steps: {a: {assistant: guide, thread: t, foreach: [1, {b: c}], max_parallel: 1}}",
        "steps: {a: {assistant: guide, repeat: {until: steps.a.output, max: 3}, timeout: 5s}}",
        "limits: {max_tokens: 5, max_cost_usd: 1.5, max_tool_rounds: 2, timeout: 1h}",
        "limits: {}",
        "tools: {t: {shell: [ls], effect: keyed, retry: {attempts: 2, delay: 0s, backoff: 1}}}",
        "tools: {t: {shell: [ls], effect: probe, probe: u, on_unknown: fail, approval: always}}",
        "tools: {t: {shell: [ls], on_unknown: tell_model}}",
    ],
)
def test_what_check_accepts_the_schema_accepts(body):
    text = flow_text(body)
    assert admits("flow", text)
    if "${" not in text:
        assert bind_flow(document(text))[1] == ()


@pytest.mark.parametrize(
    "body",
    [
        "stepps: {}",
        "version: 2",
        "name: My Flow",
        "steps: {}",
        "steps: {a: {}}",
        "steps: {a-b: {assistant: guide}}",
        "steps: {a: {assistant: guide, tool: t}}",
        "steps: {a: {assistant: guide, with: {}}}",
        "steps: {a: {tool: t, message: Go}}",
        "steps: {a: {assistant: guide, if: 3}}",
        "steps: {a: {assistant: guide, flow: b}}",
        "steps: {a: {assistant: guide, max_parallel: 3}}",
        "steps: {a: {assistant: guide, thread: t, foreach: [1], max_parallel: 3}}",
        "steps: {a: {assistant: guide, foreach: {b: c}}}",
        "steps: {a: {assistant: guide, repeat: {until: b}}}",
        "steps: {a: {assistant: guide, retry: {attempts: 1}}}",
        "steps: {a: {assistant: guide, retry: {attempts: 2, on: [denied]}}}",
        "steps: {a: {assistant: guide, timeout: soon}}",
        "steps: {a: {ask: {}}}",
        "steps: {a: {ask: {message: Go?}, retry: {attempts: 2}}}",
        "steps: {a: {ask: {message: Go?}, with: {b: c}}}",
        "steps: {a: {set: {}}}",
        "steps: {a: {set: {b: 1}, timeout: 5s}}",
        "steps: {a: {assistant: guide, retry: {attempts: 2, on: [tool, tool]}}}",
        "steps: {a: {assistant: guide, retry: {attempts: 2, on: [flow]}}}",
        "steps: {a: {tool: t, retry: {attempts: 2, on: [tool, endpoint]}}}",
        "steps: {a: {flow: b.flow.yaml, retry: {attempts: 2, on: [tool]}}}",
        "steps: {a: {assistant: guide, timeout: 0s}}",
        "steps: {a: {assistant: guide, needs: [b, b]}}",
        "assistants: {g: {model: m, tools: [t, t]}}",
        "tools: {t: {shell: [ls], timeout: 0.0h}}",
        "limits: {timeout: 00ms}",
        "limits: {max_token: 5}",
        "limits: {max_cost_usd: 0}",
        "tools: {t: {shell: [ls], effect: probe}}",
        "tools: {t: {shell: [ls], effect: keyed, probe: u}}",
        "tools: {t: {shell: [ls], retry: {attempts: 2}}}",
        "tools: {t: {shell: [ls], effect: probe, probe: u, retry: {attempts: 2}}}",
        "tools: {t: {shell: [ls], effect: keyed, retry: {attempts: 2, on: [tool]}}}",
        "tools: {t: {shell: [ls], effect: keyed, on_unknown: fail}}",
        "steps: {a: {assistant: guide, message: }}",
        "tools: {t: {}}",
        "tools: {t: {shell: ls}}",
        "tools: {t: {shell: []}}",
        "tools: {t: {shell: [ls], script: ls}}",
        "tools: {t: {python: 'a:b', cwd: src}}",
        "tools: {t: {shell: [ls], timeout: 30 seconds}}",
        "tools: {t: {shell: [ls], env: {A-B: c}}}",
        "assistants: {g: {}}",
        "assistants: {g: {model: m, temperature: 3}}",
        "assistants: {g: {model: m, truncation: {type: last_messages}}}",
        "assistants: {g: {model: m, truncation: {type: auto, last_messages: 3}}}",
        "assistants: {g: {model: m, output: {}, response_format: text}}",
        "inputs: {a: {type: strin}}",
        "inputs: {a: {type: string, minimum: 1}}",
    ],
)
def test_what_check_refuses_the_schema_refuses(body):
    text = flow_text(body)
    assert not admits("flow", text)
    assert bind_flow(document(text))[1] != ()


def test_project_files_are_held_to_theirs():
    assert admits("project", "version: 1\nendpoints: {a: {base_url: '${URL}', retries: 0}}\n")
    assert admits("project", "version: 1\nmodels: {m: {model: x, prices: {input: 1, output: 2}}}\n")
    assert not admits("project", "version: 1\nendpoints: {a: {base_url: localhost}}\n")
    assert not admits("project", "version: 1\nendpoint: {}\n")
    assert not admits("project", "version: 1\nendpoints: {a: {timeout: {read: 0s}}}\n")


def test_replies_files_are_held_to_theirs():
    assert admits("replies", "version: 1\nreplies: [{when: {after: true, turn: 0}, say: a}]\n")
    assert admits(
        "replies", "version: 1\nreplies: [{call: [{tool: t, arguments: 'x'}], times: 1}]\n"
    )
    assert not admits("replies", "version: 1\nreplies: [{when: {after: false}, say: a}]\n")
    assert not admits("replies", "version: 1\nreplies: [{say: a, error: {status: 500}}]\n")
    assert not admits("replies", "version: 1\nreplies: [{when: {user: a}}]\n")
    assert not admits("replies", "version: 1\nreplies: []\n")


@pytest.mark.parametrize("kind", ["flow", "replies"])
def test_the_files_of_the_repository_are_admitted(kind):
    for path in sorted((ROOT / "flows").glob(f"*.{kind}.yaml")):
        assert admits(kind, path.read_text("utf-8")), path


def test_a_description_beside_a_reference_is_not_lost():
    assert say({"$ref": "#/definitions/a"}, "Words\n  here.") == {
        "allOf": [{"$ref": "#/definitions/a"}],
        "description": "Words here.",
        "markdownDescription": "Words here.",
    }

"""From a flow to its plan."""

import hashlib

from flowrun.plan.codec import plan_digest, plan_from_json, plan_to_json
from flowrun.plan.plan import AssistantAction, ToolAction
from tests.support.flows import HEADER, Checked, check_body, compiled

FLOW = """inputs:
  city: {type: string, default: Paris, minLength: 1, description: Where}
  days: {type: integer, minimum: 1}
  note: {type: string, default: ""}
env: [REGION]
tools:
  look:
    python: tools:look
    timeout: 1.5m
    effect: repeatable
    on_error: fail
  free:
    description: Free space
    shell: [df, -h, --, "{{ args.path }}"]
    parameters: {path: {type: string}, deep: {type: boolean, default: false}}
    env: [REGION]
    cwd: scripts
    max_output: 100
  note: {script: "cat", env: {TOKEN: "abc"}}
assistants:
  guide:
    model: fast
    instructions: "In {{ inputs.city }}, {{ env.REGION }}, {{ inputs.days }}, {{ inputs.note }}."
    tools: [look, free]
    temperature: 0
    truncation: auto
    metadata: {team: travel}
  judge:
    model: deep
    endpoint: openai
    output: {type: object, properties: {ok: {type: boolean}}}
    tool_choice: none
  plain: {model: gpt-5, response_format: json_object}
threads:
  talk: {key: "{{ run.id }}", metadata: {kind: chat}}
steps:
  last: {assistant: judge, message: "{{ steps.first.output }} {{ steps.disk.output.stdout }}"}
  first: {assistant: guide, thread: talk, message: Hi, max_completion_tokens: 50}
  disk: {tool: free, with: {path: "{{ inputs.city }}"}, on_error: continue}
  second:
    assistant: plain
    thread: talk
    needs: [disk]
    truncation: {type: last_messages, last_messages: 3}
    output: {type: object}
outputs:
  told: "{{ steps.last.output }}"
  all: [1, "{{ steps.second.output }}"]
"""
TOOLS = 'def look(place: str) -> str:\n    """Look at a place."""\n    return place\n'


def plan():
    return compiled(FLOW, tools_py=TOOLS)


def test_steps_are_numbered_in_order_and_know_what_they_wait_for():
    found = {one.name: (one.number, one.lane, one.needs, one.on_error) for one in plan().steps}
    assert found == {
        "first": (1, "talk", (), "fail"),
        "disk": (2, "(disk)", (), "continue"),
        "last": (3, "(last)", ("first", "disk"), "fail"),
        "second": (4, "talk", ("first", "disk"), "fail"),
    }
    assert [one.number for one in plan().steps] == [1, 2, 3, 4]


def test_actions():
    steps = {one.name: one.action for one in plan().steps}
    assert steps["first"] == AssistantAction(
        assistant="guide", thread="talk", message="Hi", overrides={"max_completion_tokens": 50}
    )
    assert steps["second"] == AssistantAction(
        assistant="plain",
        thread="talk",
        overrides={
            "truncation": {"type": "last_messages", "last_messages": 3},
            "output": {"type": "object"},
        },
    )
    assert steps["disk"] == ToolAction(tool="free", arguments={"path": "{{ inputs.city }}"})


def test_tools():
    look, free, note = plan().tools
    assert (look.kind, look.entrypoint, look.description) == (
        "python",
        "tools:look",
        "Look at a place.",
    )
    assert look.source_digest == hashlib.sha256(TOOLS.encode()).hexdigest()
    assert (look.timeout_s, look.effect, look.on_error) == (90.0, "repeatable", "fail")
    assert look.parameters["required"] == ["place"]
    assert look.result == {"type": "string"}
    assert free.argv == ("df", "-h", "--", "{{ args.path }}")
    assert free.parameters["required"] == ["path"]
    assert free.parameters["additionalProperties"] is False
    assert (free.env, free.cwd, free.max_output) == (
        (("REGION", "${env:REGION}"),),
        "scripts",
        100,
    )
    assert (note.script, note.env, note.effect) == ("cat", (("TOKEN", "abc"),), "at_most_once")
    assert note.parameters == {
        "type": "object",
        "properties": {},
        "required": [],
        "additionalProperties": False,
    }


def test_assistants_and_threads():
    guide, judge, plain = plan().assistants
    assert (guide.model, guide.endpoint) == ("qwen3:4b", "local")
    assert (judge.model, judge.endpoint) == ("gpt-5", "openai")
    assert (plain.model, plain.endpoint) == ("gpt-5", "")
    assert guide.tools == ("look", "free")
    assert (guide.temperature, guide.truncation) == (0, {"type": "auto"})
    assert guide.metadata == (("team", "travel"),)
    assert judge.output == {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    assert judge.tool_choice == "none"
    assert plain.response_format == {"type": "json_object"}
    (talk,) = plan().threads
    assert (talk.name, talk.key, talk.metadata) == ("talk", "{{ run.id }}", (("kind", "chat"),))


def test_inputs_are_schemas_and_a_default_is_there_only_if_given():
    assert dict(plan().inputs) == {
        "city": {"type": "string", "default": "Paris", "minLength": 1, "description": "Where"},
        "days": {"type": "integer", "minimum": 1},
        "note": {"type": "string", "default": ""},
    }
    assert plan().env == ("REGION",)
    assert plan().outputs == (
        ("told", "{{ steps.last.output }}"),
        ("all", [1, "{{ steps.second.output }}"]),
    )


def test_a_plan_survives_being_stored():
    text = plan_to_json(plan())
    again = plan_from_json(text)
    assert plan_to_json(again) == text
    assert plan_digest(again) == plan_digest(plan())
    assert again.steps == plan().steps


def test_the_digest_is_that_of_the_flow_and_not_of_its_place():
    digest = plan_digest(plan())
    commented = check_body(f"# a note\n\n{FLOW}", tools_py=TOOLS).plan
    moved = Checked({"flow.yaml": HEADER + FLOW, "tools.py": TOOLS, "elsewhere/other.md": "x"}).plan
    assert plan_digest(commented) == plan_digest(moved) == digest
    assert plan_digest(compiled(FLOW.replace("Hi", "Ho"), tools_py=TOOLS)) != digest
    assert plan_digest(compiled(FLOW, tools_py=TOOLS + "# changed\n")) != digest


def test_nothing_of_the_machine_is_in_a_plan():
    text = plan_to_json(plan())
    assert "/home/me" not in text
    assert '"eu"' not in text


def test_secrets_stay_references():
    body = (
        'tools: {t: {script: "cat", env: {TOKEN: "${secret:GITHUB_TOKEN}"}}}\n'
        "steps: {s: {tool: t}}\n"
    )
    (tool,) = compiled(body).tools
    assert tool.env == (("TOKEN", "${secret:GITHUB_TOKEN}"),)

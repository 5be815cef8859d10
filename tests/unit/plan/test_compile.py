"""From a flow to its plan."""

import hashlib

from flowrun.plan.codec import plan_digest, plan_from_json, plan_to_json
from flowrun.plan.plan import (
    AskAction,
    AssistantAction,
    PlannedForeach,
    PlannedLimits,
    PlannedPrices,
    PlannedRepeat,
    PlannedRetry,
    SetAction,
    ToolAction,
)
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
    found = {one.name: (one.number, one.lane, one.needs, one.after) for one in plan().steps}
    assert found == {
        "first": (1, "talk", (), ()),
        "disk": (2, "(disk)", (), ()),
        "last": (3, "(last)", ("first", "disk"), ()),
        "second": (4, "talk", ("disk",), ("first",)),
    }
    assert [one.on_error for one in plan().steps] == ["fail", "continue", "fail", "fail"]
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


CONTROL = """inputs:
  cities: {type: array, items: {type: string}}
limits: {max_tokens: 5000, max_cost_usd: 1.5, max_tool_rounds: 4, max_parallel: 3, timeout: 10m}
tools:
  pay:
    shell: [echo]
    effect: keyed
    approval: always
    retry: {attempts: 4, delay: 500ms, backoff: 1, max_delay: 2m}
  charge: {shell: [echo], effect: probe, probe: paid, on_unknown: fail}
  paid: {shell: [echo], effect: repeatable}
assistants:
  guide: {model: deep, tools: [pay, charge]}
threads: {talk: {}}
steps:
  first: {assistant: guide, thread: talk, message: Hi}
  again:
    assistant: guide
    thread: talk
    message: "{{ item }} {{ steps.again.output }} {{ steps.first.output }}"
    if: "{{ inputs.cities }}"
    join: any
    foreach: inputs.cities
    repeat: {until: steps.again.output, max: 3}
    retry: {attempts: 2, on: [timeout, tool]}
    timeout: 1.5m
    on_error: continue
  third: {assistant: guide, thread: talk, message: Ho, needs: [first]}
  asked: {ask: {message: "Go to {{ steps.again.output }}?"}, if: false}
  form: {ask: {message: How many, schema: {days: {type: integer}}}, if: true}
  kept:
    set: {n: "{{ steps.form.output.days }}"}
    foreach: [1, "{{ inputs.cities[0] }}"]
    max_parallel: 2
  inner: {flow: inner.yaml, with: {n: "{{ steps.kept.output[0].n }}"}}
"""
INNER = HEADER + "inputs: {n: {type: integer}}\nsteps: {x: {set: {y: '{{ inputs.n }}'}}}\n"


def control():
    done = check_body(CONTROL, inner_yaml=INNER)
    assert done.plan is not None, done.lines
    return done.plan


def step(name):
    return next(one for one in control().steps if one.name == name)


def test_every_layer_of_a_step_is_in_the_plan():
    again = step("again")
    assert (again.needs, again.after) == (("first",), ())  # itself under `repeat` is no need
    assert (again.join, again.condition) == ("any", "{{ inputs.cities }}")
    assert again.foreach == PlannedForeach(items="inputs.cities", max_parallel=1)
    assert again.repeat == PlannedRepeat(until="steps.again.output", max=3)
    assert again.retry == PlannedRetry(attempts=2, on=("timeout", "tool"))
    assert (again.timeout_s, again.on_error) == (90.0, "continue")


def test_thread_order_is_no_need_and_a_need_is_named_once():
    assert (step("third").needs, step("third").after) == (("first",), ("again",))


def test_a_condition_may_be_said_outright():
    assert (step("asked").condition, step("form").condition) == ("false", "true")


def test_people_values_and_sub_flows_have_their_actions():
    assert step("asked").action == AskAction(message="Go to {{ steps.again.output }}?")
    assert step("form").action.schema["required"] == ["days"]
    assert step("kept").action == SetAction(values={"n": "{{ steps.form.output.days }}"})
    items = [1, "{{ inputs.cities[0] }}"]
    assert step("kept").foreach == PlannedForeach(items=items, max_parallel=2)
    inner = step("inner").action
    assert (inner.path, inner.inputs) == ("inner.yaml", {"n": "{{ steps.kept.output[0].n }}"})
    assert inner.plan == compiled(INNER.removeprefix(HEADER))


def test_tools_say_what_happens_after_a_crash_and_who_approves():
    pay, charge, paid = control().tools
    assert (pay.effect, pay.probe, pay.approval) == ("keyed", "", "always")
    assert pay.retry == PlannedRetry(attempts=4, delay_s=0.5, backoff=1.0, max_delay_s=120.0)
    assert (charge.effect, charge.probe, charge.on_unknown) == ("probe", "paid", "fail")
    assert (paid.effect, paid.on_unknown, paid.approval) == ("repeatable", "ask", "never")
    assert paid.retry is None


def test_limits_and_prices():
    assert control().limits == PlannedLimits(
        max_tokens=5000, max_cost_usd=1.5, max_tool_rounds=4, max_parallel=3, timeout_s=600.0
    )
    assert control().assistants[0].prices == PlannedPrices(input=1.25, output=10)


def test_a_plan_with_everything_comes_back_from_its_text():
    assert plan_from_json(plan_to_json(control())) == control()

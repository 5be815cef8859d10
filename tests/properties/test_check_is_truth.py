"""What the checker says is so: sound flows run, and no flow that it lets through breaks flowrun.

Flows are drawn so that they are sound by construction, with every key of control flow. Then one
place of the text is spoilt at random: the checker may say what it likes, but it must not break, and
what it lets through must run or fail in words.
"""

import asyncio
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from flowrun.app.execute import Occasion, execute_flow
from flowrun.app.inputs import read_inputs
from flowrun.app.load import load_flow
from flowrun.errors import FlowrunError, InvalidSource
from flowrun.source.diagnostic import Severity

TOOLS = '''
from typing import Literal


def add(a: int, b: int = 1, *, unit: Literal["m", "km"] = "m") -> int:
    """Add."""
    return a + b


def describe(items: list[str], options: dict[str, int] | None = None) -> dict[str, str]:
    """Describe."""
    return {"text": ", ".join(items), "count": str(len(items))}
'''
REPLIES = """version: 1
replies:
  - when: {assistant: judge}
    say: '{"score": 3, "tags": ["a"]}'
  - say: It is {braces} and 100 %.
"""
ENVIRON = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "REGION": "eu"}

INNER = """version: 1
name: inner
inputs:
  word: {type: string}
  times: {type: integer, minimum: 1, default: 1}
tools:
  add: {python: "helpers:add", effect: repeatable}
steps:
  sum: {tool: add, with: {a: "{{ inputs.times }}"}}
outputs:
  text: "{{ inputs.word }} {{ steps.sum.output }}"
"""
INPUTS = {
    "city": "city: {type: string, default: 'Zürich {x}', minLength: 1}",
    "days": "days: {type: integer, default: 3, minimum: 1}",
    "tags": "tags: {type: array, items: {type: string}, default: [a, b]}",
    "place": "place: {type: object, default: {name: x}}",
}
TEXTS = {
    "city": ["{{ inputs.city }}", "{{ inputs.city | upper | truncate(5) }}"],
    "days": ["{{ inputs.days }}", "{{ inputs.days + 1 }}", "{% if inputs.days > 2 %}x{% endif %}"],
    "tags": [
        "{{ inputs.tags | join(', ') }}",
        "{% for tag in inputs.tags %}{{ loop.index }}{{ tag }}{% endfor %}",
    ],
    "place": ["{{ inputs.place.name }}", "{{ inputs.place | tojson }}"],
}
LITERALS = ["Grüße 你好", '{"a": 1}', "100 %", "a: b # c", "$HOME $${X}", "it's", "{single}"]
HEAD = """version: 1
name: drawn
env: [REGION]
limits: {{max_tokens: 1000000, max_tool_rounds: 50, max_parallel: {parallel}, timeout: 1h}}
inputs: {{{inputs}}}
tools:
  add: {{python: helpers:add, effect: repeatable}}
  describe: {{python: helpers:describe, effect: keyed, retry: {{attempts: 2, delay: 1ms}}}}
  echo:
    description: Say it
    shell: [echo, -n, "{{{{ args.text }}}}"]
    parameters: {{text: {{type: string}}}}
    timeout: 20s
    effect: repeatable
  script:
    script: |
      echo "$ARG_N"
    parameters: {{n: {{type: integer, default: 2}}}}
assistants:
  guide: {{model: m, instructions: 'Help in {{{{ env.REGION }}}}.', tools: [add, echo]}}
  judge:
    model: m
    output:
      type: object
      properties: {{score: {{type: integer}}, tags: {{type: array, items: {{type: string}}}}}}
      required: [score]
threads: {{one: {{}}, two: {{key: "{{{{ run.id }}}}"}}}}
steps:
"""
OUTPUT = {
    "add": "{{ steps.%s.output }}",
    "describe": "{{ steps.%s.output.text }}",
    "echo": "{{ steps.%s.output.stdout }}",
    "script": "{{ steps.%s.output.exit_code }}",
    "guide": "{{ steps.%s.output | lower }}",
    "judge": "{{ steps.%s.output.score }}",
    "set": "{{ steps.%s.output.n }}",
    "flow": "{{ steps.%s.output.text }}",
    "ask": "{{ steps.%s.status }}",
}
MANY = "{{ steps.%s.output | length }}{{ steps.%s.errors | length }}"
"""What is sound of a step with `foreach`."""
MAYBE = "{{ steps.%s.output is none }}"
"""What is sound of a step that may have been skipped."""
NUMBER = {
    "add": "{{ steps.%s.output }}",
    "judge": "{{ steps.%s.output.score }}",
    "set": "{{ steps.%s.output.n }}",
}
CONDITIONS = ["true", "1 > 0", "'x'", "{{ run.id }}"]
MAX_PARALLEL = "max_parallel: 2"
RETRY = "retry: {attempts: 2, delay: 1ms, backoff: 1.5, max_delay: 2ms, on: [%s, timeout]}"
FAILS_BY = {"guide": "endpoint", "judge": "output", "flow": "flow"}
"""A failure that a kind of step may have; of the others it is `tool`."""


class Nobody:
    """Watches nothing."""

    def begin(self, start):
        """See a run begin."""

    def see(self, event):
        """See an event."""


@st.composite
def flows(draw):
    """Draw a sound flow: every reference leads to something that is there and comes before."""
    inputs = draw(st.lists(st.sampled_from(sorted(INPUTS)), unique=True))
    parallel = draw(st.integers(1, 4))
    lines = [HEAD.format(inputs=", ".join(INPUTS[one] for one in inputs), parallel=parallel)]
    steps: list[tuple[str, str]] = []
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(sorted(OUTPUT)))
        name = f"s{number}"
        own = step(draw, kind, inputs, steps)
        if steps and draw(st.booleans()):
            own.append(f"needs: [{draw(st.sampled_from(steps))[0]}]")
        more, shape = control(draw, name, kind, inputs)
        is_threaded = any(line.startswith("thread: ") for line in own)
        own += [one for one in more if not (is_threaded and one == MAX_PARALLEL)]
        if builds_on_a_maybe(own, steps):
            own.append(f"join: {draw(st.sampled_from(['all', 'any']))}")
            shape = "maybe"
        lines += [f"  {name}:", *(f"    {one}" for one in own)]
        steps.append((name, shape))
    lines.append("outputs:")
    lines += [f'  {name}: "{read_of(name, shape)}"' for name, shape in steps]
    return "\n".join(lines) + "\n"


def read_of(name, shape):
    """Return a reference to a step's result that is sound for its shape."""
    return {**OUTPUT, "many": MANY, "maybe": MAYBE}[shape].replace("%s", name)


def builds_on_a_maybe(lines, steps):
    """Tell whether a step refers to one, or needs one, that may have been skipped."""
    named = set(re.findall(r"\bs[0-9]\b", "\n".join(lines)))
    return any(name in named for name, shape in steps if shape == "maybe")


def control(draw, name, kind, inputs):
    """Draw keys of control flow; return their lines and the shape that the result then has."""
    drawn, shape = [], kind
    if draw(st.booleans()):
        condition = draw(st.sampled_from([*CONDITIONS, "false", "{{ none }}"]))
        drawn.append(f'if: "{condition}"')
        if condition not in CONDITIONS:
            shape = "maybe"
    if kind != "ask" and draw(st.integers(0, 3)) == 0:
        lists = ["[1, x, null]", "[]", *(["inputs.tags"] if "tags" in inputs else [])]
        drawn += [f"foreach: {draw(st.sampled_from(lists))}", MAX_PARALLEL]
        shape = "maybe" if shape == "maybe" else "many"
    if kind != "ask" and draw(st.integers(0, 3)) == 0:
        until = draw(st.sampled_from(['"true"', f"steps.{name}.status == 'completed'"]))
        drawn.append(f"repeat: {{until: {until}, max: 2}}")
    if kind not in ("ask", "set", "script") and draw(st.booleans()):
        drawn.append(RETRY % FAILS_BY.get(kind, "tool"))
    if kind != "set" and draw(st.booleans()):
        drawn.append("timeout: 60s")
    if draw(st.booleans()):
        drawn.append("on_error: continue")
    return drawn, shape


def step(draw, kind, inputs, steps):
    """Draw the lines of one step."""
    pieces = [one for name in inputs for one in TEXTS[name]] + [read_of(n, k) for n, k in steps]
    texts = st.sampled_from([*pieces, *LITERALS])
    if kind in ("guide", "judge"):
        thread = draw(st.sampled_from(["", "thread: one", "thread: two"]))
        said = " ".join(draw(st.lists(texts, min_size=1, max_size=3)))
        block = draw(st.sampled_from(["|", ">-", "|-"]))
        return [f"assistant: {kind}", *filter(None, [thread]), f"message: {block}", f"  {said}"]
    numbers = ["4", *(NUMBER[k] % n for n, k in steps if k in NUMBER)]
    number = draw(st.sampled_from(numbers))
    text = draw(texts).replace("'", "''")
    if kind == "set":
        value = f"'{number}'" if "{" in number else number
        return [f"set: {{n: {value}, text: 'a {text}', list: [1, null]}}"]
    if kind == "ask":
        return [f"ask: {{message: 'a {text}'}}"]
    if kind == "flow":
        return ["flow: inner.flow.yaml", f"with: {{word: 'a {text}'}}"]
    given = {
        "add": f"with: {{a: '{number}', unit: km}}" if "{" in number else "with: {a: 4}",
        "describe": f"with: {{items: [x, 'a {text}'], options: {{n: 1}}}}",
        "echo": f"with: {{text: 'a {text}'}}",
        "script": f"with: {{n: '{number}'}}" if "{" in number else "with: {n: 4}",
    }
    return [f"tool: {kind}", given[kind]]


@st.composite
def spoilt(draw, texts):
    """Draw a text with one place changed."""
    text = draw(texts)
    lines = text.split("\n")
    at = draw(st.integers(0, len(text) - 1))
    line = draw(st.integers(0, len(lines) - 1))
    words = text.replace(":", " ").split()
    one, other = draw(st.sampled_from(words)), draw(st.sampled_from(words))
    put = draw(st.sampled_from([*"{}[]:#&*!|>'\"%@,-?\t\0 \n0x.", "{{", "}}", "${", "é"]))
    changed = {
        "drop": text[:at] + text[at + 1 :],
        "swap": text[:at] + text[at : at + 2][::-1] + text[at + 2 :],
        "put": text[:at] + put + text[at:],
        "word": text.replace(one, other, 1),
        "line": "\n".join(lines[:line] + lines[line + 1 :]),
        "twice": "\n".join([*lines[: line + 1], *lines[line:]]),
        "indent": "\n".join([*lines[:line], f" {lines[line]}", *lines[line + 1 :]]),
        "cut": text[:at],
    }
    return changed[draw(st.sampled_from(sorted(changed)))]


def check_and_run(text):
    """Return how the checker took a flow, and how it ended if it was let through."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / "flowrun.yaml").write_text("version: 1\n")
        (root / "helpers.py").write_text(TOOLS)
        (root / "inner.flow.yaml").write_text(INNER)
        (root / "f.replies.yaml").write_text(REPLIES)
        flow = root / "f.flow.yaml"
        flow.write_text(text, "utf-8", newline="")
        loaded = load_flow(str(flow), environ=ENVIRON)
        for one in loaded.report.diagnostics:
            assert one.message
            assert one.span.start <= one.span.end
        if loaded.plan is None:
            with pytest.raises(InvalidSource):  # what check refuses, execute does
                loaded.require_plan()
            return [str(one) for one in loaded.report.diagnostics if one.severity == "error"], ""
        assert not [one for one in loaded.report.diagnostics if one.severity is Severity.ERROR]
        return [], asyncio.run(run(loaded))


async def run(loaded):
    """Return how a flow ended, or in which words it was refused after all."""
    replies = str(loaded.project.root / "f.replies.yaml")
    occasion = Occasion(environ=ENVIRON, audience=Nobody(), stop=asyncio.Event())
    try:
        inputs = read_inputs(loaded.require_plan(), {})
        outcome = await execute_flow(
            loaded, inputs, run_id=None, endpoint=f"scripted:{replies}", occasion=occasion
        )
    except FlowrunError as refused:
        assert not isinstance(refused, InvalidSource), "the checker has let it through"
        return f"refused: {refused}"
    return f"{outcome.head.status}: {outcome.head.error or ''}"


@settings(max_examples=40, deadline=None)
@given(flows())
def test_a_sound_flow_is_let_through_and_completes(text):
    note(text)
    refusals, ended = check_and_run(text)
    assert not refusals
    assert ended in ("completed: ", "parked: ")
    assert ended == "completed: " or "ask: {" in text


@settings(max_examples=120, deadline=None)
@given(spoilt(flows()))
def test_a_spoilt_flow_breaks_nothing(text):
    note(text)
    refusals, ended = check_and_run(text)
    assert refusals or ended.startswith(("completed", "failed", "refused", "parked"))

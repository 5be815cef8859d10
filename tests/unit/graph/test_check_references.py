"""References of templates."""

import pytest

from tests.support.flows import check_body

HEAD = """inputs:
  city: {type: string}
  any: {type: object}
env: [REGION]
tools:
  t: {shell: [df]}
assistants:
  plain: {model: m, instructions: "{{ inputs.city }} {{ inputs.any.x }} {{ env.REGION }}"}
  judge: {model: m, output: {type: object, properties: {ok: {type: boolean}}}}
  loose: {model: m, response_format: json_object}
steps:
  t: {tool: t}
  p: {assistant: plain, message: Hi}
  j: {assistant: judge, message: Hi}
  l: {assistant: loose, message: Hi}
  use: {assistant: plain, message: "%s"}
"""


@pytest.mark.parametrize(
    "text",
    [
        "{{ steps.t.output.exit_code }} {{ steps.t.status }} {{ steps.j.output.ok }}",
        "{{ steps.p.output }} {{ steps.p.usage.total_tokens }} {{ steps.p.tool_calls[0].name }}",
        "{{ inputs.any.deep.er[0] }} {{ inputs.city[0] }} {{ run.id }} {{ env | tojson }}",
        "{{ (steps.p.output | fromjson).city }} {{ steps.j }}",
        "{{ steps.p.errors[0].code }}",
        "{% for item in steps.t.output.stdout | lines %}{{ item.x }}{{ loop.index }}{% endfor %}",
    ],
)
def test_what_is_there_is_not_complained_of(text):
    done = check_body(HEAD % text)
    assert done.graph is not None, done.lines


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("{{ steps.nope.output }}", "ref/unknown-step", "no step `nope`"),
        ("{{ steps }}", "ref/unknown-step", "expected the name of a step"),
        ("{{ steps[0].output }}", "ref/unknown-step", "no step `0`"),
        ("{{ steps.t.output.exitcode }}", "ref/unknown-field", "has no field `exitcode`"),
        ("{{ steps.t.output.stdout.x }}", "ref/unknown-field", "`stdout` of `output` of step `t`"),
        ("{{ steps.l.output.x }}", "ref/unknown-field", "`output` of step `l` is a text"),
        ("{{ steps.j.ok }}", "ref/unknown-field", "`steps.j` has no field `ok`"),
        ("{{ inputs.cty }}", "ref/unknown-input", "no input `cty`"),
        ("{{ env.HOME }}", "ref/unknown-env", "`HOME` is not declared"),
        ("{{ run.name }}", "ref/unknown-field", "`run` has no field `name`"),
        ("{{ args.x }}", "template/unknown-name", "`args` cannot be used in `message`"),
        ("{{ index }}", "ref/not-in-scope", "`index` is there in a step with `foreach` only"),
        ("{{ steps.p.cost_us }}", "ref/unknown-field", "`steps.p` has no field `cost_us`"),
        ("{{ steps.p.errors[0].nope }}", "ref/unknown-field", "`[0]` of `errors` of step `p`"),
        ("{{ range }}", "template/unknown-name", "no `range` in templates"),
    ],
)
def test_what_is_not_there_is(text, code, said):
    (one,) = check_body(HEAD % text).diagnostics
    assert one.code == code
    assert said in one.message


def test_the_part_at_fault_is_the_one_that_is_marked():
    text = "{{ steps.t.output.exitcode }} {{ steps['t'].outputs | upper }}"
    first, second = check_body(HEAD % text).diagnostics
    line = (HEAD % text).split("\n")[15]
    columns = [one.span.start.column - 1 for one in (first, second)]
    ends = [one.span.end.column - 1 for one in (first, second)]
    assert line[columns[0] : ends[0]] == "exitcode"
    assert line[columns[1] : ends[1]] == "outputs"


def test_outputs_may_use_every_step():
    body = (
        "tools: {t: {shell: [df]}}\nsteps: {a: {tool: t}}\noutputs: {x: '{{ steps.a.output }}'}\n"
    )
    assert check_body(body).plan is not None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "tools: {t: {script: 'echo {{ args.name }}'}}\nsteps: {s: {tool: t}}\n",
            'template/forbidden `script` is not a template; nothing is filled in | write `"$ARG_NA',
        ),
        (
            "tools: {t: {script: cat, env: {A: 'x{{ inputs.a }}'}}}\nsteps: {s: {tool: t}}\n",
            "`env` is not a template; nothing is filled in | give the value to the tool as an arg",
        ),
        (
            "assistants: {g: {model: '{{ inputs.a }}'}}\nsteps: {s: {assistant: g, message: Hi}}\n",
            "`model` is not a template; nothing is filled in | write the value itself",
        ),
        (
            "tools: {t: {shell: [df], cwd: 'a/{{ args.b }}'}}\nsteps: {s: {tool: t}}\n",
            "`cwd` is not a template",
        ),
    ],
)
def test_a_reference_where_nothing_is_filled_in(body, said):
    (one,) = check_body(body).lines
    assert said in one


@pytest.mark.parametrize("script", ["docker ps --format '{{.Names}}'", "echo {{ x }}", "{% y %}"])
def test_braces_that_mean_something_to_others(script):
    body = f'tools: {{t: {{script: "{script}"}}}}\nsteps: {{s: {{tool: t}}}}\n'
    assert not check_body(body).lines


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("inputs.n | upper", "`upper` expects a text, and input `n` is a whole number"),
        ("inputs.o.k | round", "`round` expects a number, and `k` of input `o`"),
        ("inputs.s | items", "`items` expects an object, and input `s` is a text"),
        ("steps.a.usage.total", "`usage` of step `a` has no field `total`"),
        ("steps.a.error.message", "`error` of step `a` is a text and has no field `message`"),
    ],
)
def test_what_a_value_can_never_be_used_for(expression, said):
    body = (
        "inputs: {n: {type: integer}, s: {type: string}, "
        "o: {type: object, properties: {k: {type: string}}}}\n"
        "assistants: {g: {model: m}}\nsteps: {a: {assistant: g, message: hi}}\n"
        f'outputs: {{x: "{{{{ {expression} }}}}"}}\n'
    )
    (one,) = [line for line in check_body(body).lines if "lint/" not in line]
    assert said in one

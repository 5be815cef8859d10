"""Arguments and defaults fit to the last item."""

import pytest

from tests.support.flows import check_body

HEAD = """tools:
  t:
    shell: [df]
    parameters:
      options:
        type: object
        properties: {days: {type: integer, minimum: 1}, unit: {enum: [c, f]}}
        required: [days]
        additionalProperties: false
      names: {type: array, items: {type: string}, default: []}
      code: {type: string, pattern: '^[a-z]+$', default: a}
inputs: {n: {type: integer, default: 1}}
steps:
  use: {tool: t, with: {%s}}
outputs: {n: "{{ inputs.n }}"}
"""


@pytest.mark.parametrize(
    ("arguments", "said", "marked"),
    [
        ("options: {days: two}", "`days` of argument `options` of tool `t` does not fit", "two"),
        ("options: {days: 0}", "`days` of argument `options` of tool `t` does not fit", "0"),
        ("options: {days: 1, unti: c}", "has no field `unti` | did you mean `unit`?", "unti"),
        ("options: {unit: c}", "must have a field `days`, found none", "{unit: c}"),
        ("options: {days: 1}, names: [a, 3]", "`[1]` of argument `names` of tool `t`", "3"),
        ("options: {days: 1}, code: A1", "argument `code` of tool `t` does not fit", "A1"),
        ('options: {days: "{{ inputs.n }}", unit: k}', "`unit` of argument `options`", "k"),
    ],
)
def test_what_does_not_fit_is_told_at_its_place(arguments, said, marked):
    checked = check_body(HEAD % arguments)
    (one,) = checked.diagnostics
    assert said in checked.lines[0]
    line = checked.files[one.span.path].split("\n")[one.span.start.line - 1]
    assert line[one.span.start.column - 1 : one.span.end.column - 1] == marked


@pytest.mark.parametrize(
    "arguments",
    [
        "options: {days: 1, unit: c}",
        'options: {days: "{{ inputs.n }}"}',
        "options: \"{{ {'days': 1} }}\"",
        'options: {days: 1}, names: [a, "{{ inputs.n }}"], code: "{{ run.id }}"',
    ],
)
def test_what_fits_or_may_fit_is_let_be(arguments):
    assert not check_body(HEAD % arguments).lines


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "inputs: {x: {type: array, items: {type: string}, default: [a, 3]}}\n",
            "`[1]` of `default` of input `x` does not fit",
        ),
        (
            "inputs: {x: {type: string, pattern: '^y', default: x}}\n",
            "`default` of input `x` does not fit",
        ),
        (
            "tools: {t: {script: ls, parameters: {n: {type: integer, default: x}}}}\n",
            "`default` of parameter `n` does not fit",
        ),
        (
            "tools: {t: {script: ls, parameters: {n: {type: string, default: null}}}}\n",
            "`default` of parameter `n` does not fit",
        ),
        (
            "tools: {t: {script: ls, parameters: {n: {type: string, enum: [a], default: b}}}}\n",
            "`default` of parameter `n` does not fit: `b` is not one of `a`",
        ),
    ],
)
def test_defaults_fit(body, said):
    steps = "steps: {s: {tool: u}}\n"
    tools = "" if body.startswith("tools") else "tools: {u: {script: ls}}\n"
    body = body.replace("tools: {", "tools: {u: {script: ls}, ") if not tools else body
    found = [one for one in check_body(body + tools + steps).lines if "lint/" not in one]
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("{n: {type: integer, default: «two»}}", "`default` of field `n` does not fit"),
        ("{n: {enum: [a, b], default: «c»}}", "`default` of field `n` does not fit"),
        (
            "{type: object, properties: {n: {type: integer, minimum: 3, default: «1»}}}",
            "`default` of field `n` does not fit: 1 is less than the minimum of 3",
        ),
        ("{n: {type: array, items: {type: string}, default: [a, «1»]}}", "`[1]` of `default`"),
    ],
)
def test_defaults_of_forms_fit(form, said):
    body = "steps:\n  s: {ask: {message: Well, schema: %s}}\n"
    start, end = form.index("«"), form.index("»") - 1
    checked = check_body(body % form.replace("«", "").replace("»", ""))
    (one,) = checked.diagnostics
    assert one.code == "schema/invalid"
    assert said in one.message
    offset = len("  s: {ask: {message: Well, schema: ") + 1
    assert (one.span.start.column, one.span.end.column) == (start + offset, end + offset)


def test_defaults_of_forms_that_fit_are_let_be():
    form = "{n: {type: integer, default: 2}, to: {enum: [a, b], default: a}, why: {default: null}}"
    assert not check_body(f"steps:\n  s: {{ask: {{message: Well, schema: {form}}}}}\n").lines

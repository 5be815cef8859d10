"""Arguments of tool steps."""

import pytest

from tests.support.flows import check_body

HEAD = """inputs:
  n: {type: integer}
  s: {type: string}
  o: {type: object, properties: {n: {type: number}}}
assistants: {plain: {model: m}, judge: {model: m, output: {type: object}}}
tools:
  t:
    shell: [df]
    parameters:
      count: {type: integer, default: 1}
      ratio: {type: number, default: 1}
      name: {type: [string, "null"], default: x}
      unit: {enum: [a, b], default: a}
      any: {default: 1}
  open: {shell: [df], parameters: {type: object, additionalProperties: true}}
  long:
    shell: [df]
    parameters: {type: object, properties: {alpha: {}, b: {}}, required: [alpha, b]}
steps:
  plain: {assistant: plain, message: "{{ inputs }}"}
  judge: {assistant: judge, message: Hi}
  use: {tool: %s, with: {%s}}
"""


def lines(arguments, tool="t"):
    found = check_body(HEAD % (tool, arguments)).lines
    return [one for one in found if "lint/" not in one]


LOOP = """inputs:
  rows: {type: array, items: {type: object, properties: {name: {type: string}, n: {type: integer}}}}
tools:
  t: {shell: [df], parameters: {count: {type: integer}}}
steps:
  use: {tool: t, foreach: inputs.rows, with: {count: "%s"}, repeat: {until: index, max: 2}}
"""


@pytest.mark.parametrize("argument", ["{{ item.n }}", "{{ index }}", "{{ steps.use.output }}"])
def test_items_that_fit(argument):
    assert not check_body(LOOP % argument).lines


def test_an_item_that_does_not():
    (one,) = check_body(LOOP % "{{ item.name }}").lines
    assert "argument `count` of tool `t` must be a whole number, found a text" in one


@pytest.mark.parametrize(
    "arguments",
    [
        "count: 5",
        "count: 5.0",
        'count: "{{ inputs.n }}"',
        'count: "{{ inputs.n + 1 }}"',
        'count: "{{ inputs.o.n }}"',
        'count: "{{ steps.judge.output.x }}"',
        "ratio: 1.5, name: null, unit: b, any: [1]",
        'ratio: "{{ inputs.n }}"',
        'name: "a {{ inputs.n }}"',
        'unit: "{{ inputs.s }}"',
    ],
)
def test_arguments_that_fit(arguments):
    assert not lines(arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("count: five", "argument `count` of tool `t` must be a whole number, found `five`"),
        ("count: true", "must be a whole number, found `true`"),
        ("count: 1.5", "must be a whole number, found `1.5`"),
        ("count: [1]", "must be a whole number, found a list"),
        ('count: "{{ inputs.s }}"', "must be a whole number, found a text"),
        ('count: "{{ inputs.n }} "', "must be a whole number, found a text"),
        ('count: "{{ steps.plain.output }}"', "must be a whole number, found a text"),
        ("name: 5", "must be null or a text, found `5`"),
        ("unit: c", "must be one of `a`, `b`, found `c`"),
        ("cout: 5", "tool `t` has no parameter `cout` | did you mean `count`?"),
    ],
)
def test_arguments_that_do_not(arguments, said):
    (one,) = lines(arguments)
    assert said in one


def test_an_open_schema_takes_anything():
    assert not lines("whatever: 5", tool="open")


def test_all_missing_arguments_are_named_together():
    (one,) = lines("", tool="long")
    assert "tool `long` needs 2 arguments `alpha`, `b`, found none" in one


def test_a_misspelt_argument_is_not_missing_too():
    assert len(lines("alpa: 1, b: 2", tool="long")) == 1

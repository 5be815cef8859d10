"""References, and what this language does not have."""

import pytest

from flowrun.expression.template import Analysis, TemplateProblem, analyse


def paths(text):
    found = analyse(text)
    assert isinstance(found, Analysis), found
    for one in found.references:
        assert text[one.start : one.end].startswith(str(one.path[0]))
    return [one.path for one in found.references]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ steps.a.output | upper }}", [("steps", "a", "output")]),
        ("{{ steps['a']['output'][0].x | upper }}", [("steps", "a", "output", 0, "x")]),
        ("{{ steps.a.output.0.x | upper }}", [("steps", "a", "output", 0, "x")]),
        ("{{ steps.a.output[-1] | upper }}", [("steps", "a", "output", -1)]),
        ("{{ steps . a . output }}", [("steps", "a", "output")]),
        ("{{ (steps.a).output }}", [("steps", "a", "output")]),
        ("{{ (steps.a | d).output }}", [("steps", "a")]),
        ("{{ steps[inputs.which].output }}", [("steps",), ("inputs", "which")]),
        ("{{ steps.a.output[inputs.n].x }}", [("steps", "a", "output"), ("inputs", "n")]),
        ("{{ inputs.a if inputs.b else inputs.c }}", [("inputs", one) for one in "abc"]),
        ("{{ inputs.a ~ inputs.b }}", [("inputs", "a"), ("inputs", "b")]),
        ("{{ inputs.a | default(inputs.b) }}", [("inputs", "a"), ("inputs", "b")]),
        ("{{ inputs.a is eq(inputs.b) }}", [("inputs", "a"), ("inputs", "b")]),
        ("{{ {'a': inputs.b} }}", [("inputs", "b")]),
        ("{{ inputs }}{# {{ steps.no }} #}", [("inputs",)]),
        ("{% raw %}{{ steps.no }}{% endraw %}{{ inputs.a }}", [("inputs", "a")]),
        ("{% if steps.a.status == 'x' %}{{ inputs.b }}{% endif %}", None),
        ("{% for x in steps.a.output %}{{ x.name }}{{ loop.index }}{% endfor %}", None),
        ("{% for k, v in steps.a.output | items %}{{ k }}{{ v.z }}{% endfor %}", None),
        ("{% set x = inputs.a %}{{ x.b }}", [("inputs", "a")]),
        ("{% set x %}{{ inputs.a }}{% endset %}{{ x }}", [("inputs", "a")]),
        ("{% with x = inputs.a %}{{ x }}{% endwith %}", [("inputs", "a")]),
        (
            "{% macro m(x, y=inputs.a) %}{{ x.z }}{{ inputs.b }}{% endmacro %}{{ m(inputs.c) }}",
            [("inputs", "a"), ("inputs", "b"), ("inputs", "c")],
        ),
        ("{{ range(inputs.n) }}", [("inputs", "n")]),
        ("{{ inputs.true.none }}", [("inputs", "true", "none")]),
        ("{{ inputs['_id'] }}", [("inputs", "_id")]),
        ("{{- inputs.a -}}", [("inputs", "a")]),
        ("{{ 'inputs.a' }}", []),
        ("{{ inputs.a\n   .b }}", [("inputs", "a", "b")]),
    ],
)
def test_references(text, expected):
    found = paths(text)
    if expected is None:
        assert found[0][:2] == ("steps", "a")
        assert all(one[0] in {"steps", "inputs"} for one in found)
    else:
        assert found == expected


def test_a_reference_ends_where_its_path_ends():
    text = "{{ steps['a']['output'][ 0 ] .x | upper }} {{ steps.a.output[inputs.n] }}"
    found = analyse(text)
    assert [text[one.start : one.end] for one in found.references] == [
        "steps['a']['output'][ 0 ] .x",
        "steps.a.output",
        "inputs.n",
    ]


def test_offsets_count_characters_of_the_text_as_given():
    text = "é\r\n{{ inputs.a | upper }}\r\n\r\n{{ inputs.b }} \r {{ inputs.c }}"
    found = analyse(text)
    assert [text[one.start : one.end] for one in found.references] == [
        "inputs.a",
        "inputs.b",
        "inputs.c",
    ]


@pytest.mark.parametrize(
    ("text", "at", "hint"),
    [
        ("{{ a.b.upper() }}", "upper", "write `VALUE | upper`"),
        ("{{ a.strip() }}", "strip", "write `VALUE | trim`"),
        ("{{ a.get('x') }}", "get", "write `VALUE | default`"),
        ("{{ a.frobnicate() }}", "frobnicate", "use a filter instead"),
        ("{{ len(a) }}", "len", "write `VALUE | length`"),
        ("{{ ranje(3) }}", "ranje", "did you mean `range`?"),
        ("{{ a._b }}", "_b", "read a key of that name as `['_b']`"),
        ("{{ a.__class__ }}", "__class__", "take it away"),
        ("{{ 2 ** 3 }}", "2", None),
        ("{% include 'a' %}", "include", "read a text from a file with `!file`"),
    ],
)
def test_what_the_language_does_not_have(text, at, hint):
    found = analyse(text)
    assert isinstance(found, TemplateProblem)
    assert (found.code, found.hint) == ("template/forbidden", hint)
    assert text[found.start : found.end] == at


@pytest.mark.parametrize(
    ("text", "at", "hint"),
    [
        ("{{ a | lenght }}", "lenght", "did you mean `length`?"),
        ("{{ a | upper | lowr }}", "lowr", "did you mean `lower`?"),
        ("{{ a is defned }}", "defned", "did you mean `defined`?"),
        ("{{ a is not defned }}", "defned", "did you mean `defined`?"),
        ("{{ a | map('uper') }}", "uper", "did you mean `upper`?"),
        ("{{ a | select('strng') }}", "strng", "did you mean `string`?"),
        ("{{ a | selectattr('b', 'strng') }}", "strng", "did you mean `string`?"),
        ("{% filter uper %}a{% endfilter %}", "uper", "did you mean `upper`?"),
        ("{{ a | zzz }}", "zzz", "`flowrun explain template/unknown-filter` lists them"),
    ],
)
def test_unknown_filters_and_tests(text, at, hint):
    found = analyse(text)
    assert isinstance(found, TemplateProblem)
    assert (found.code, found.hint) == ("template/unknown-filter", hint)
    assert text[found.start : found.end] == at


def test_arguments_are_held_to_the_filter():
    found = analyse("{{ a | replace('b') }}")
    assert found.message == "the arguments of `replace` do not fit"
    assert "replace(old, new)" in found.hint
    assert isinstance(analyse("{{ a is divisibleby }}"), TemplateProblem)
    assert isinstance(analyse("{{ a | truncate(length=3) }}"), Analysis)
    assert isinstance(analyse("{{ a | upper(nonsense=3) }}"), TemplateProblem)


def test_the_first_problem_of_a_text_is_the_one_reported():
    found = analyse("{{ a | lenght }} {{ b.__c__ }}")
    assert found.code == "template/unknown-filter"


@pytest.mark.parametrize(
    "text",
    [
        "{% for x in inputs.a %}{% endfor %}{{ x }}",
        "{% for y in inputs.a %}{% set x = 1 %}{% endfor %}{{ x }}",
        "{{ x }}{% set x = 1 %}",
        "{% set x = x %}",
        "{% with x = 1 %}{% endwith %}{{ x }}",
        "{% macro f(x) %}{% endmacro %}{{ x }}",
    ],
)
def test_a_local_name_is_known_only_where_it_is_set(text):
    assert ("x",) in [one.path for one in analyse(text).references]


@pytest.mark.parametrize(
    "text",
    [
        "{% set x = 1 %}{% for y in [1] %}{{ x }}{% endfor %}",
        "{% if true %}{% set x = 1 %}{% endif %}{{ x }}",
        "{% for x in [1] if x %}{{ x }}{{ loop.index }}{% endfor %}",
        "{% set x %}a{% endset %}{{ x }}",
        "{% macro f(x, y=1) %}{{ x }}{{ y }}{% endmacro %}{{ f(1) }}",
        "{% for x, y in [[1, 2]] %}{{ x + y }}{% endfor %}",
    ],
)
def test_a_local_name_is_no_reference_where_it_is_known(text):
    assert not analyse(text).references


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ inputs.a[1:2] }}", "a part cannot be cut out with `[:]`"),
        ("{{ f() }}{% macro f() %}{% endmacro %}", "no function `f` in templates"),
        ("{% macro f(a) %}{% endmacro %}{{ f() }}", "the arguments of `f` do not fit"),
        ("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "the arguments of `f` do not fit"),
        ("{% macro f(a) %}{% endmacro %}{{ f(b=1) }}", "the arguments of `f` do not fit"),
        ("{{ inputs.a | map }}", "the arguments of `map` do not fit"),
        ("{{ inputs.a | selectattr }}", "the arguments of `selectattr` do not fit"),
        ("{{ inputs.a | default(1, 2, 3) }}", "the arguments of `default` do not fit"),
    ],
)
def test_what_would_fail_when_it_is_filled_in(text, said):
    found = analyse(text)
    assert isinstance(found, TemplateProblem)
    assert found.message == said


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("{{ inputs.a | upper }}", "upper"),
        ("{{ inputs.a.b[0] | round(2) }}", "round"),
        ("{% for x in inputs.a %}{% endfor %}", "for"),
        ("{{ inputs.a[run.id] | upper }}", ""),
        ("{{ (inputs.a ~ 1) | upper }}", ""),
        ("{{ inputs.a | default('x') | upper }}", "default"),
    ],
)
def test_who_takes_the_value_is_known(text, user):
    assert analyse(text).references[0].used_by == user

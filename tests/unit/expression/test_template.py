"""Templates as their users see them."""

import pytest

from flowrun.expression.template import (
    Analysis,
    ExpressionFailed,
    TemplateProblem,
    analyse,
    analyse_expression,
    compile_expression,
    compile_template,
    compile_value,
    is_template,
    only_inserts,
)
from tests.support.repository import run_python

SCOPE = {
    "inputs": {"city": "Paris", "days": 3, "tags": ["a", "b"], "items": "mine", "keys": {}},
    "steps": {"forecast": {"output": {"sky": "blue", "wind": None, "wet": True, "t": 1.5}}},
}


def value(text, scope=SCOPE):
    return compile_template(text).evaluate(scope)


def failure(text, scope=SCOPE):
    with pytest.raises(ExpressionFailed) as caught:
        compile_template(text).evaluate(scope)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ inputs.days }}", 3),
        ("{{inputs.tags}}", ["a", "b"]),
        ("{{ steps.forecast.output }}", {"sky": "blue", "wind": None, "wet": True, "t": 1.5}),
        ("{{ steps.forecast.output.wind }}", None),
        ("{{ inputs.days + 1 }}", 4),
        ("{{ inputs.tags | first }}", "a"),
        ("{{ {'a': [inputs.days]} }}", {"a": [3]}),
        ("{{ inputs.days > 2 and inputs.city == 'Paris' }}", True),
    ],
)
def test_a_text_that_is_one_expression_keeps_its_type(text, expected):
    assert value(text) == expected
    assert type(value(text)) is type(expected)
    assert analyse(text).native


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" {{ inputs.days }}", " 3"),
        ("{{ inputs.days }}\n", "3\n"),
        ("{{ inputs.city }} in {{ inputs.days }} days", "Paris in 3 days"),
        ("{{ steps.forecast.output.wet }}/{{ steps.forecast.output.wind }}", "true/null"),
        ("> {{ steps.forecast.output }}", '> {"sky":"blue","wind":null,"wet":true,"t":1.5}'),
        ("é {{ inputs.tags }} ü", 'é ["a","b"] ü'),
        ("{% if inputs.days > 2 %}long{% else %}short{% endif %} trip", "long trip"),
        ("{% for one in inputs.tags %}{{ loop.index }}{{ one }} {% endfor %}", "1a 2b "),
        ("{% set n = inputs.days * 2 %}{{ n }}!", "6!"),
        ("a{# not shown #}b{{ inputs.days }}", "ab3"),
        ("{% raw %}{{ kept }}{% endraw %}{{ inputs.days }}", "{{ kept }}3"),
        ("{{ '{{' }} and {{ '}}' }}", "{{ and }}"),
    ],
)
def test_anything_else_is_text_with_json_inside(text, expected):
    assert value(text) == expected
    assert not analyse(text).native


def test_values_are_data_and_never_read_as_templates():
    nasty = "{{ inputs.secret }}{% for x in y %}"
    scope = {"inputs": {"said": nasty, "secret": "s"}}
    assert value("{{ inputs.said }}", scope) == nasty
    assert value("He said: {{ inputs.said }}", scope) == f"He said: {nasty}"
    assert value("He said: {{ inputs.said | trim }}", scope) == f"He said: {nasty}"
    assert value("{{ inputs.said | upper | lower }}", scope) == nasty.lower()


def test_items_come_first_and_methods_do_not_exist():
    assert value("{{ inputs.items }}") == "mine"
    assert value("{{ inputs.keys }}") == {}
    assert failure("{{ inputs.values }}").startswith(
        "`{{ inputs.values }}`: no `values` in the object, which has `city`"
    )
    assert failure("{{ inputs.city.upper }}") == "`{{ inputs.city.upper }}`: no `upper` in a text"


def test_a_missing_name_is_named_with_what_is_there():
    assert failure("{{ steps.forecast.output.sk }}") == (
        "`{{ steps.forecast.output.sk }}`: no `sk` in the object, which has "
        "`sky`, `wind`, `wet`, `t`"
    )
    assert failure("{{ nothing }}") == "`{{ nothing }}`: no `nothing` here"
    assert failure("{{ inputs.tags[5] }}") == "`{{ inputs.tags[5] }}`: no item 5 in a list of 2"
    assert failure("{{ inputs.days.x }}") == "`{{ inputs.days.x }}`: no `x` in a number"


def test_the_expression_that_failed_is_the_one_that_is_named():
    text = "{{ inputs.city | upper }} {{ inputs.days | round }} {{ inputs.tags | sum }}"
    assert failure(text) == "`{{ inputs.tags | sum }}`: `sum` expects a number, not a text"
    looped = "{% for one in inputs.tags %}\n  {{ one }} {{ one / 2 }}\n{% endfor %}"
    assert failure(looped) == "`{{ one / 2 }}`: `/` expects two numbers, not a text and a number"


def test_what_is_missing_may_have_a_default_or_be_asked_for():
    assert value("{{ inputs.zip | default('none') }}") == "none"
    assert value("{{ inputs.zip is defined }}") is False
    assert value("{{ 'x' if false else 'y' }}") == "y"
    assert "no `else`" in failure("{{ 'x' if false }}")


def test_a_text_without_anything_to_fill_in_is_itself():
    for text in ("", "plain", "{ one brace }", "{#heading}", "a } b"):
        assert not is_template(text)
        assert analyse(text) == Analysis()
        assert value(text) == text


def test_values_are_filled_in_through_mappings_and_lists():
    written = {"a": "{{ inputs.days }}", "b": ["{{ inputs.city }}!", 7, None], "c": {"d": True}}
    assert compile_value(written).evaluate(SCOPE) == {
        "a": 3,
        "b": ["Paris!", 7, None],
        "c": {"d": True},
    }


def test_a_value_without_templates_is_given_back_as_it_is():
    constant = {"a": [1, {"b": "text"}], "c": None}
    assert compile_value(constant).evaluate({}) is constant


def test_references_carry_their_place():
    text = "Weather:\n  {{ steps.forecast.output.sky }} {{ inputs['city'] | upper }}"
    found = analyse(text)
    assert [one.path for one in found.references] == [
        ("steps", "forecast", "output", "sky"),
        ("inputs", "city"),
    ]
    assert [text[one.start : one.end] for one in found.references] == [
        "steps.forecast.output.sky",
        "inputs['city']",
    ]


def test_an_expression_may_stand_without_its_braces():
    nested = "{{ {'a': {'b': inputs.days}}.a.b == 3 and {'a': {}} == {'a': {}} }}"
    for text in ("inputs.days > 2", "{{ inputs.days > 2 }}", " {{inputs.days > 2}} ", nested):
        assert compile_expression(text).evaluate(SCOPE) is True
        found = analyse_expression(text)
        one = found.references[0]
        assert one.path == ("inputs", "days")
        assert text[one.start : one.end] == "inputs.days"
    assert compile_expression("inputs.tags").evaluate(SCOPE) == ["a", "b"]


def test_an_expression_is_one():
    found = analyse_expression(" {{ a }} == {{ b }}")
    assert found.message == "expected one expression, found a text with several"


def test_a_problem_of_a_bare_expression_has_its_place():
    text = "{{ inputs.days | uper }}"
    found = analyse_expression(text)
    assert isinstance(found, TemplateProblem)
    assert text[found.start : found.end] == "uper"
    bare = analyse_expression("inputs.days >")
    assert isinstance(bare, TemplateProblem)
    assert bare.code == "template/syntax"


def test_compiling_an_unsound_text_fails_with_its_problem():
    assert failure("{{ a b }}") == "`{{ a b }}`: expected `}}`, found `b`"


def test_simple_templates_never_load_the_engine():
    probe = (
        "import sys\n"
        "from flowrun.expression.template import analyse, compile_value\n"
        "analyse('{{ steps.a.output }} and {{ inputs.b[0] }}')\n"
        "compile_value({'x': '{{ a.b }}'}).evaluate({'a': {'b': 1}})\n"
        "print('jinja2' in sys.modules)\n"
    )
    assert run_python("-c", probe).stdout.strip() == "False"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{{ inputs.days }} > 3", (0, 2)),
        ("not {{ inputs.days }}", (4, 6)),
        ("inputs.days }}", (12, 14)),
        ("{% if inputs.days %}x{% endif %}", (0, 2)),
    ],
)
def test_braces_around_a_part_of_an_expression_are_told_of(text, place):
    found = analyse_expression(text)
    assert found.message.startswith("expected an expression without braces inside, found `")
    assert (found.start, found.end) == place
    assert found.hint == "leave out the braces"


def test_a_text_that_only_inserts():
    assert only_inserts("plain")
    assert only_inserts("{{ inputs.a }} and {{ steps.b.output[0] }}")
    assert not only_inserts("{{ inputs.a | upper }}")
    assert not only_inserts("{% if inputs.a %}{{ inputs.a.b }}{% endif %}")
    assert not only_inserts("{{ inputs.a.b if inputs.a else '' }}")


def test_braces_in_a_text_of_an_expression_are_a_text():
    assert isinstance(analyse_expression("inputs.a == '{{'"), Analysis)
    assert analyse_expression("inputs.a == '{{' | nope").code == "template/unknown-filter"

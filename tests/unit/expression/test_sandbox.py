"""Attempts to get out of the sandbox, and to make it burn time or memory."""

import time
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment

from flowrun.expression.sandbox import ENVIRONMENT, LOOP_LIMIT, RANGE_LIMIT
from flowrun.expression.template import (
    ExpressionFailed,
    TemplateProblem,
    analyse,
    compile_template,
)
from flowrun.expression.words import FILTERS, FUNCTIONS, TESTS

SCOPE = {
    "text": "abc",
    "data": {"a": 1, "nested": {"list": [1, 2, 3]}},
    "list": [1, 2, 3],
    "format": "{0.__class__}",
    "name": "__class__",
    "big": "x" * 100_000,
}


def outcome(text, scope=SCOPE):
    try:
        return compile_template(text).evaluate(scope)
    except ExpressionFailed as failed:
        return failed


def refused(text):
    return isinstance(outcome(text), ExpressionFailed)


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''[name] }}",
        "{{ text[name] }}",
        "{{ data.__class__.__mro__[1].__subclasses__() }}",
        "{{ data['__init__'] }}",
        "{{ data.nested['__getitem__'] }}",
        "{{ (data)._x }}",
        "{{ text | attr('__class__') }}",
        "{{ text | attr('upper') }}",
        "{{ list | map('attr', '__class__') | list }}",
        "{{ list | map(attribute='__class__') | list }}",
        "{{ list | map(attribute='a.__class__') | list }}",
        "{{ list | sort(attribute='__class__') }}",
        "{{ list | sum(attribute='__class__') }}",
        "{{ list | join(',', attribute='__class__') }}",
        "{{ '{0.__class__}'.format(text) }}",
        "{{ '{0.__class__}' | format(text) }}",
        "{{ format.format(text) }}",
        "{{ '%s' % text }}",
        "{{ '%(a)s' % data }}",
        "{{ cycler('a') }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ joiner() }}",
        "{{ namespace(a=1) }}",
        "{% set ns = namespace() %}{% set ns.x = 1 %}",
        "{{ lipsum() }}",
        "{{ lipsum.__globals__['os'] }}",
        "{{ dict(a=1) }}",
        "{{ self }}",
        "{{ self.__init__ }}",
        "{{ super() }}",
        "{{ caller() }}",
        "{{ range.__self__ }}",
        "{{ range }}",
        "{{ data.items() }}",
        "{{ data.pop('a') }}",
        "{{ data.update({}) }}",
        "{{ list.append(1) }}",
        "{{ (1).bit_length() }}",
        "{{ text() }}",
        "{{ data.a() }}",
        "{{ (text | upper)() }}",
        "{{ [text][0]() }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% from 'x' import y %}",
        "{% extends 'x' %}",
        "{% block b %}{% endblock %}",
        "{% macro m() %}{% endmacro %}{% call m() %}{% endcall %}",
        "{% autoescape true %}{% endautoescape %}",
        "{% debug %}",
        "{% do list.append(1) %}",
        "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
        "{% macro m() %}{% endmacro %}{{ m.name }}",
        "{% macro m() %}{% endmacro %}{{ m }}",
        "{% macro m() %}{{ varargs }}{% endmacro %}{{ m(1) }}",
        "{% for x in list %}{{ loop.__init__ }}{% endfor %}",
        "{% for x in list %}{{ loop._iterable }}{% endfor %}",
        "{% for x in list recursive %}{{ loop(list) }}{% endfor %}",
        "{% set range = 1 %}",
        "{% set inputs = 1 %}",
        "{% for steps in list %}{% endfor %}",
        "{{ 'x' | safe }}",
        "{{ text | pprint }}",
        "{{ text | xmlattr }}",
        "{{ list | groupby('a') }}",
        "{{ ''|map('x') }}",
    ],
)
def test_there_is_no_way_out(text):
    found = outcome(text)
    assert isinstance(found, ExpressionFailed), found
    assert "0x" not in str(found)
    assert "Traceback" not in str(found)


def test_scope_values_are_never_changed():
    scope = {"list": [3, 1, 2], "data": {"b": 1}}
    outcome("{{ list | sort }} {{ list | reverse }} {{ data | items }}", scope)
    assert scope == {"list": [3, 1, 2], "data": {"b": 1}}


def test_objects_in_the_scope_leak_nothing():
    class Secret:
        key = "k"

        def __str__(self):
            return "leaked"

    scope = {"thing": Secret(), "formatter": Formatter()}
    for text in ("{{ thing }}", "a {{ thing }}", "{{ thing.key }}", "{{ thing['key'] }}"):
        assert isinstance(outcome(text, scope), ExpressionFailed)
    for text in ("{{ thing | string }}", "{{ formatter.format('x') }}", "{{ thing ~ 'a' }}"):
        assert isinstance(outcome(text, scope), ExpressionFailed)


BOMBS = [
    "{{ range(100000000) }}",
    "{{ range(10001) }}",
    "{{ range(0, 10**9) }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 'x' * 1000000000 }}",
    "{{ 1000000000 * 'x' }}",
    "{{ [1] * 1000000000 }}",
    "{{ 'a' | replace('a', big) | replace('x', big) }}",
    "{{ range(10000) | join(big) }}",
    "{{ 'x' | indent(1000000000) }}",
    "{{ [[]] | tojson(1000000000) }}",
    "{{ 5 | round(1000000000) }}",
    "{{ '%999999999d' % 1 }}",
    "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
    "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}",
    "{% for a in range(10000) %}{{ big }}{% endfor %}",
    "{% set a %}{% for i in range(10000) %}{{ big }}{% endfor %}{% endset %}",
    "{% set a = big %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{% set a = big %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = big %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40 + "{{ a }}",
    "{% set a = [big] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 40 + "{{ a | tojson }}",
    "{% set a = 99999999999 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
    "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
    "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(40) }}",
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
    "{{ " + "[" * 500 + "]" * 500 + " }}",
    "{{ " + "1 + " * 500 + "1 }}",
    "{{ text" + ".a" * 500 + " }}",
    "{{ text" + " | upper" * 500 + " }}",
    "{% if a %}" * 300 + "{% endif %}" * 300,
    "{% for a in list %}" * 30 + "{% endfor %}" * 30,
]


@pytest.mark.parametrize("text", BOMBS, ids=range(len(BOMBS)))
def test_bombs_do_not_go_off(text):
    began = time.process_time()
    assert refused(text)
    assert time.process_time() - began < 3


def test_what_is_allowed_within_the_bounds():
    assert outcome(f"{{{{ range({RANGE_LIMIT}) | length }}}}") == RANGE_LIMIT
    assert outcome("{{ '-' * 20 }}") == "-" * 20
    assert outcome("{{ 2 * 3.5 }} {{ 7 // 2 }} {{ 7 % 2 }} {{ -(text|length) }}") == "7.0 3 1 -3"
    lines = "{% for a in range(200) %}{% for b in range(200) %}{% endfor %}{% endfor %}done"
    assert LOOP_LIMIT > 2 * 200 * 200
    assert outcome(lines) == "done"


def test_macros_and_loops_work():
    text = (
        "{% macro item(one, mark='-') %}{{ mark }} {{ one }}\n{% endmacro %}"
        "{% for one in list if one > 1 %}{{ item(one) }}{% else %}none{% endfor %}"
        "{% with n = 3 %}{{ n }}{% endwith %}"
        "{% filter upper %}abc{% endfilter %}"
        "{% for k, v in data | items %}{{ k }}={{ loop.cycle('x', 'y') }} {% endfor %}"
    )
    assert outcome(text) == "- 2\n- 3\n3ABCa=x nested=y "


def test_a_loop_may_call_its_items_item():
    assert outcome("{% for item in list %}{{ item }}{% endfor %}") == "123"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ 1 + 'a' }}", "`+` expects two numbers, two texts or two lists, not a number and a te"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 1 < 'a' }}", "the values do not fit together"),
        ("{{ -text }}", "the values do not fit together"),
        ("{% for x in 5 %}{% endfor %}", "`for` expects a list, not a number"),
        ("{{ text[1.5] }}", "`[ ]` expects a name or a whole number, not a number"),
        ("{{ list | map(text) | list }}", "no filter `abc` in templates"),
        ("{{ list | select(text) | list }}", "no test `abc` in templates"),
        ("{{ list | map('upper') | list }}", "`upper` expects a text, not a number"),
        ("{{ 1 | replace('a', gone) }}", "no `gone` here"),
        ("{{ [1, gone] }}", "no `gone` here"),
        ("{{ 1.0e308 * 10 }}", "the value is not a number that JSON can say"),
        ("{{ {1: 2} }}", "`{ }` expects keys that are texts, not a number"),
    ],
)
def test_failures_are_said_in_plain_words(text, said):
    found = outcome(text)
    assert isinstance(found, ExpressionFailed)
    assert said in str(found)


def test_the_environment_holds_nothing_but_the_closed_lists():
    assert set(ENVIRONMENT.globals) == set(FUNCTIONS)
    assert {one for one in ENVIRONMENT.filters if one.isidentifier()} - {"for"} == set(FILTERS)
    assert set(ENVIRONMENT.tests) == set(TESTS)
    assert not ENVIRONMENT.extensions
    assert isinstance(ENVIRONMENT, ImmutableSandboxedEnvironment)


def test_the_counting_filters_cannot_be_named():
    for text in ("{{ list | for }}", "{{ list | map('for', 1) }}", "{{ list | map('~') }}"):
        assert isinstance(analyse(text), TemplateProblem)
    assert isinstance(outcome("{{ list | map('f' ~ 'or', 1) }}"), ExpressionFailed)


WORDS = st.sampled_from(
    [
        *("text", "data", "list", "name", "x", ".a", ".__class__", "['__mro__']", "[name]", "()"),
        *("(", ")", "|", "upper", "attr", "map", "'__class__'", "~", "+", "*", "**", "9", "99999"),
        *("{{", "}}", "{%", "%}", "for", "in", "if", "else", "set", "=", "endfor", "endif", ","),
        *("macro", "endmacro", "range", "loop", "self", "[", "]", "{", "}", ":", "'", '"', "is"),
        *("{#", "#}", "-", "\n", "raw", "endraw", "not", "defined", "\\", "é", "\r\n"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_any_text_is_either_analysed_or_refused_at_a_place(text):
    for one in (text, "{{ " + text + " }}", "{% " + text + " %}"):
        found = analyse(one)
        if isinstance(found, TemplateProblem):
            assert 0 <= found.start <= found.end <= len(one)
            assert found.message
        else:
            for reference in found.references:
                assert one[reference.start :].startswith(str(reference.path[0]))
            outcome(one)

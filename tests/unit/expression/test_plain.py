"""The short way for simple texts, held to the long way on everything."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.expression.engine import analyse_with_jinja, compile_with_jinja
from flowrun.expression.plain import (
    PlainExpression,
    analyse_plain,
    read_plain,
    read_plain_expression,
)
from flowrun.expression.terms import ExpressionFailed

NAMES = st.sampled_from(
    ["a", "b", "items", "keys", "if", "none", "output", "x1", "A_b", "get", "loop", "self"]
)
KEYS = st.one_of(NAMES, st.text(string.printable + "é{}", max_size=4))
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.floats(allow_nan=True, allow_infinity=True, width=16),
    st.text(max_size=6),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=12,
)
SCOPES = st.dictionaries(NAMES, VALUES, max_size=4)
STEPS = st.one_of(
    NAMES.map(lambda name: f".{name}"),
    st.integers(-3, 3).map(lambda index: f"[{index}]"),
    KEYS.filter(lambda key: "'" not in key and "\\" not in key and key.isprintable()).map(
        lambda key: f"['{key}']"
    ),
)
PATHS = st.builds(lambda root, steps: root + "".join(steps), NAMES, st.lists(STEPS, max_size=3))
SPACES = st.sampled_from(["", " ", "  ", "\n ", "\t"])
TAGS = st.builds(lambda left, path, right: f"{{{{{left}{path}{right}}}}}", SPACES, PATHS, SPACES)
LITERALS = st.text("ab {}%#é\n-", max_size=5)
TEXTS = st.one_of(
    TAGS,
    st.lists(st.one_of(TAGS, LITERALS), min_size=1, max_size=5).map("".join),
)


def outcome(template, scope):
    try:
        found = template.evaluate(scope)
    except ExpressionFailed as failed:
        return "failed", str(failed)
    return type(found).__name__, repr(found)


@settings(max_examples=400, deadline=None)
@given(TEXTS, SCOPES)
def test_the_short_way_and_the_long_way_agree(text, scope):
    plain = read_plain(text)
    if plain is None:
        return
    assert analyse_plain(plain) == analyse_with_jinja(text, bare=False)
    assert outcome(plain, scope) == outcome(compile_with_jinja(text, bare=False), scope)


@settings(max_examples=200, deadline=None)
@given(PATHS, SCOPES)
def test_they_agree_on_bare_expressions(text, scope):
    plain = read_plain_expression(text)
    if plain is None:
        return
    assert analyse_plain(plain) == analyse_with_jinja(text, bare=True)
    assert outcome(plain, scope) == outcome(compile_with_jinja(text, bare=True), scope)


@settings(max_examples=200, deadline=None)
@given(TAGS)
def test_most_paths_take_the_short_way(text):
    words = {"if", "none", "loop", "self"}
    root = text.strip("{} \n\t").split(".")[0].split("[")[0]
    unusual = "__" in text or root in words or "{%" in text or "{#" in text or '"' in text
    assert unusual or read_plain(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "{{ a.b | upper }}",
        "{{- a.b }}",
        "{{ a.b -}}",
        "{{ a . b }}",
        "{{ a.b() }}",
        "{{ a.__class__ }}",
        "{{ a['__class__'] }}",
        "{{ _a }}",
        "{{ true }}",
        "{{ self }}",
        "{{ range }}",
        "{{ a[b] }}",
        "{{ a.b }} {% if a %}{% endif %}",
        "{# note #}{{ a.b }}",
        "line\r\n{{ a.b }}",
        "{{ a.b }} {{",
    ],
)
def test_what_is_more_than_a_path_is_left_to_the_engine(text):
    assert read_plain(text) is None


def test_a_single_path_is_an_expression():
    assert isinstance(read_plain("{{ a.b }}"), PlainExpression)
    assert not isinstance(read_plain("{{ a.b }} "), PlainExpression)

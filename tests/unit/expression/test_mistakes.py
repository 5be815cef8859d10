"""What is said of texts that are no templates, and where."""

import pytest

from flowrun.expression.template import TemplateProblem, analyse, analyse_expression

CASES = [
    ("{{ a b }}", "b", "expected `}}`, found `b`", None),
    ("one\ntwo {{ a b }}", "b", "expected `}}`, found `b`", None),
    ("{{ }}", "}}", "expected an expression, found `}}`", None),
    ("{{ a. }}", "}}", "expected a name after `.`, found `}}`", None),
    ("{{ a[ }}", "}", "expected `]`, found `}`", None),
    ("{{ (a }}", "}", "expected `)`, found `}`", None),
    ("{{ a) }}", ")", "`)` closes nothing here", "take it away"),
    ("{{ a = 1 }}", "=", "expected `}}`, found `=`", "compare with `==`"),
    ("{{ a && b }}", "&", "unexpected character `&`", "write `and`"),
    ("{{ a || b }}", "|", "expected the name of a filter after `|`, found `|`", "write `or`"),
    (
        "{{ a ? b : c }}",
        "?",
        "unexpected character `?`",
        "write `VALUE if CONDITION else OTHER`",
    ),
    ("{{ !a }}", "!", "unexpected character `!`", "write `not`, or `!=`"),
    ("{{ ${a} }}", "$", "unexpected character `$`", "names stand alone inside `{{ }}`"),
    ("{{ 'abc }}", "'", "the text that begins with `'` is never closed", "add `'` where it ends"),
    ("see {{ a", "{{", "`{{` is never closed", "add `}}` where the expression ends"),
    ("{{ a\n more {{ b }}", "{{", "`{{` is never closed", "add `}}` where the expression ends"),
    ("{{ a }", "{{", "`{{` is never closed", "add `}}` where the expression ends"),
    ("{% if a", "{%", "`{%` is never closed", "add `%}` where the expression ends"),
    ("x {# note {{ a }}", "{#", "`{#` is never closed", "add `#}` where the comment ends"),
    ("{% raw %} {{ a }}", "{% raw %}", "`{% raw %}` is never closed", "add `{% endraw %}`"),
    ("{% if a %}x", "{% if", "`{% if %}` is never closed", "add `{% endif %}`"),
    (
        "{% for a in b %}{% if a %}{% endif %}",
        "{% for",
        "`{% for %}` is never closed",
        "add `{% endfor %}`",
    ),
    (
        "{% if a %}{% for b in a %}x{% endif %}",
        "endif",
        "expected `{% endfor %}` or `{% else %}`, found `{% endif %}`",
        None,
    ),
    ("{% endif %}", "endif", "`{% endif %}` closes nothing here", "take it away"),
    ("{% fr a in b %}", "fr", "no tag `fr` in templates", None),
    ("{% %}", "%}", "expected the name of a tag, found `%}`", None),
    ("{{ 1 | }}", "}}", "expected the name of a filter after `|`, found `}}`", None),
    ("{{ 5 = a }}", "=", "expected `}}`, found `=`", "compare with `==`"),
    ("{% set 5 = a %}", "5", "expected a name to assign to, found `5`", None),
    ("{% for in b %}", "b", "expected `in`, found `b`", None),
    ("{{ a or }}", "}}", "expected an expression, found `}}`", None),
    ('{{ "\\x" }}', '"\\x"', "the text has a `\\` that means nothing", "write `\\\\`"),
    ("{{ f(a=1, 2) }}", "(", "invalid syntax for function call expression", None),
]


@pytest.mark.parametrize(("text", "at", "message", "hint"), CASES)
def test_a_syntax_error_is_named_at_its_place(text, at, message, hint):
    found = analyse(text)
    assert isinstance(found, TemplateProblem)
    assert found.code == "template/syntax"
    if message is not None:
        assert found.message == message
    if hint is not None:
        assert found.hint == hint
    assert text[found.start : found.end] == at


@pytest.mark.parametrize(("text", "at", "message", "hint"), CASES)
def test_the_place_moves_with_what_stands_before(text, at, message, hint):
    before = "Grüße\r\n{{ steps.a.output }}\r\n{% if x %}\r\n{% endif %}\n"
    alone, after = analyse(text), analyse(before + text)
    assert isinstance(alone, TemplateProblem)
    assert isinstance(after, TemplateProblem)
    assert (after.start - len(before), after.end - len(before)) == (alone.start, alone.end)
    assert after.message == alone.message


def test_every_truncation_of_a_template_is_refused_at_a_place_or_sound():
    text = (
        "a {{ steps.b.output | default('x') }} {% for c in inputs.d %}{{ c }}{% endfor %} {# e #}"
    )
    for end in range(len(text) + 1):
        found = analyse(text[:end])
        if isinstance(found, TemplateProblem):
            assert found.start < found.end <= end, text[:end]


def test_a_bare_expression_has_problems_too():
    found = analyse_expression("a b")
    assert found == TemplateProblem(
        "template/syntax", "expected the end of the expression, found `b`", 2, 3
    )
    assert (
        analyse_expression("").message == "expected an expression, found the end of the expression"
    )
    assert analyse_expression("a }} {{ b").code == "template/syntax"


@pytest.mark.parametrize("text", ["{{ a" + "(" * 3000, "{{ " + "-" * 3000 + "1 }}"])
def test_deep_nesting_is_a_problem_and_not_a_crash(text):
    assert isinstance(analyse(text), TemplateProblem)

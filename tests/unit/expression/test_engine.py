"""Templates run by Jinja."""

import threading

import pytest

from flowrun.expression.engine import compile_with_jinja
from flowrun.expression.terms import ExpressionFailed


def test_one_template_serves_many_threads_at_once():
    text = "{% for x in xs %}{% set y = x * 2 %}{{ y }},{% endfor %}{{ xs | sum }}"
    template = compile_with_jinja(text, bare=False)
    wrong = []

    def use(start):
        xs = list(range(start, start + 20))
        expected = "".join(f"{x * 2}," for x in xs) + str(sum(xs))
        wrong.extend(1 for _ in range(50) if template.evaluate({"xs": xs}) != expected)

    threads = [threading.Thread(target=use, args=(start,)) for start in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong


def test_each_evaluation_has_its_own_budget():
    template = compile_with_jinja(
        "{% for x in range(9999) %}{% for y in [1, 2] %}{% endfor %}{% endfor %}", bare=False
    )
    for _ in range(3):
        template.evaluate({})


def test_the_scope_may_shadow_nothing_of_the_evaluation():
    template = compile_with_jinja("{{ '<budget>' }} {{ flowrun_result | d('-') }}", bare=False)
    assert template.evaluate({"<budget>": None}) == "<budget> -"


def test_line_endings_of_a_template_become_line_feeds():
    template = compile_with_jinja("a\r\n{{ b }}\rc\n", bare=False)
    assert template.evaluate({"b": "x\r\ny"}) == "a\nx\r\ny\nc\n"


@pytest.mark.parametrize("text", ["{{ a b }}", "{{ a | uper }}", "{{ a.__b__ }}"])
def test_unsound_texts_do_not_compile(text):
    with pytest.raises(ExpressionFailed):
        compile_with_jinja(text, bare=False)


def test_long_expressions_are_cut_in_messages():
    text = "{{ '" + "x" * 200 + "' | abs }}"
    with pytest.raises(ExpressionFailed) as caught:
        compile_with_jinja(text, bare=False).evaluate({})
    assert len(str(caught.value)) < 140
    assert "…" in str(caught.value)

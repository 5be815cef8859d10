"""Jinja's trees with offsets for line numbers."""

from jinja2 import nodes

from flowrun.expression.syntax import RESULT, parse


def test_every_name_stands_at_its_offset():
    text = (
        "first\n{{ one }}\n\n  {{ two | default(three) }} "
        "{% for four in five %}{{ four }}{% endfor %}"
    )
    tree = parse(text).tree
    names = list(tree.find_all(nodes.Name))
    assert {one.name for one in names} == {"one", "two", "three", "four", "five"}
    for one in names:
        assert text.startswith(one.name, one.lineno - 1)


def test_filters_and_tests_stand_at_their_names():
    text = "{{ a | upper }}\n{{ b is defined }}"
    tree = parse(text).tree
    found = next(iter(tree.find_all(nodes.Filter)))
    assert text.startswith("upper", found.lineno - 1)


def test_one_expression_becomes_an_assignment():
    parsed = parse("{{ a.b }}")
    assert parsed.native
    assert parsed.tree.body[0].target.name == RESULT
    assert not parse("{{ a }}{{ b }}").native
    assert not parse("{{ a }} ").native
    assert not parse("{{ a }}{# note #}").native
    assert not parse("{% if a %}{{ b }}{% endif %}").native
    assert parse("a.b", bare=True).native

"""The tree: places of keys and values, anchors, merges, duplicates, bounded work."""

import time

import pytest

from flowrun.source.loader import parse_yaml
from flowrun.source.nodes import UNKNOWN, Scalar
from flowrun.source.text import Position, SourceText
from tests.support.yaml_trees import at, complaints, load, marked, plain, the_complaint


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: «b»\n", ["a"]),
        ("a: «'b c'»  # no\n", ["a"]),
        ('é: «"ü\U0001f600"»\nb: c', ["é"]),
        ("é: x\r\nb: «c»\r\n", ["b"]),
        ("a: &x «b»\n", ["a"]),
        ("a: !file «b.md»\n", ["a"]),
        ("a: &x !!str  «12»\n", ["a"]),
        ("a: «[b, {c: d}]»\n", ["a"]),
        ("a:\n  «b: c\n  d: e»\n\n# end\nf: g\n", ["a"]),
        ("a: &q\n  «b: c»\nf: g\n", ["a"]),
        ("a:\n«- b\n- [c]»\nd: e\n", ["a"]),
        ("a:\n- «b: c\n  d: [e]»\n- f\n", ["a", 0]),
        ("a: «|\n  one\n  two»\n\n\nb: c\n", ["a"]),
        ("a: «|-»\nb: c\n", []),
        ("a: «>\n  one\n  two»\nb: c\n", ["a"]),
        ("a: 'x\u2028y'\nb: «c»\n", ["b"]),
        ("a: 'x\ry'\nb: «c»\n", ["b"]),
        ("\ufeffa: b\nc: «d»\n", ["c"]),
        ("a: [b, «{{ c }}»]\n", ["a", 1]),
    ],
)
def test_the_span_of_a_value_is_its_token(text, path):
    bare, start, end = marked(text)
    span = at(bare, *path).span
    if path:
        assert (span.start, span.end) == (start, end)


def test_a_missing_value_stands_after_its_colon():
    assert at("a:\nb: c", "a").span.start == Position(1, 3)


def test_anchors_aliases_and_merge_keys_are_applied():
    text = """\
base: &base {model: m, tools: [a]}
other: &other {model: n, top_p: 1}
one: {<<: *base, model: own}
two:
  first: 1
  <<: [*base, *other]
  last: 2
list: *base
"""
    root = load(text)
    assert root["one"] == {"tools": ["a"], "model": "own"}
    assert list(root["two"]) == ["first", "model", "tools", "top_p", "last"]
    assert root["two"]["model"] == "m"
    assert root["list"] == root["base"]


def test_what_an_alias_names_keeps_the_place_of_its_definition():
    assert at("a: &x {b: c}\nd: *x\n", "d", "b").span.start == Position(1, 11)
    assert at("a: &x {b: c}\nd: {<<: *x}\n", "d", "b").span.start == Position(1, 11)


def test_a_quoted_merge_sign_is_a_key_like_any_other():
    assert load('a: {"<<": {b: 1}}') == {"a": {"<<": {"b": 1}}}


def test_a_key_defined_twice_shows_both_places():
    one = the_complaint("steps:\n  a: 1\n  b: 2\n  a: 3\n")
    assert one.code == "yaml/duplicate-key"
    assert one.span.start == Position(4, 3)
    assert one.related[0].span.start == Position(2, 3)


def test_after_a_duplicate_key_the_first_value_stays_and_reading_goes_on():
    root, found = parse_yaml(SourceText("f", "a: 1\na: 2\nb: {c: 1, c: 2}\n"))
    assert plain(root) == {"a": 1, "b": {"c": 1}}
    assert len(found) == 2


def test_a_value_of_unknown_tag_is_marked_as_unknown():
    node = at("a: !nope b\n", "a")
    assert isinstance(node, Scalar)
    assert node.tag == UNKNOWN


def test_an_empty_file_is_nothing_and_no_complaint():
    assert load("") is None
    assert load("# only a comment\n") is None


def test_braces_in_a_block_text_are_left_alone():
    assert load("a: |\n  {{ x }}: y\n  - {% if z %}\n") == {"a": "{{ x }}: y\n- {% if z %}\n"}


BOMBS = {
    "aliases": "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)),
    "merges": "a0: &a0 {x: 1, y: 2}\n"
    + "".join(f"a{n}: &a{n} {{p: *a{n - 1}, q: *a{n - 1}}}\n" for n in range(1, 40)),
    "chain": "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3000)),
    "lists": "[" * 100_000,
    "mappings": "{a: " * 100_000,
    "dashes": "- " * 100_000,
    "indents": "".join(" " * n + "a:\n" for n in range(2000)),
    "size": "a: " + "x" * (16 * 1024 * 1024),
    "templates": "".join(f"a{n}: {{{{ x }}}} y\n" for n in range(5000)),
    "quotes": 'a: "x\n' * 20_000,
    "brackets": "a: [b\n" * 20_000,
    "colons": "a: " + "b: " * 50_000,
    "spaces": "a: {{" + " " * 100_000,
    "properties": "a: " + "!x " * 30_000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_with_little_work(text):
    started = time.process_time()
    found = complaints(text)
    assert found
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("bomb", "code"),
    [("aliases", "yaml/too-large"), ("merges", "yaml/too-large"), ("chain", "yaml/too-deep"),
     ("lists", "yaml/too-deep"), ("size", "yaml/too-large")],
)  # fmt: skip
def test_a_bomb_is_named_for_what_it_is(bomb, code):
    assert [one.code for one in complaints(BOMBS[bomb])] == [code]

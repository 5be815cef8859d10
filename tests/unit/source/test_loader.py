"""The YAML loader: values, places, and complaints at the place to mend."""

import gc
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.source.diagnostic import Diagnostic
from flowrun.source.loader import parse_yaml
from flowrun.source.locate import locate
from flowrun.source.nodes import UNKNOWN, Mapping, Node, Scalar, Sequence
from flowrun.source.text import Position, SourceText


def plain(node: Node | None):
    match node:
        case Mapping():
            return {one.key.value: plain(one.value) for one in node}
        case Sequence():
            return [plain(one) for one in node.items]
        case Scalar():
            return node.value
    return None


def load(text: str):
    root, diagnostics = parse_yaml(SourceText("flow.yaml", text))
    assert not diagnostics, diagnostics
    return plain(root)


def complaints(text: str) -> tuple[Diagnostic, ...]:
    return parse_yaml(SourceText("flow.yaml", text))[1]


def the_complaint(text: str) -> Diagnostic:
    (one,) = complaints(text)
    return one


def marked(text: str) -> tuple[str, Position, Position]:
    """Cut the two `«»` marks out of a text; return it and where they stood."""
    start = text.index("«")
    bare = text.replace("«", "")
    end = bare.index("»")
    bare = bare.replace("»", "")
    source = SourceText("flow.yaml", bare)
    return bare, source.position(start), source.position(end)


def at(text: str, *path: str | int) -> Node:
    root, _ = parse_yaml(SourceText("flow.yaml", text))
    for one in path:
        if isinstance(root, Mapping):
            root = root.get(str(one))
        elif isinstance(root, Sequence):
            root = root.items[int(one)]
    assert root is not None
    return root


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("12:30", "12:30"),
        ("190:20:30", "190:20:30"),
        ("2024-01-01", "2024-01-01"),
        ("010", 10),
        ("-7", -7),
        ("+7", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1.10", 1.1),
        (".5", 0.5),
        ("6.", 6.0),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("1e999", "1e999"),
        ("null", None),
        ("~", None),
        ("", None),
        ("nULL", "nULL"),
        ("true", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("'12'", "12"),
        ('"null"', "null"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!float 3", 3),
        ("! 12", "12"),
        ("=", "="),
        ("<<", "<<"),
        ("1" * 5000, "1" * 5000),
    ],
)
def test_a_scalar_is_read_by_the_yaml_1_2_core_schema(written, value):
    found = load(f"a: {written}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_float():
    found = load("a: .nan")["a"]
    assert found != found


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: «b»\n", ["a"]),
        ("a: «'b c'»  # no\n", ["a"]),
        ("é: «\"ü\U0001f600\"»\nb: c", ["é"]),
        ("é: x\r\nb: «c»\r\n", ["b"]),
        ("a: &x «b»\n", ["a"]),
        ("a: !file «b.md»\n", ["a"]),
        ("a: &x !!str  «12»\n", ["a"]),
        ("a: «[b, {c: d}]»\n", ["a"]),
        ("a:\n  «b: c\n  d: e»\n\n# end\nf: g\n", ["a"]),
        ("a: &q\n  «b: c»\nf: g\n", ["a"]),
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


@pytest.mark.parametrize(
    "text",
    [
        "a: before HERE after",
        "a: 'before HERE after'",
        "a: 'it''s before HERE after'",
        'a: "a\\tb \\u00e9 HERE \\n after"',
        'a: "one\n   two \\\n   three HERE\n\n   four"',
        "a: one\n   two\n\n   three HERE four",
        "a: |\n  one\n\n    two HERE\n  three\n",
        "a: |2-\n    one\n   HERE\n",
        "a: |+\n\n\n  one\n  HERE\n\n\n",
        "a: >\n  one\n  two\n\n   indented\n  HERE\n",
        "a: >-\r\n  one\r\n  two HERE\r\n",
        "a: |\r\n  one\r\n  two HERE\r\n",
        "a: \u00e9\u00fc\U0001f600 HERE",
        "a: !!str HERE",
        "a: &x 'one\n\n HERE'",
        "a: |\n  x\u2028y\n  z\x85HERE\n",
    ],
)
def test_an_offset_in_a_text_is_found_in_the_file(text):
    node = at(text, "a")
    assert isinstance(node, Scalar)
    source = SourceText("flow.yaml", text)
    span = locate(node, str(node.value).index("HERE"), 4)
    found = source.text[source.offset(span.start) : source.offset(span.end)]
    assert found == "HERE"


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


SYNTAX = [
    ("yaml/tab", "a:\n«\t»b: c\n"),
    ("yaml/tab", "a:\n  b: c\n«\t\t»d: e\n"),
    ("yaml/tab", "a:\n  - «\t»- b\n"),
    ("yaml/unclosed", "a: «[»b, c\nd:\n  e: f\n"),
    ("yaml/unclosed", "a: «[»b, c\n"),
    ("yaml/unclosed", "a: «{»b: c\nd: [e]\nf: {g: h}\n"),
    ("yaml/unclosed", 'a: «"»hello\nb: "x"\n'),
    ("yaml/unclosed", "a: «'»hello\nb: x\n"),
    ("yaml/unclosed", "a: «'»hello\nb: 'x'\nc: d\n"),
    ("yaml/syntax", "a: {b: 1,\n    c: 2 d«:» 3}\n"),
    ("yaml/syntax", "a: hi«:» there\n"),
    ("yaml/syntax", "a:\n  b: c\n «d»: e\n"),
    ("yaml/syntax", "assistants:\n  «guide»\n  model: x\n"),
    ("yaml/syntax", "a: b\n  «c»: d\n"),
    ("yaml/syntax", "a: «@»x\n"),
    ("yaml/syntax", 'a: "x «\\d»"\n'),
    ("yaml/syntax", "a: «*»*bold**\n"),
    ("yaml/syntax", "a: «*x»\n"),
    ("yaml/syntax", "a: &x [«*x»]\n"),
    ("yaml/syntax", "a: «-» b\n"),
    ("yaml/syntax", "a: |«x»\n b\n"),
    ("yaml/syntax", "a: !!int «x»\n"),
    ("yaml/syntax", "«%»YAML 2.0\n---\na: b\n"),
    ("yaml/unquoted-template", "a: «{{ x }}»\n"),
    ("yaml/unquoted-template", "a: «{{ x }} text»  # c\n"),
    ("yaml/unquoted-template", "a: [b, «{{ x }} y», c]\n"),
    ("yaml/unquoted-template", "a: {b: «hi {{ x }} you»}\n"),
    ("yaml/unquoted-template", "a: «{% if x %}b{% endif %}»\n"),
    ("yaml/unquoted-template", "a: «{{ x['y'] }}»\n"),
    ("yaml/unquoted-template", "a: «{{ 'x }}»\nb: c\n"),
    ("yaml/unquoted-template", "«{{ a }}»: b\n"),
    ("yaml/unquoted-template", "a:\n  - «{{ x }}: y»\n"),
    ("yaml/unknown-tag", "a: «!include» b\n"),
    ("yaml/unknown-tag", "a: «!!binary» b\n"),
    ("yaml/key-not-text", "a: {«1»: b}\n"),
    ("yaml/key-not-text", "«~»: b\n"),
    ("yaml/key-not-text", "? «[a]»\n: b\n"),
    ("yaml/merge", "a: {<<: «3»}\n"),
    ("yaml/several-documents", "a: b\n«---»\nc: d\n"),
    ("yaml/encoding", "a: «\x07»\n"),
    ("yaml/encoding", "a: «\ud800»\n"),
    ("yaml/encoding", "a: «\udce9»\n"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text"), SYNTAX)
def test_a_mistake_is_shown_where_it_is(code, text):
    bare, start, end = marked(text)
    one = the_complaint(bare)
    assert one.code == code
    assert (one.span.start, one.span.end) == (start, end)


@pytest.mark.parametrize(("code", "text"), SYNTAX)
def test_a_complaint_is_one_sentence_in_the_users_words(code, text):
    one = the_complaint(marked(text)[0])
    for said in (one.message, one.hint or ""):
        assert not said.endswith(".")
        for word in ("pyyaml", "libyaml", "scanner", "token", "NoneType", "dict", "__"):
            assert word not in said


def test_an_unquoted_template_hides_nothing_else_in_the_file():
    text = "a: {{ x }} y\nb: {{ z }}\nc: 1\nc: 2\nd: [e, {{ f }}]\n"
    root, found = parse_yaml(SourceText("f", text))
    assert [one.code.removeprefix("yaml/") for one in found] == [
        "unquoted-template",
        "unquoted-template",
        "duplicate-key",
        "unquoted-template",
    ]
    assert plain(root) == {"a": "{{ x }} y", "b": "{{ z }}", "c": 1, "d": ["e", "{{ f }}"]}


def test_the_hint_for_an_unquoted_template_is_the_text_to_write():
    assert the_complaint("a: {{ x }} y\n").hint == 'write `"{{ x }} y"`'
    assert the_complaint('a: {{ x["y"] }}\n').hint == "write `'{{ x[\"y\"] }}'`"
    assert len(the_complaint("a: {{ x }}" + " long" * 100).hint or "") < 80


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


SAMPLE = """\
# a flow
version: 1
x-common: &common {model: gpt-5-mini, temperature: 0.5}
tools:
  disk: {shell: [df, -h, "{{ args.path }}"], parameters: {path: {type: string}}}
assistants:
  guide:
    <<: *common
    instructions: !file prompts/guide.md
    description: >-
      folded text
      of two lines
steps:
  ask:
    assistant: 'guide'
    message: |
      How is {{ inputs.city }}?\té ü \U0001f600
    on_error: "a \\u00e9\\
      b"
"""


def test_the_sample_file_is_sound():
    assert load(SAMPLE)["assistants"]["guide"]["model"] == "gpt-5-mini"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_file_cut_anywhere_gives_complaints_and_no_traceback(ending):
    text = SAMPLE.replace("\n", ending)
    for end in range(len(text)):
        check(text[:end])


def test_a_file_with_one_character_changed_gives_complaints_and_no_traceback():
    for index in range(len(SAMPLE)):
        for other in "\t:{}[]\"'*&!|>-#%@`?,\n":
            check(SAMPLE[:index] + other + SAMPLE[index + 1 :])


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab1 \n\t\r:-[]{},\"'*&!|>#%@`?<~.\\x$é\u2028\ufeff"), max_size=60))
def test_any_text_of_yaml_signs_gives_complaints_and_no_traceback(text):
    check(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_any_text_at_all_gives_complaints_and_no_traceback(text):
    check(text)


def check(text: str) -> None:
    """Read a text; what comes back must be consistent, and every place must lie in the text."""
    source = SourceText("f", text)
    root, found = parse_yaml(source)
    assert root is not None or found
    for one in found:
        assert source.position(source.offset(one.span.start)) == one.span.start
        assert one.span.start <= one.span.end
    check_places(root, source)


def check_places(node: Node | None, source: SourceText) -> None:
    match node:
        case Mapping():
            for entry in node:
                check_places(entry.key, source)
                check_places(entry.value, source)
        case Sequence():
            for item in node.items:
                check_places(item, source)
        case Scalar(value=str(text)):
            offsets = [offset for offset, _ in node.content]
            assert offsets == sorted(offsets)
            for offset in {0, len(text) // 2, max(len(text) - 1, 0)}:
                span = locate(node, offset)
                assert span.start <= span.end
                assert source.position(source.offset(span.start)) == span.start


def flow_of(steps: int) -> SourceText:
    one = (
        "  step_{0}:\n    assistant: guide\n    thread: t{1}\n"
        '    message: "hello {{{{ steps.step_{0}.output }}}}"\n    needs: [a, b]\n'
    )
    body = "".join(one.format(number, number % 7) for number in range(steps))
    return SourceText("f", "version: 1\nsteps:\n" + body)


def test_reading_is_quick_and_grows_with_the_file_alone():
    small, large = cpu_of(flow_of(1000)), cpu_of(flow_of(4000))
    assert small < 0.15 * slowness()
    assert large / small < 8


def cpu_of(source: SourceText) -> float:
    best = 99.0
    for _ in range(3):
        gc.collect()
        started = time.process_time()
        parse_yaml(source)
        best = min(best, time.process_time() - started)
    return best


def slowness() -> float:
    """How much slower this machine is at the moment than one that needs 50 ms for this loop."""
    started = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number & 3
    return max((time.process_time() - started) / 0.05, 1.0)

"""What is not YAML: one complaint, at the place to mend, in the author's words."""

import pytest

from flowrun.source.loader import parse_yaml
from flowrun.source.text import SourceText
from tests.support.yaml_trees import marked, plain, the_complaint

SYNTAX = [
    ("yaml/tab", "a:\n«\t»b: c\n"),
    ("yaml/tab", "a:\n  b: c\n«\t\t»d: e\n"),
    ("yaml/tab", "a:\n  - «\t»- b\n"),
    ("yaml/unclosed", "a: «[»b, c\nd:\n  e: f\n"),
    ("yaml/unclosed", "a: «[»b, c\n"),
    ("yaml/unclosed", "a: «[»\n"),
    ("yaml/unclosed", "a: «{»b: [c],\nd: 1\n- e\n"),
    ("yaml/syntax", "a: [b, «@»x]\n"),
    ("yaml/syntax", "a: [b]«]»\n"),
    ("yaml/unclosed", "a: «{»b: c\nd: [e]\nf: {g: h}\n"),
    ("yaml/unclosed", 'a: «"»hello\nb: "x"\n'),
    ("yaml/unclosed", "a: «'»hello\nb: x\n"),
    ("yaml/unclosed", "a: «'»hello\nb: 'x'\nc: d\n"),
    ("yaml/syntax", "a: {b: 1,\n    c: 2 d«:» 3}\n"),
    ("yaml/syntax", "a: hi«:» there\n"),
    ("yaml/syntax", "a:\n  b: c\n «d»: e\n"),
    ("yaml/syntax", "assistants:\n  «guide»\n  model: x\n"),
    ("yaml/syntax", "a: b\n  «c»: d\n"),
    ("yaml/syntax", "a: 'b' «c»\n"),
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

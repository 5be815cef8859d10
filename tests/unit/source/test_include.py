"""Merging included files; `test_resolve` shows it from outside."""

from flowrun.source.include import IncludedFile, merge_includes, unfit_entries
from flowrun.source.nodes import Mapping
from tests.support.yaml_trees import at, plain


def root(text: str) -> Mapping:
    node = at(text)
    assert isinstance(node, Mapping)
    return node


def included(text: str) -> IncludedFile:
    tree = root(text)
    return IncludedFile("a.yaml", tree, tree.span)


def test_without_included_files_the_root_is_returned_as_it_is():
    own = root("tools: {a: 1}\n")
    assert merge_includes(own, ()) == (own, ())


def test_an_empty_section_of_the_root_takes_what_is_included():
    merged, complaints = merge_includes(root("tools:\nname: x\n"), [included("tools: {a: 1}\n")])
    assert plain(merged) == {"tools": {"a": 1}, "name": "x"}
    assert complaints == ()


def test_a_section_of_the_wrong_type_is_left_to_later_stages():
    merged, complaints = merge_includes(root("tools: [a]\n"), [included("tools: {a: 1}\n")])
    assert plain(merged) == {"tools": ["a"]}
    assert complaints == ()


def test_two_included_files_can_be_at_odds():
    files = [included("tools: {a: 1}\n"), included("tools: {a: 2, b: 3}\n")]
    merged, complaints = merge_includes(root("name: x\n"), files)
    assert plain(merged) == {"name": "x", "tools": {"a": 1, "b": 3}}
    assert [one.code for one in complaints] == ["file/include-conflict"]


def test_keys_of_ones_own_and_empty_sections_are_fine():
    assert unfit_entries(root("x-mine: 1\ntools:\nversion: 1\ninclude: []\n")) == ()

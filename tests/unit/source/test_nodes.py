"""Nodes: looking keys up, and telling how a text was written."""

from flowrun.source.nodes import Mapping, Scalar
from tests.support.yaml_trees import at


def test_a_mapping_is_read_by_name():
    mapping = at("a: 1\nb: {c: 2}\n")
    assert isinstance(mapping, Mapping)
    found = mapping.entry("b")
    assert found is not None
    assert mapping.get("b") is found.value
    assert mapping.get("nope") is None
    assert mapping.entry("nope") is None


def test_only_a_text_without_quotes_is_plain():
    for written, expected in {
        "x": True,
        "&a x": True,
        "'x'": False,
        '"x"': False,
        "|\n  x\n": False,
        "12": False,
    }.items():
        node = at(f"a: {written}", "a")
        assert isinstance(node, Scalar)
        assert node.is_plain is expected, written

"""For drawings: edges without the implied ones, and the longest chain."""

from flowrun.graph.drawing import direct_needs, longest_path
from tests.support.repository import run_python

NEEDS = {"a": (), "b": ("a",), "c": ("a", "b"), "d": ("c", "a"), "e": ()}


def test_implied_needs_are_left_out():
    assert direct_needs(NEEDS) == {"a": (), "b": ("a",), "c": ("b",), "d": ("c",), "e": ()}


def test_the_longest_path():
    assert longest_path(NEEDS) == ("a", "b", "c", "d")
    assert longest_path({"e": ()}) == ("e",)
    assert longest_path({}) == ()


def test_networkx_is_loaded_only_when_it_is_asked():
    probe = (
        "import sys, flowrun.graph.drawing, flowrun.graph.build; print('networkx' in sys.modules)"
    )
    assert run_python("-c", probe).stdout.strip() == "False"

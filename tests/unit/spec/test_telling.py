"""Faults as diagnostics."""

from flowrun.source.nodes import Mapping
from flowrun.spec.grammar import Fault
from flowrun.spec.spans import SpanIndex
from flowrun.spec.telling import tell
from tests.support.yaml_trees import at


def spans(text: str) -> SpanIndex:
    root = at(text)
    assert isinstance(root, Mapping)
    return SpanIndex(root)


def fault(*path: str, at: str = "key", message: str = "m", silent: bool = False) -> Fault:
    return Fault(path=path, code="bind/unknown-key", message=message, at=at, silent=silent)  # type: ignore[arg-type]  # one of the three words


def test_what_an_anchor_shares_is_told_once():
    index = spans("a: &x {k: 1}\nb: *x\n")
    told = list(tell([fault("a", "k"), fault("b", "k", message="again")], index))
    assert [one.message for one in told] == ["m"]


def test_two_keys_that_are_missing_are_both_told():
    index = spans("a: {k: 1}\n")
    faults = [fault("a", at="opening", message="one"), fault("a", at="opening", message="two")]
    assert [one.message for one in tell(faults, index)] == ["one", "two"]


def test_a_silent_fault_is_not_told():
    assert not list(tell([fault("a", silent=True)], spans("a: 1\n")))

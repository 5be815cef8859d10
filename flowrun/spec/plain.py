"""YAML trees as plain values, and the few leaves that JSON cannot say."""

from collections.abc import Callable, Iterator
from math import isfinite
from typing import TypeAlias

from flowrun.source.nodes import UNKNOWN, Mapping, Node, Scalar
from flowrun.spec.spans import DocPath

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"


def to_plain(node: Node) -> Plain:
    """Return the values of a tree, places forgotten."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {str(one.key.value): to_plain(one.value) for one in node.entries}
    return [to_plain(one) for one in node.items]


def has_unknown(node: Node) -> bool:
    """Tell whether a value anywhere could not be had, which has been complained of already."""
    if isinstance(node, Scalar):
        return node.tag == UNKNOWN
    if isinstance(node, Mapping):
        return any(has_unknown(one.value) for one in node.entries)
    return any(has_unknown(one) for one in node.items)


def is_nothing(value: Plain) -> bool:
    """Tell whether the author wrote a key and left its value out."""
    return value is None


def is_endless(value: Plain) -> bool:
    """Tell whether a number is infinite or no number at all."""
    return isinstance(value, float) and not isfinite(value)


def is_filled(value: Plain) -> bool:
    """Tell whether no value is left out and no number is endless: so it is in most files."""
    if isinstance(value, dict):
        return all(map(is_filled, value.values()))
    if isinstance(value, list):
        return all(map(is_filled, value))
    return value is not None and not is_endless(value)


def find_leaves(
    value: Plain, wanted: Callable[[Plain], bool], path: DocPath = ()
) -> Iterator[DocPath]:
    """Yield the path of every wanted leaf, in file order."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from find_leaves(one, wanted, (*path, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from find_leaves(one, wanted, (*path, number))
    elif wanted(value):
        yield path

"""A module's own names, read and never run."""

import ast

import pytest

from flowrun.source.text import SourceText
from flowrun.spec.python_module import parse_module

TEXT = """
import typing as t
import os.path
from enum import Enum
from .near import thing as other

LIMIT = 3
if LIMIT:
    def under_if(): ...
else:
    def under_else(): ...
try:
    import fast
except ImportError:
    fast = None
    def slow(): ...
with open("x"):
    async def inside(): ...
class Color(Enum):
    RED = "red"
def Enum(): ...
def twice(): return 1
def twice(): return 2
def _private(): ...
note: str = "\\d"
"""


def module(text=TEXT):
    return parse_module(SourceText("m.py", text))


def test_names_are_found_wherever_import_would_define_them():
    assert module().functions() == ("under_else", "under_if", "slow", "inside", "Enum", "twice")
    assert {"LIMIT", "Color", "fast", "note"} <= set(module().defined)


def test_the_last_definition_counts():
    found = module().defined["twice"]
    assert ast.unparse(found).endswith("return 2")
    assert "Enum" not in module().imported


def test_names_are_known_by_where_they_come_from():
    names = module()
    for text, full in (
        ("t.List", "typing.List"),
        ("os.path", "os.path"),
        ("other", ".near.thing"),
        ("int", "int"),
    ):
        assert names.qualified(ast.parse(text, mode="eval").body) == full
    assert names.qualified(ast.parse("f()", mode="eval").body) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2", -2),
        ("[1, (2.5, None)]", [1, [2.5, None]]),
        ("{'a': True}", {"a": True}),
        ("LIMIT", 3),
        ("Color.RED", "red"),
    ],
)
def test_plain_values_are_read(text, value):
    assert module().literal(ast.parse(text, mode="eval").body) == value


@pytest.mark.parametrize("text", ["f()", "b''", "{1: 2}", "1 + 1", "Color.BLUE", "unknown", "{1}"])
def test_what_is_no_plain_value_is_refused(text):
    with pytest.raises(ValueError):
        module().literal(ast.parse(text, mode="eval").body)


def test_a_broken_module_is_a_syntax_error():
    for text in ("def f(:", "a = \0"):
        with pytest.raises(SyntaxError):
            module(text)

"""Plain scalars by the YAML 1.2 core schema, and nothing of YAML 1.1.

`on`, `yes`, `12:30` and `2024-01-01` are texts here, and `010` is ten.
"""

import re
from math import isinf

from flowrun.source.nodes import ScalarValue

_WORDS: dict[str, ScalarValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

_LONGEST_NUMBER = 300
"""Digits. What is longer is no number anybody meant, and costs quadratic time to read."""


def resolve_plain(text: str) -> ScalarValue:
    """Return the value of an unquoted scalar. A number too large to hold stays a text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-." and len(text) <= _LONGEST_NUMBER:
        return _number(text)
    return text


def _number(text: str) -> ScalarValue:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        value = float(text)
        return text if isinf(value) else value
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    return int(text, 8) if _OCTAL.fullmatch(text) else text

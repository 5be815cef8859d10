"""Names, identifiers and JSON values: the nouns every other room uses."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

VERSION = "0.1.0"
"""This release; the distribution's metadata says the same, and a test compares them."""

JsonValue: TypeAlias = (
    str | int | float | bool | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None
)
"""Anything JSON can say. Read-only by type: nobody changes a value that somebody else holds."""

JsonObject: TypeAlias = Mapping[str, JsonValue]

NAME = re.compile(r"[a-z][a-z0-9_-]*\Z")
"""Flows, assistants and threads."""

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*\Z")
"""Steps, inputs and tools: names that stand in expressions as `steps.name`."""

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_READABLE = "23456789abcdefghjkmnpqrstuvwxyz"


def mint(prefix: str) -> str:
    """Return a fresh identifier: the prefix (`asst_`, `run_`, ...) and 24 letters or digits.

    The shape is that of the Assistants API; clients match it with regular expressions.
    """
    return prefix + "".join([_ALPHANUMERIC[byte % 62] for byte in os.urandom(24)])


def mint_run_id(flow: str) -> str:
    """Return a fresh flow-run id that a person can read aloud: the flow's name and 8 letters."""
    return f"{flow}-" + "".join([_READABLE[byte % 31] for byte in os.urandom(8)])


def derive(prefix: str, *parts: str) -> str:
    """Return the identifier that the same parts always give; never time, never randomness."""
    hashed = _sha256("\x1f".join(parts))
    return prefix + "".join([_ALPHANUMERIC[byte % 62] for byte in hashed[:24]])


def duration_s(text: str) -> float:
    """Return the seconds of a duration as people write it: `500ms`, `30s`, `5m`, `1h`."""
    number = text.rstrip("msh")
    return float(number) * _SECONDS[text[len(number) :]]


def canonical_json(value: JsonValue) -> str:
    """Return the one JSON text of a value: keys sorted, no spaces, no escapes beyond JSON's own."""
    return _storable_json(value, sort_keys=True)


def ordered_json(value: JsonValue) -> str:
    """Return the JSON text of a value whose keys keep their order, as `canonical_json` has it."""
    return _storable_json(value, sort_keys=False)


def _storable_json(value: JsonValue, *, sort_keys: bool) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=sort_keys, separators=(",", ":"))
    if not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text):
        # Half a surrogate pair: only its escaped form can be stored or sent.
        return json.dumps(value, sort_keys=sort_keys, separators=(",", ":"))
    return text


compact_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON without spaces, keys as they come: for rows, where the order is the writer's own."""


def digest(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return _sha256(text).hex()


def _sha256(text: str) -> bytes:
    from hashlib import sha256  # loads OpenSSL, which `--help` and a plain check do without

    return sha256(text.encode("utf-8", "surrogatepass")).digest()

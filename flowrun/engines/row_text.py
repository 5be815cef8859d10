"""Texts that a row can hold: the store takes UTF-8, and Python's texts may hold more than that."""

import json

from flowrun.ids import JsonValue, compact_json


def row_json(value: JsonValue) -> str:
    """Return a value as JSON that can be stored, in the order of its writer."""
    text = compact_json(value)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: only its escaped form can be stored
        return json.dumps(value, separators=(",", ":"))
    return text


def storable(text: str) -> str:
    """Return the text without halves of surrogate pairs, which a command line may hold."""
    return text.encode(errors="replace").decode()

"""JSON as it crosses the wire: quick where it is well-formed, patient where it is not."""

import json
import re
from typing import TypeGuard

from pydantic_core import from_json

from flowrun.ids import JsonObject, JsonValue

_SURROGATE = re.compile(r"[\ud800-\udfff]")


def encode(value: JsonValue) -> bytes:
    """Return compact UTF-8. Half a surrogate pair, which UTF-8 cannot say, becomes `?`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def decode(data: bytes) -> JsonValue:
    """Return what the bytes say, halves of surrogate pairs and broken UTF-8 included.

    Raises:
        ValueError: this is not JSON.
    """
    try:
        value: JsonValue = from_json(data)
    except ValueError:
        # The quick parser refuses `"\\ud83d"` and broken UTF-8; some servers stream such halves.
        value = _decode_slowly(data.decode("utf-8", "replace"))
    return value


def _decode_slowly(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except RecursionError:
        message = "nested too deeply"
        raise ValueError(message) from None
    return value


def is_object_text(text: str) -> bool:
    """Tell whether a text is one whole JSON object."""
    if not text.rstrip().endswith("}"):
        return False
    try:
        return is_object(from_json(text))
    except ValueError:
        return False


def mend(text: str) -> str:
    """Join surrogate pairs that arrived in halves; a half that stays alone becomes U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Tell whether a decoded value is a JSON object."""
    return isinstance(value, dict)


def as_object(value: object) -> JsonObject:
    """Return the value if it is a JSON object, else an empty one."""
    return value if is_object(value) else {}


def as_text(value: object) -> str:
    """Return the value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def as_count(value: object) -> int | None:
    """Return a whole number that is not negative, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value >= 0 and value == value // 1 else None

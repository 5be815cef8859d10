"""Request bodies from bytes that are made once."""

from collections.abc import Callable

from flowrun.ids import JsonObject, JsonValue
from flowrun.models.wire_json import encode
from flowrun.ports.models import Transcript, TranscriptItem


def encoded_items(
    transcript: Transcript, wire: str, write: Callable[[TranscriptItem], bytes]
) -> list[bytes]:
    """Return the bytes of every item under a wire's name, encoding those that are new.

    A transcript only grows. One that shrank all the same was begun anew, and so are its bytes.
    """
    items = transcript.items
    encoded = transcript.encoded.setdefault(wire, [])
    if len(encoded) > len(items):
        encoded.clear()
    encoded.extend([write(item) for item in items[len(encoded) :]])
    return encoded


def body(fields: JsonObject, list_name: str, fragments: list[bytes]) -> bytes:
    """Return a JSON object: the fields that are not None, then one list of ready fragments."""
    sent: dict[str, JsonValue] = {name: one for name, one in fields.items() if one is not None}
    head = encode(sent)[:-1]
    comma = b"," if sent else b""
    return b"".join((head, comma, b'"', list_name.encode(), b'":[', b",".join(fragments), b"]}"))

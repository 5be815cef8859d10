import json

from flowrun.models.encoding import body, encoded_items
from flowrun.ports.models import Transcript, UserItem


def write(item):
    return item.text.encode()


def test_only_new_items_are_encoded():
    written = []

    def noting(item):
        written.append(item.text)
        return write(item)

    transcript = Transcript([UserItem("a")])
    encoded_items(transcript, "w", noting)
    transcript.items.append(UserItem("b"))
    assert encoded_items(transcript, "w", noting) == [b"a", b"b"]
    assert written == ["a", "b"]


def test_each_wire_has_bytes_of_its_own():
    transcript = Transcript([UserItem("a")])
    encoded_items(transcript, "one", write)
    encoded_items(transcript, "two", lambda item: b"x")
    assert transcript.encoded == {"one": [b"a"], "two": [b"x"]}


def test_a_transcript_begun_anew_is_encoded_anew():
    transcript = Transcript([UserItem("a"), UserItem("b")])
    encoded_items(transcript, "w", write)
    transcript.items[:] = [UserItem("c")]
    assert encoded_items(transcript, "w", write) == [b"c"]


def test_fields_that_are_none_are_not_sent():
    assert json.loads(body({"a": 1, "b": None}, "items", [b"1", b"[2]"])) == {
        "a": 1,
        "items": [1, [2]],
    }
    assert json.loads(body({}, "items", [])) == {"items": []}

"""How files become texts."""

from flowrun.source.document import NO_SUCH_FILE, Unreadable, decode_source, remembering
from flowrun.source.loader import parse_yaml
from flowrun.source.text import Position, SourceText


def test_a_byte_order_mark_is_left_out_and_line_endings_are_kept():
    assert decode_source("f", b"\xef\xbb\xbfa: \xc3\xa4\r\n").text == "a: ä\r\n"


def test_a_byte_that_is_not_utf_8_is_complained_of_at_its_place():
    root, (one,) = parse_yaml(decode_source("f", "a: ok\nb: gr\xfcn\n".encode("latin-1")))
    assert root is None
    assert one.code == "yaml/encoding"
    assert one.span.start == Position(2, 6)
    assert "0xFC" in one.message


def test_a_file_in_utf_16_is_complained_of():
    _, (one,) = parse_yaml(decode_source("f", "a: b\n".encode("utf-16")))
    assert one.code == "yaml/encoding"


def test_each_file_is_read_once_and_remembered():
    asked = []

    def read(path):
        asked.append(path)
        return SourceText(path, "x") if path == "a" else Unreadable(path, NO_SUCH_FILE)

    reader, seen = remembering(read)
    assert reader("a") is reader("a")
    assert isinstance(reader("b"), Unreadable)
    assert asked == ["a", "b"]
    assert list(seen) == ["a"]

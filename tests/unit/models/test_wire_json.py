import pytest

from flowrun.models.wire_json import (
    as_count,
    as_object,
    as_text,
    decode,
    encode,
    is_object_text,
    mend,
)


def test_encoding_is_compact_utf_8():
    assert encode({"a": [1, "grüße"], "b": None}) == '{"a":[1,"grüße"],"b":null}'.encode()


def test_half_a_surrogate_pair_does_not_stop_a_request():
    assert encode("a\ud83d") == b'"a?"'


def test_well_formed_json_is_decoded():
    assert decode(b'{"a": [1, 2.5, null, true]}') == {"a": [1, 2.5, None, True]}


def test_halves_of_surrogate_pairs_are_decoded():
    assert decode(rb'"\ud83d"') == "\ud83d"


def test_broken_utf_8_is_decoded_with_marks():
    assert decode(b'"a\xff"') == "a\ufffd"


@pytest.mark.parametrize("text", [b"", b"{", b"nope", b'{"a": 1} x'])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError):  # the message is the parser's
        decode(text)


def test_halves_are_mended_when_they_meet():
    assert mend("a\ud83d\ude00b") == "a😀b"
    assert mend("a\ud83d") == "a\ufffd"
    assert mend("grüße 😀") == "grüße 😀"


@pytest.mark.parametrize(
    ("text", "whole"),
    [("{}", True), (' {"a": 1}\n', True), ('{"a"', False), ("[]", False), ("", False),
     ("{}{}", False), ('{"a": }', False)],
)  # fmt: skip
def test_whether_a_text_is_one_object(text, whole):
    assert is_object_text(text) is whole


def test_values_of_another_kind_read_as_nothing():
    assert as_object([1]) == {}
    assert as_text(None) == ""
    assert [as_count(one) for one in (3, 3.0, 3.5, -1, True, "3", None)] == [
        3, 3, None, None, None, None, None
    ]  # fmt: skip


def test_nesting_without_end_is_no_json():
    with pytest.raises(ValueError, match=r"deep"):
        decode(b"[" * 100_000 + b"]" * 100_000)

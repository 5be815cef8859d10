"""Secrets are masked wherever they stand."""

from flowrun.tools.redaction import Redactor


def redactor(*secrets):
    made = Redactor()
    for one in secrets:
        made.add(one)
    return made


def test_without_secrets_values_pass_untouched():
    value = {"a": ["b"]}
    assert redactor().value(value) is value
    assert redactor("").text("a b") == "a b"
    assert redactor("").is_empty


def test_texts_keys_and_nested_items_are_masked():
    made = redactor("hunter2")
    assert made.value({"hunter2": ["x hunter2 y", 1, None, {"k": "hunter2"}]}) == {
        "***": ["x *** y", 1, None, {"k": "***"}]
    }


def test_overlapping_secrets_leave_no_remainder():
    assert redactor("abcd", "cdef").text("-abcdef-") == "-***-"
    assert redactor("abc", "abcdef").text("abcdef abc") == "*** ***"


def test_a_secret_that_ends_in_a_newline_is_found_without_it():
    assert redactor("tok\n").text("[tok]") == "[***]"


def test_a_secret_is_found_as_json_writes_it():
    assert redactor('a"b\\c').text('{"t":"a\\"b\\\\c"}') == '{"t":"***"}'


def test_spans_of_bytes_are_in_order_and_merged():
    assert redactor("abcd", "cdef").spans(b"abcdef..abcd") == ((0, 6), (8, 12))
    assert redactor("ключ").longest >= 8

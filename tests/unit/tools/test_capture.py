"""Outputs are kept to a limit, whatever the chunks."""

import pytest

from flowrun.tools.capture import Capture, shorten
from flowrun.tools.redaction import Redactor


def kept(raw, limit, keep, *, secrets=(), chunk=7):
    redactor = Redactor()
    for one in secrets:
        redactor.add(one)
    capture = Capture(limit, redactor, keep)
    for start in range(0, len(raw), chunk):
        capture.feed(raw[start : start + chunk])
    return capture.text()


@pytest.mark.parametrize("keep", ["head", "tail"])
def test_what_fits_is_kept_whole(keep):
    assert kept(b"hello\n", 6, keep) == "hello\n"
    assert kept(b"", 1, keep) == ""


def test_the_head_is_kept_and_the_rest_counted():
    assert kept(b"0123456789", 4, "head") == "0123\n… truncated 6 bytes"


def test_the_tail_is_kept_and_the_rest_counted():
    assert kept(b"0123456789", 4, "tail") == "… truncated 6 bytes\n6789"


def test_a_divided_character_is_left_out():
    raw = "ä€ö".encode()
    assert kept(raw, 3, "head") == "ä\n… truncated 4 bytes"
    assert kept(raw, 3, "tail") == "… truncated 5 bytes\nö"


def test_bytes_that_are_not_utf8_are_replaced():
    assert kept(b"a\xffb", 10, "head") == "a�b"


def test_a_long_output_takes_bounded_memory():
    capture = Capture(1000, Redactor(), "tail")
    for _ in range(1000):
        capture.feed(b"x" * 65536)
    assert len(capture._kept) < 300_000
    assert capture.text().endswith("x" * 1000)


@pytest.mark.parametrize("keep", ["head", "tail"])
@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_no_part_of_a_secret_survives_any_cut_or_chunk(keep, chunk):
    secret = "correct-horse-battery"
    raw = (f"....{secret}" * 5).encode()
    pieces = {secret[at : at + 4] for at in range(len(secret) - 3)}
    for limit in range(1, len(raw) + 1):
        text = kept(raw, limit, keep, secrets=[secret], chunk=chunk)
        assert not any(piece in text for piece in pieces), (limit, text)


def test_masks_are_shorter_and_still_nothing_beyond_the_cut_is_pulled_in():
    raw = b"secret-one" + b"secret-two" + b"...."
    text = kept(raw, 12, "head", secrets=["secret-one", "secret-two"])
    assert text == "******\n… truncated 4 bytes"


def test_texts_are_shortened_at_a_character():
    assert shorten("abc", 3) == "abc"
    assert shorten("ääää", 5) == "ää\n… truncated 4 bytes"

import random

import pytest

from flowrun.models.sse import EventTooLarge, SseReader


def read(*chunks, **options):
    """Return what a stream of chunks holds, the end included, as (name, data)."""
    reader = SseReader(**options)
    events = [tuple(event) for chunk in chunks for event in reader.feed(chunk)]
    return events + [tuple(event) for event in reader.finish()]


STREAM = (
    ": a comment\n\n"
    'data: {"text": "grüße 😀"}\n\n'
    "event: error\ndata: first\ndata: second\nid: 7\nretry: 10\n\n"
    "data:no blank\n\n"
    "data\n\n"
    "data: [DONE]\n\n"
)
EVENTS = [
    (b"", '{"text": "grüße 😀"}'.encode()),
    (b"error", b"first\nsecond"),
    (b"", b"no blank"),
    (b"", b""),
    (b"", b"[DONE]"),
]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
def test_any_line_end_in_any_chunking_gives_the_same_events(line_end, size):
    whole = STREAM.replace("\n", line_end).encode()
    assert read(*[whole[at : at + size] for at in range(0, len(whole), size)]) == EVENTS


def test_an_event_is_returned_as_soon_as_its_blank_line_came():
    reader = SseReader()
    assert reader.feed(b"data: a\r\n\r") == [(b"", b"a")]
    assert reader.feed(b"\ndata: b\r\n\r\n") == [(b"", b"b")]


def test_a_forgotten_last_blank_line_is_forgiven():
    assert read(b"data: a\n\ndata: [DONE]") == [(b"", b"a"), (b"", b"[DONE]")]


def test_a_byte_order_mark_is_passed_over():
    assert read(b"\xef\xbb\xbfdata: a\n\n") == [(b"", b"a")]


def test_plain_json_appended_to_the_stream_is_an_event():
    expected = [(b"", b"a"), (b"", b'{"error": "boom"}')]
    assert read(b'data: a\n\n{"error": "boom"}\n') == expected
    assert read(b'data: a\n\n{"error": "boom"}') == expected


def test_a_stream_of_json_lines_is_read_line_by_line():
    reader = SseReader()
    assert reader.feed(b'{"a": 1}\n{"b"') == [(b"", b'{"a": 1}')]
    assert reader.feed(b": 2}\n") == [(b"", b'{"b": 2}')]


def test_broken_utf_8_is_left_to_whoever_reads_the_data():
    assert read(b"data: \xff\xc3\n\n") == [(b"", b"\xff\xc3")]


def test_a_line_without_end_is_refused():
    reader = SseReader(limit=10)
    reader.feed(b"data: 1234")
    with pytest.raises(EventTooLarge):
        reader.feed(b"5")


def test_an_empty_stream_holds_nothing():
    assert read() == []
    assert read(b"", b"\n\n\n") == []


def test_plain_json_keeps_its_place_among_the_lines():
    whole = b'data: 1\n{"error": "x"}\nevent: end\ndata: [DONE]\n\n{"a": 1}\ndata: 2\n\n'
    expected = [
        (b"", b"1"),
        (b"", b'{"error": "x"}'),
        (b"end", b"[DONE]"),
        (b"", b'{"a": 1}'),
        (b"", b"2"),
    ]
    for size in (1, 2, 7, len(whole)):
        assert read(*[whole[at : at + size] for at in range(0, len(whole), size)]) == expected


def test_random_streams_read_the_same_however_they_are_cut():
    dice = random.Random(7)
    parts = [b"data: ", b"data:", b'{"a":1}', b"\n", b"\r\n", b"\r", b"\n\n", b"event: x", b": c"]
    for _ in range(3000):
        whole = b"".join(dice.choice(parts) for _ in range(dice.randrange(1, 12)))
        assert read(whole) == read(*[bytes((byte,)) for byte in whole]), whole

import json

import pytest

from flowrun.errors import EndpointError, EndpointRefused, EndpointUnavailable
from flowrun.models.accumulate import ChatReading
from flowrun.models.answer import AnswerReader
from flowrun.models.endpoint import Endpoint
from flowrun.ports.models import ModelTurn, TextDelta

ENDPOINT = Endpoint(name="e", base_url="http://host/v1")
CHUNK = b'data: {"choices": [{"delta": {"content": "hi"}, "finish_reason": "stop"}]}\n\n'
WHOLE = json.dumps({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}).encode()
TURN = ModelTurn("hi", (), "stop", None)


def read(*chunks, content_type="text/event-stream"):
    reader = AnswerReader(ENDPOINT, "m", ChatReading(), content_type=content_type)
    out = [event for chunk in chunks for event in reader.feed(chunk)]
    return [*out, *reader.finish(), reader.turn()]


@pytest.mark.parametrize(
    "content_type", ["text/event-stream", "text/event-stream; charset=utf-8", "", "text/plain"]
)
def test_a_stream_is_read_as_one_whatever_it_is_called(content_type):
    assert read(CHUNK, content_type=content_type) == [TextDelta("hi"), TURN]


def test_json_lines_are_a_stream():
    chunk = CHUNK.removeprefix(b"data: ").removesuffix(b"\n")
    assert read(chunk, content_type="application/x-ndjson") == [TextDelta("hi"), TURN]


def test_a_whole_json_answer_is_read_at_its_end():
    pieces = [WHOLE[:10], WHOLE[10:]]
    assert read(*pieces, content_type="application/json") == [TextDelta("hi"), TURN]


def test_a_last_event_without_its_blank_line_counts():
    assert read(CHUNK.rstrip()) == [TextDelta("hi"), TURN]


def test_half_an_event_at_the_end_is_a_cut_and_not_an_error_of_the_server():
    with pytest.raises(EndpointUnavailable, match="the stream ended early"):
        read(b'data: {"choices": [{"delta": {"con')


def test_an_error_in_a_whole_answer_is_one():
    body = json.dumps({"error": {"message": "no", "code": "insufficient_quota"}}).encode()
    with pytest.raises(EndpointRefused, match="quota or credit is used up: no"):
        read(body, content_type="application/json")


@pytest.mark.parametrize("page", [b"<!DOCTYPE html>", b"\n  <html>", b"\xef\xbb\xbf<html>"])
def test_a_web_page_is_known_by_its_first_letter(page):
    with pytest.raises(EndpointRefused, match="a web page"):
        read(page, content_type="")


def test_a_web_page_is_known_by_its_type():
    with pytest.raises(EndpointRefused, match="a web page"):
        read(content_type="text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the answer is empty"),
        (b'{"choices": [', "its JSON is incomplete"),
        (b"ok", "a text that is not JSON"),
        (b'{"status": "ok"}', "JSON of another kind"),
        (b"[1, 2]", "JSON of another kind"),
    ],
)
def test_json_that_is_no_answer_is_an_error(body, words):
    with pytest.raises(EndpointError, match=words):
        read(body, content_type="application/json")


def test_a_line_without_end_is_refused():
    with pytest.raises(EndpointUnavailable, match="a line without end"):
        read(*[b"data: " + b"x" * 1_000_000] * 9)


def test_an_error_without_words_says_so():
    with pytest.raises(EndpointUnavailable, match=r"the server failed$"):
        read(b"event: error\ndata: {}\n\n")


def test_whether_the_end_was_seen():
    reader = AnswerReader(ENDPOINT, "m", ChatReading(), content_type="")
    assert (reader.complete, reader.done) == (False, False)
    reader.feed(CHUNK)
    assert (reader.complete, reader.done) == (True, False)
    reader.feed(b"data: [DONE]\n\n")
    assert (reader.complete, reader.done) == (True, True)

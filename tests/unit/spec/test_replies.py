"""The replies file: every condition and answer binds, and half a script never does."""

import pytest

from flowrun.spec.bind import bind_replies
from tests.support.binding import document, the_only_complaint

SOUND = """\
version: 1
replies:
  - when: {assistant: guide, user: weather in}
    call:
      - {tool: get_current_weather, arguments: {location: Paris, unit: }}
      - {tool: get_current_weather, arguments: '{"location": ', id: call_1}
  - when: {assistant: guide, after: get_current_weather, output: Paris, turn: 1, model: m}
    say: It is sunny.
    usage: {prompt_tokens: 1, completion_tokens: 2}
    chunk: 4
    delay: 20ms
    cut: 3
    finish: length
    times: 2
  - when: {after: [a, b]}
    say: ''
  - when: {after: true}
    error: {status: 429, code: rate_limit_exceeded, message: slow down, retry_after: 1}
  - say: Hello
"""


def test_a_whole_script_binds():
    replies, complaints = bind_replies(document(SOUND))
    assert complaints == ()
    assert replies is not None
    first, second, third, fourth, last = replies.replies.replies
    assert first.call[0].arguments == {"location": "Paris", "unit": None}
    assert first.call[1].arguments == '{"location": '
    assert second.when.after == "get_current_weather"
    assert (second.chunk, second.delay, second.cut, second.times) == (4, "20ms", 3, 2)
    assert third.when.after == ["a", "b"]
    assert fourth.when.after is True
    assert fourth.error.retry_after == 1
    assert last.when.assistant is None
    assert last.chunk == 16


MISTAKES = {
    "version": ("version: «2»\nreplies: [{say: a}]\n", "bind/unknown-version"),
    "no replies": ("«version»: 1\n", "bind/missing-key"),
    "empty": ("version: 1\nreplies: «[]»\n", "bind/wrong-value"),
    "no answer": ("version: 1\nreplies: [{«when»: {user: a}}]\n", "bind/missing-key"),
    "answer and error": (
        "version: 1\nreplies: [{«say»: a, error: {status: 500}}]\n",
        "bind/one-kind",
    ),
    "condition": ("version: 1\nreplies: [{when: {«usr»: a}, say: a}]\n", "bind/unknown-key"),
    "after": ("version: 1\nreplies: [{when: {after: «3»}, say: a}]\n", "bind/wrong-type"),
    "after false": (
        "version: 1\nreplies: [{when: {after: «false»}, say: a}]\n",
        "bind/wrong-type",
    ),
    "call without a tool": (
        "version: 1\nreplies: [{call: [{«arguments»: {}}]}]\n",
        "bind/missing-key",
    ),
    "arguments": (
        "version: 1\nreplies: [{call: [{tool: t, arguments: «[]»}]}]\n",
        "bind/wrong-type",
    ),
    "status": ("version: 1\nreplies: [{error: {status: «200»}}]\n", "bind/wrong-value"),
    "chunk": ("version: 1\nreplies: [{say: a, chunk: «0»}]\n", "bind/wrong-value"),
}


@pytest.mark.parametrize(("text", "code"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_once_at_its_place(text, code):
    assert the_only_complaint(text, bind_replies).code == code


def test_replies_are_counted_from_one():
    text = (
        "version: 1\nreplies: [{say: a}, {say: b, call: [{tool: t}, {tool: t, «argumets»: {}}]}]\n"
    )
    complaint = the_only_complaint(text, bind_replies)
    assert complaint.message == "call 2 of reply 2 has no key `argumets`"
    assert complaint.hint == "did you mean `arguments`?"


def test_half_a_script_is_none():
    replies, complaints = bind_replies(document("version: 1\nreplies: [{say: a}, {say: 5}]\n"))
    assert replies is None
    assert len(complaints) == 1

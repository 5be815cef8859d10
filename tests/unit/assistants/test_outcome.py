"""What a finished turn means."""

import pytest

from flowrun.assistants.outcome import (
    Answered,
    AskedForCalls,
    CutShort,
    endpoint_failure,
    judge_turn,
)
from flowrun.assistants.records import LastError, RefusalPart, TextPart
from flowrun.errors import (
    EndpointDenied,
    EndpointLimited,
    EndpointRefused,
    EndpointUnavailable,
)
from flowrun.ports.models import ModelTurn, ToolCall

CALLS = (ToolCall("a", "look", "{}"), ToolCall("b", "look", "{}"))


def judged(text="", calls=(), finish="stop", refusal="", *, one_call=False):
    return judge_turn(ModelTurn(text, calls, finish, None, refusal), one_call=one_call)


def test_text_is_an_answer_even_when_it_is_empty():
    assert judged("hi") == Answered((TextPart("hi"),))
    assert judged("") == Answered((TextPart(""),))


def test_calls_are_asked_for_with_what_was_said_before_them():
    assert judged("hm", CALLS, "tool_calls") == AskedForCalls("hm", CALLS)


def test_where_parallel_calls_were_ruled_out_the_first_one_stands():
    assert judged("", CALLS, "tool_calls", one_call=True) == AskedForCalls("", CALLS[:1])


def test_a_refusal_is_an_answer_of_its_own_kind():
    assert judged(refusal="no") == Answered((RefusalPart("no"),))
    assert judged("well", refusal="no") == Answered((TextPart("well"), RefusalPart("no")))


def test_length_and_content_filter_cut_the_answer_short():
    assert judged("hi", finish="length") == CutShort(
        (TextPart("hi"),), "max_completion_tokens", "max_tokens"
    )
    assert judged("hi", finish="content_filter") == CutShort(
        (TextPart("hi"),), "content_filter", "content_filter"
    )


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (EndpointLimited("e", "slow down", status=429), "rate_limit_exceeded"),
        (EndpointRefused("e", "no money", code="insufficient_quota"), "rate_limit_exceeded"),
        (EndpointRefused("e", "bad request", status=400), "invalid_prompt"),
        (EndpointUnavailable("e", "down", status=500), "server_error"),
    ],
)
def test_endpoint_failures_become_last_errors(failure, code):
    assert endpoint_failure(failure) == LastError(code, str(failure))


def test_a_denied_endpoint_says_so_and_keeps_its_hint():
    denied = EndpointDenied("e", "the key is wrong", status=401, hint="set the key")
    assert endpoint_failure(denied) == LastError("server_error", str(denied), "set the key", True)

import pytest

from flowrun.errors import (
    EndpointDenied,
    EndpointLimited,
    EndpointRefused,
    EndpointUnavailable,
)
from flowrun.models import failures
from flowrun.models.endpoint import Endpoint
from flowrun.models.failures import LONGEST_QUOTE, ServerError, read_error

ENDPOINT = Endpoint(name="e", base_url="http://host/v1", api_key="sk-canary-123")


def failure(status=None, code="", message="", **more):
    return failures.failure(ENDPOINT, "m", ServerError(message, code, status), **more)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "insufficient_quota", EndpointRefused),
        (429, "credit_balance_exhausted", EndpointRefused),
        (429, "project_spend_limit_reached", EndpointRefused),
        (429, "organization_usage_limit_reached", EndpointRefused),
        (429, "billing_not_active", EndpointRefused),
        (402, "", EndpointRefused),
        (429, "rate_limit_exceeded", EndpointLimited),
        (503, "slow_down", EndpointLimited),
        (429, "", EndpointLimited),
        (200, "rate_limit_exceeded", EndpointLimited),
        (408, "", EndpointUnavailable),
        (409, "", EndpointUnavailable),
        (500, "", EndpointUnavailable),
        (503, "", EndpointUnavailable),
        (529, "overloaded_error", EndpointUnavailable),
        (None, "server_error", EndpointUnavailable),
        (None, "vector_store_timeout", EndpointUnavailable),
        (None, "", EndpointUnavailable),
        (401, "", EndpointDenied),
        (400, "invalid_api_key", EndpointDenied),
        (403, "", EndpointDenied),
        (404, "model_not_found", EndpointRefused),
        (404, "", EndpointRefused),
        (400, "context_length_exceeded", EndpointRefused),
        (400, "content_policy_violation", EndpointRefused),
        (400, "invalid_request_error", EndpointRefused),
        (None, "invalid_prompt", EndpointRefused),
        (422, "", EndpointRefused),
        (301, "", EndpointRefused),
    ],
)
def test_the_code_decides_before_the_status(status, code, kind):
    error = failure(status, code, "words")
    assert type(error) is kind
    assert error.status == status
    assert str(error).startswith("endpoint `e`: ")


@pytest.mark.parametrize(
    "message",
    ['model "m" not found, try pulling it first', "The model `m` does not exist.",
     "Model m is not supported"],
)  # fmt: skip
def test_a_missing_model_is_known_by_words_where_there_is_no_code(message):
    for status in (404, 400, None):
        assert "there is no model `m`" in str(failure(status, "", message))


def test_the_server_s_words_follow_on_one_line_without_a_final_stop():
    assert str(failure(400, "", "Bad\n  request.")) == (
        "endpoint `e`: the request was refused: Bad request (HTTP 400)"
    )


def test_long_words_are_clipped():
    assert len(failure(400, "", "x" * 5000).problem) < LONGEST_QUOTE + 50


def test_braces_in_words_and_names_are_left_alone():
    error = failures.failure(ENDPOINT, "m{0}", ServerError("a {b} c", "model_not_found", 404))
    assert error.problem == "there is no model `m{0}`: a {b} c"


def test_the_key_is_redacted_before_words_are_clipped():
    error = failure(400, "code_sk-canary-123", "y" * (LONGEST_QUOTE - 5) + "sk-canary-123")
    assert "sk-c" not in f"{error} {error.code}"


def test_the_wait_asked_for_is_kept():
    assert failure(429, retry_after_s=3.0).retry_after_s == 3.0


def test_without_a_key_the_sentence_says_that_none_was_sent():
    keyless = Endpoint(name="e", base_url="http://host/v1")
    error = failures.failure(keyless, "m", ServerError("", "", 401))
    assert error.problem == "a key is wanted, and none was sent"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"error": {"message": "m", "type": "T", "code": "C"}},
            ServerError("m", "c t"),
        ),
        ({"error": {"message": "m", "code": 429}}, ServerError("m", "", 429)),
        ({"error": {"message": "m", "code": "429"}}, ServerError("m", "429")),
        ({"error": "m"}, ServerError("m", "m")),
        ({"error": "Unauthorized", "message": "m"}, ServerError("m", "unauthorized")),
        ({"object": "error", "message": "m", "code": 40400}, ServerError("m")),
        ({"message": "m", "type": "t"}, ServerError("m", "t")),
        ({"detail": "m"}, ServerError("m")),
        ({"detail": [{"msg": "a"}, {"msg": "b"}]}, ServerError("a; b")),
        ({"detail": {"message": "m"}}, ServerError("m")),
        ("m", ServerError("m")),
    ],
)
def test_errors_are_found_in_every_shape(body, expected):
    assert read_error(body) == expected


@pytest.mark.parametrize(
    "body", [None, 7, [], {}, {"choices": [], "message": "m"}, {"output": [], "error": None}]
)
def test_what_is_no_error_is_none(body):
    assert read_error(body) is None


@pytest.mark.parametrize("chunk", ["m", {"message": "m"}, {"id": "x", "usage": {}}])
def test_a_stream_event_is_an_error_only_if_nothing_else_looks_so(chunk):
    assert read_error(chunk, in_stream=True) is None

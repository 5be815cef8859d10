"""Sentences, exit codes and retryability of the exceptions."""

import pytest

from flowrun.errors import (
    BadRequest,
    EndpointDenied,
    EndpointLimited,
    EndpointRefused,
    EndpointUnavailable,
    FlowrunError,
    IllegalTransition,
    InvalidSource,
    RunConflict,
    RunNotFound,
    StorageError,
    StoreLocked,
    name_list,
    plural,
)


def test_an_endpoint_error_names_the_endpoint_and_the_status():
    failure = EndpointLimited("openai", "too many requests", status=429, retry_after_s=2.0)
    assert str(failure) == "endpoint `openai`: too many requests (HTTP 429)"
    assert failure.retry_after_s == 2.0


def test_without_a_status_none_is_claimed():
    assert str(EndpointUnavailable("local", "connection refused")).endswith("connection refused")


@pytest.mark.parametrize(
    ("kind", "retryable", "exit_code"),
    [
        (EndpointUnavailable, True, 1),
        (EndpointLimited, True, 1),
        (EndpointDenied, False, 4),
        (EndpointRefused, False, 1),
    ],
)
def test_another_try_helps_only_where_it_can(kind, retryable, exit_code):
    assert (kind.retryable, kind.exit_code) == (retryable, exit_code)


def test_a_locked_store_says_who_holds_it_and_what_to_do():
    failure = StoreLocked(".flowrun/store.db", "`flowrun execute` (process 7)")
    assert isinstance(failure, StorageError)
    assert str(failure) == "store `.flowrun/store.db`: in use by `flowrun execute` (process 7)"
    assert failure.hint and "wait" in failure.hint
    assert failure.exit_code == 6


def test_every_sentence_ends_without_a_stop():
    failures: list[FlowrunError] = [
        BadRequest("expected a number"),
        InvalidSource(report=None, errors=2),
        RunNotFound("r-1"),
        RunConflict("r-1", "is finished"),
        IllegalTransition("run", "completed", "start"),
    ]
    assert [one for one in failures if str(one).endswith(".")] == []


def test_errors_are_counted_in_words():
    assert str(InvalidSource(None, 1)) == "1 error in the flow"
    assert str(InvalidSource(None, 3)) == "3 errors in the flow"
    assert plural(0, "step") == "0 steps"
    assert name_list(["a", "b"]) == "`a`, `b`"

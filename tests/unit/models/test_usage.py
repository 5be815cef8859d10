import pytest

from flowrun.models.usage import read_usage
from flowrun.ports.models import TokenUsage


def test_chat_completions_names():
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    assert read_usage(usage) == TokenUsage(10, 5, 15, 4, 2)


def test_responses_names():
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
    }
    assert read_usage(usage) == TokenUsage(10, 5, 15, 4, 2)


def test_reasoning_tokens_at_the_top_level():
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "reasoning_tokens": 1}
    assert read_usage(usage) == TokenUsage(1, 2, 3, 0, 1)


@pytest.mark.parametrize("nothing", [None, {}, [], "many", {"prompt_tokens": None}])
def test_nothing_said_is_nothing_known(nothing):
    assert read_usage(nothing) is None


def test_details_that_are_null_count_zero():
    usage = {"prompt_tokens": 1, "completion_tokens": 0, "prompt_tokens_details": None}
    assert read_usage(usage) == TokenUsage(1, 0, 1)

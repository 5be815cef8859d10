"""The table of filters and tests against what there is, and each of them at work."""

import pytest

from flowrun.expression.filters import PLAIN_FILTERS, PLAIN_TESTS
from flowrun.expression.words import FILTERS, TESTS

RUNNING = {"default", "d", "map", "select", "reject", "selectattr", "rejectattr"}


def test_every_word_does_something_and_everything_that_is_done_has_a_word():
    assert set(PLAIN_FILTERS) | RUNNING == set(FILTERS)
    assert set(PLAIN_TESTS) | {"defined", "undefined"} == set(TESTS)


@pytest.mark.parametrize("line", [*FILTERS.values(), *TESTS.values()])
def test_a_word_is_described_in_one_sentence(line):
    assert line.endswith(".")
    assert "\n" not in line
    assert len(line) < 100

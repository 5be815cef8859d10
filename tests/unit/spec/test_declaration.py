"""What every declared mapping has in common."""

import pytest
from pydantic import ValidationError

from flowrun.ids import duration_s
from flowrun.spec.flow import Step, Thread, TruncationStrategy


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("1.5s", 1.5), ("5m", 300), ("2h", 7200), ("0s", 0)],
)
def test_durations_are_read_in_seconds(text, seconds):
    assert duration_s(text) == pytest.approx(seconds)


def test_private_keys_are_dropped_and_others_are_not():
    assert Thread.model_validate({"x-note": 1}) == Thread()
    with pytest.raises(ValidationError):
        Thread.model_validate({"note": 1})


def test_declarations_can_be_made_by_field_name_in_code():
    assert Step(tool="t", with_={"a": 1}).with_ == {"a": 1}


def test_a_union_takes_what_its_shape_says():
    assert Step(truncation="auto").truncation == "auto"
    kept = Step(truncation={"type": "last_messages", "last_messages": 3}).truncation
    assert kept == TruncationStrategy(type="last_messages", last_messages=3)
    assert Step(truncation=kept).truncation == kept

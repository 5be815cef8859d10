"""What `Annotated` and `Field` add."""

import pytest

from flowrun.spec.schema_terms import CannotExpress
from tests.support.annotations import read


@pytest.mark.parametrize(
    ("extras", "added"),
    [
        ("'words\\n   words'", {"description": "words words"}),
        (
            "Field(description='words', ge=1, le=9)",
            {"description": "words", "minimum": 1, "maximum": 9},
        ),
        (
            "Field(gt=0, lt=10, multiple_of=2)",
            {"exclusiveMinimum": 0, "exclusiveMaximum": 10, "multipleOf": 2},
        ),
        ("Ge(1)", {"minimum": 1}),
        ("t.Doc('words')", {"description": "words"}),
        ("Field(examples=[1, 2], title='T')", {"examples": [1, 2], "title": "T"}),
        ("Something(3), 'words'", {"description": "words"}),
        ("Field(strict=True, repr=False)", {}),
    ],
)
def test_a_number_is_described_and_bounded(extras, added):
    assert read(f"Annotated[int, {extras}]") == {"type": "integer", **added}


@pytest.mark.parametrize(
    ("annotation", "added"),
    [
        ("Annotated[str, Field(min_length=1, max_length=9)]", {"minLength": 1, "maxLength": 9}),
        ("Annotated[list, Len(1, 9)]", {"minItems": 1, "maxItems": 9}),
        ("Annotated[dict, Field(max_length=9)]", {"maxProperties": 9}),
        ("Annotated[str, StringConstraints(pattern='^a')]", {"pattern": "^a"}),
        ("Annotated[str | None, Field(min_length=1)]", {"minLength": 1}),
    ],
)
def test_sizes_go_by_the_type(annotation, added):
    schema = read(annotation)
    assert {key: one for key, one in schema.items() if key not in {"type", "anyOf"}} == added


def test_a_bound_that_only_running_would_tell_is_refused():
    with pytest.raises(CannotExpress, match="has a `ge` that is not a plain value: `limit\\(\\)`"):
        read("Annotated[int, Field(ge=limit())]")

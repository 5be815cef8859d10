"""From paths to places."""

from flowrun.source.nodes import Scalar
from flowrun.spec.spans import SpanIndex
from tests.support.binding import document

TEXT = """\
name: sample
steps:
  report:
    needs: [one, two]
    with: {path: /tmp}
replies:
  - {say: hello}
"""


def index():
    return SpanIndex(document(TEXT).root)


def shown(span):
    return (span.start.line, span.start.column, span.end.line, span.end.column)


def test_a_value_and_its_key_have_their_own_places():
    assert shown(index().value(("steps", "report", "with", "path"))) == (5, 18, 5, 22)
    assert shown(index().key(("steps", "report", "with", "path"))) == (5, 12, 5, 16)


def test_an_item_has_its_place_and_the_key_of_its_sequence():
    assert shown(index().value(("steps", "report", "needs", 1))) == (4, 18, 4, 21)
    assert shown(index().key(("steps", "report", "needs", 1))) == (4, 5, 4, 10)


def test_what_is_not_there_is_placed_at_the_nearest_key_above():
    for path in (("steps", "report", "tool"), ("steps", "report", "tool", "deeper")):
        assert shown(index().key(path)) == (3, 3, 3, 9)
        assert shown(index().value(path)) == (3, 3, 3, 9)
    assert shown(index().value(("steps", "report", "needs", 7))) == (4, 5, 4, 10)


def test_what_is_not_there_at_the_top_is_placed_at_the_first_key():
    assert shown(index().key(("version",))) == (1, 1, 1, 5)
    assert shown(index().key(())) == (1, 1, 1, 5)


def test_a_mapping_without_a_key_opens_at_its_own_first_key():
    assert shown(index().opening(("replies", 0))) == (7, 6, 7, 9)
    assert shown(index().opening(("steps", "report"))) == (3, 3, 3, 9)
    assert shown(index().opening(("replies", 9))) == (1, 1, 7, 17)


def test_scalars_are_given_for_places_inside_their_text():
    scalar = index().scalar(("name",))
    assert isinstance(scalar, Scalar)
    assert scalar.value == "sample"
    assert index().scalar(("steps",)) is None
    assert index().scalar(("nowhere",)) is None

"""Cutting a line around a token."""

from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.views.diagnostics_excerpt import clip_around
from flowrun.views.text import width


def test_a_line_that_fits_is_not_cut():
    cut = clip_around("key: value", 5, 10, room=40, ascii_only=False)
    assert (cut.text, cut.column, cut.length) == ("key: value", 5, 5)


def test_the_beginning_is_kept_when_the_token_fits_behind_it():
    cut = clip_around("key: value " + "x" * 100, 5, 10, room=30, ascii_only=False)
    assert cut.text.startswith("key: value xx")
    assert cut.text.endswith("…")


def test_both_sides_are_cut_around_a_token_in_the_middle():
    cut = clip_around("x" * 100 + "TOKEN" + "y" * 100, 100, 105, room=30, ascii_only=True)
    assert cut.text.startswith("...x")
    assert cut.text.endswith("y...")
    assert cut.text[cut.column : cut.column + cut.length] == "TOKEN"


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.sampled_from("ab \t日é\u0301\x1b"), max_size=120),
    st.integers(0, 120),
    st.integers(0, 120),
    st.integers(16, 60),
    st.booleans(),
)
def test_whatever_the_line_the_cut_fits_and_the_marks_stand_in_it(line, a, b, room, ascii_only):
    start, end = sorted((min(a, len(line)), min(b, len(line))))
    cut = clip_around(line, start, end, room=room, ascii_only=ascii_only)
    assert width(cut.text) <= room
    assert cut.column >= 0
    assert cut.length >= 1
    assert cut.column + cut.length <= room + 1
    if ascii_only:
        assert cut.text.isascii()

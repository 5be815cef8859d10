"""Variables in texts: forms, types, places, and that values never show in a complaint."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.source.environment import interpolate, misplaced_secrets
from flowrun.source.locate import locate
from flowrun.source.nodes import UNKNOWN, Scalar
from tests.support.yaml_trees import at

CANARY = "canary-5f1e"
ENVIRON = {"HOST": "example.org", "PORT": "080", "EMPTY": "", "LEAK": CANARY, "YES": "true"}


def scalar(written: str) -> Scalar:
    node = at(f"a: {written}", "a")
    assert isinstance(node, Scalar)
    return node


def fill(written: str, *, allow_secrets: bool = False):
    return interpolate(scalar(written), ENVIRON, allow_secrets=allow_secrets)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${HOST}", "example.org"),
        ("http://${HOST}:${PORT}/", "http://example.org:080/"),
        ("${PORT}", 80),
        ('"${PORT}"', "080"),
        ("${YES}", True),
        ("${NOPE:-}", None),
        ("'${NOPE:-}'", ""),
        ("${EMPTY:-default}", "default"),
        ("${EMPTY}x", "x"),
        ("${NOPE:-a b:c-d?e $5}", "a b:c-d?e $5"),
        ("${HOST:?needed}", "example.org"),
        ("${HOST:-other}", "example.org"),
        ("$${HOST}", "${HOST}"),
        ("$$ $HOST $", "$$ $HOST $"),
        ("'^\\d{3}$'", "^\\d{3}$"),
        ("|\n  one ${HOST}\n  two\n", "one example.org\ntwo\n"),
        ("12", 12),
    ],
)
def test_a_variable_is_filled_in(written, value):
    filled, complaints = fill(written)
    assert complaints == ()
    assert filled.value == value
    assert type(filled.value) is type(value)


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        ("x ${NOPE} y", "env/missing", "environment variable `NOPE` is not set"),
        ("x ${NOPE:?ask the team} y", "env/missing", "environment variable `NOPE`: ask the team"),
        ("x ${EMPTY:?ask} y", "env/missing", "environment variable `EMPTY`: ask"),
        ("x ${HOST-a} y", "env/syntax", "`${NAME}`, `${NAME:-default}` or `${NAME:?message}`"),
        ("x ${} y", "env/syntax", "expected"),
        ("x ${1A} y", "env/syntax", "expected"),
        ("x ${HOST", "env/syntax", "`}` expected after `${`"),
        ("x ${NOPE:-${HOST}} y", "env/syntax", "a default cannot hold"),
        ("x ${secret:KEY} y", "secret/not-here", "a secret may not stand here"),
        ("x ${secret:a-b} y", "env/syntax", "expected"),
    ],
)
def test_a_mistake_is_shown_at_the_variable(written, code, said):
    filled, (one,) = fill(written)
    assert one.code == code
    assert said in one.message
    assert one.span.start.column == 6
    assert filled.tag == UNKNOWN


def test_every_mistake_in_a_text_is_shown():
    _, complaints = fill("'${A} ${B:?} ${C'")
    assert [one.span.start.column for one in complaints] == [5, 10, 17]


def test_a_hint_offers_the_colon_that_is_missing():
    _, (one,) = fill("${HOST-a}")
    assert one.hint == "write `${HOST:-...}`, with a colon"
    _, (one,) = fill("${HOTS}")
    assert one.hint == "did you mean `HOST`?"


def test_a_secret_is_left_as_it_is_where_it_may_stand():
    filled, complaints = fill('"Bearer ${secret:KEY} ${HOST}"', allow_secrets=True)
    assert complaints == ()
    assert filled.value == "Bearer ${secret:KEY} example.org"


@pytest.mark.parametrize("written", ['"$${secret:KEY}"', '"${P}secret:KEY}"', '"${P}${Q}"'])
def test_nothing_can_put_a_reference_to_a_secret_together(written):
    environ = {"P": "${", "Q": "secret:KEY}"}
    _, (one,) = interpolate(scalar(written), environ, allow_secrets=True)
    assert one.code == "env/syntax"


def test_a_variable_is_not_looked_into():
    filled, complaints = interpolate(scalar("'${A}'"), {"A": "${B}"}, allow_secrets=False)
    assert (filled.value, complaints) == ("${B}", ())


def test_misplaced_secrets_are_found_in_texts_that_are_left_alone():
    (one,) = misplaced_secrets(scalar("|\n  say ${HOME} and\n  ${secret:KEY}\n"))
    assert (one.code, one.span.start) == ("secret/not-here", (3, 3))
    assert misplaced_secrets(scalar("${HOME}")) == ()


def test_places_around_a_variable_stay_right():
    filled, _ = fill("|\n  one ${HOST} two\n  ${PORT} three\n")
    value = str(filled.value)
    for word, line, column in [("one", 2, 3), ("two", 2, 15), ("three", 3, 11)]:
        span = locate(filled, value.index(word), len(word))
        assert (span.start, span.end) == ((line, column), (line, column + len(word)))
    variable = locate(filled, value.index("ample"), 3)
    assert (variable.start, variable.end) == ((2, 7), (2, 14))


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from("${}:-?AB \\'x"), max_size=40),
    st.dictionaries(st.sampled_from("AB"), st.just(CANARY)),
    st.booleans(),
)
def test_a_value_never_shows_in_a_complaint(text, environ, allow_secrets):
    source = scalar("'" + text.replace("'", "''") + "'")
    filled, complaints = interpolate(source, environ, allow_secrets=allow_secrets)
    for one in complaints:
        assert CANARY not in f"{one.message} {one.hint} {one.label} {one.related}"
    offsets = [offset for offset, _ in filled.content]
    assert offsets == sorted(offsets)
    assert (filled.tag == UNKNOWN) is bool(complaints)

"""What environment variables hold is shown as it was written; unknown values are told of once."""

import pytest

from flowrun.source.conceal import conceal, without_echoes
from flowrun.source.diagnostic import Diagnostic, Label
from flowrun.source.document import Document
from flowrun.source.resolve import resolve_document
from flowrun.source.text import Position, SourceText, Span

CANARY = "Canary Sk_9f8e7d !"
TEXT = "a: ${LEAK}\nb: plain\nc: x${LEAK}y\nd: ${NOPE}\n"


def document(text: str = TEXT) -> Document:
    source = SourceText("f.yaml", text)
    found, _ = resolve_document("f.yaml", lambda path: source, {"LEAK": CANARY, "PORT": "8080"})
    assert found is not None
    return found


def complaint(message: str, line: int, **more: object) -> Diagnostic:
    span = Span("f.yaml", Position(line, 4), Position(line, 6))
    return Diagnostic(code="bind/wrong-value", message=message, span=span, **more)  # type: ignore[arg-type]  # as the tests name them


@pytest.mark.parametrize(
    "shown",
    [
        CANARY,
        CANARY.lower(),
        "canary-sk-9f8e7d",
        "Sk_9f8e7d",
        f"x{CANARY}",
        "[Canary, Sk_9f8e7d, !]",
        "Canary Sk_9f",
    ],
)
def test_a_value_is_shown_as_it_was_written(shown):
    (one,) = conceal([complaint(f"`a` must be a name, found `{shown}`", 1)], document())
    assert one.message == "`a` must be a name, found `${LEAK}`"


def test_what_a_hint_would_tell_is_not_hinted():
    (one,) = conceal([complaint("wrong", 1, hint="write `canary-sk`")], document())
    assert one.hint == "the value is that of `${LEAK}`; correct it there, or write it out"


def test_labels_are_concealed_too():
    place = Span("f.yaml", Position(1, 4), Position(1, 6))
    related = (Label(place, f"`{CANARY}` stands here"),)
    (one,) = conceal([complaint("wrong", 2, label=f"not `{CANARY}`", related=related)], document())
    assert CANARY not in f"{one.label}{one.related}"


def test_other_places_are_left_alone():
    said = "no step `canary` here"
    (one,) = conceal([complaint(said, 2)], document())
    assert one.message == said


def test_a_number_is_concealed():
    (one,) = conceal(
        [complaint("`a` must be a text, found the number `8080`", 1)], document("a: ${PORT}\n")
    )
    assert one.message.endswith("found the number `${PORT}`")


def test_nothing_is_said_again_of_a_value_that_could_not_be_had():
    told = [complaint("not a step", 4), complaint("not a tool", 2)]
    assert [one.message for one in without_echoes(told, document())] == ["not a tool"]

"""The author's words."""

import pytest

from flowrun.spec import wording


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        (True, "`true`"),
        (7, "the number `7`"),
        (1.5, "the number `1.5`"),
        ("a\n b", "the text `a b`"),
        ("", "an empty text"),
        ([1], "a list"),
        ([], "an empty list"),
        ({"a": 1}, "a mapping"),
        ({}, "an empty mapping"),
    ],
)
def test_what_was_found_is_said_without_types_of_python(value, words):
    assert wording.found(value) == words


def test_a_whole_prompt_is_never_shown():
    said = wording.found("word " * 1000)
    assert len(said) < 60
    assert said.endswith("…`")


@pytest.mark.parametrize("value", [True, 7, 1.5, "secret", ["secret"], {"a": "secret"}, None])
def test_the_kind_of_a_value_tells_nothing_of_it(value):
    assert "secret" not in wording.kind_of(value)
    assert "7" not in wording.kind_of(value)


def test_choices_are_in_backticks():
    assert wording.choices("'a', 'b' or 'c'") == "`a`, `b` or `c`"
    assert wording.choice_names("'a', 'b' or 'c'") == ["a", "b", "c"]


def test_limits_have_units():
    assert wording.limit("too_long", {"max_length": 1}, [1, 2]) == ("at most 1 item long", "2")
    assert wording.limit("string_too_short", {"min_length": 3}, "a") == (
        "at least 3 characters long",
        "1",
    )
    assert wording.limit("greater_than", {"gt": 0.0}, 0) == ("more than 0", "the number `0`")
    assert wording.limit("string_type", {}, 0) is None


def test_hints_know_the_traps_of_yaml():
    assert wording.type_hint("bool_type", "off") == "write `false`, without quotes"
    assert wording.type_hint("string_type", False) == 'put it in quotes: `"false"`'
    assert wording.type_hint("int_type", "8080") == "write `8080`, without quotes"
    assert wording.type_hint("list_type", "a") == "write a list: `[a]`"
    assert wording.type_hint("dict_type", "a") is None
    assert wording.type_hint("dict_type", None) == "give it a value, or remove the key"

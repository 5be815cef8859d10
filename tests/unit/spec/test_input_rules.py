"""An input's constraints go with its type, and its default fits them."""

import pytest

from flowrun.spec.bind import bind_flow
from flowrun.spec.input_rules import fits_type
from tests.support.binding import bound, complaints_of, flow_text, the_only_complaint

MISTAKES = {
    "bounds of a text": (
        "{type: string, «minimum»: 3}",
        "bind/unknown-key",
        "input `a` is of type `string` and has no key `minimum`",
    ),
    "length of a number": (
        "{type: integer, «maxLength»: 3}",
        "bind/unknown-key",
        "input `a` is of type `integer` and has no key `maxLength`",
    ),
    "pattern": (
        "{type: string, pattern: «'[a-'»}",
        "bind/wrong-value",
        "`pattern` of input `a` must be a regular expression, found the text `[a-`",
    ),
    "default of another type": (
        "{type: integer, default: «three»}",
        "bind/wrong-value",
        "`default` of input `a` must be a whole number, found the text `three`",
    ),
    "default true for a number": (
        "{type: number, default: «true»}",
        "bind/wrong-value",
        "`default` of input `a` must be a number, found `true`",
    ),
    "default out of bounds": (
        "{type: integer, minimum: 1, default: «0»}",
        "bind/wrong-value",
        "`default` of input `a` must be at least 1, found 0",
    ),
    "default too long": (
        "{type: string, maxLength: 3, default: «four»}",
        "bind/wrong-value",
        "`default` of input `a` must be at most 3 characters long, found 4",
    ),
    "default that is no choice": (
        "{type: string, enum: [red, blue], default: «green»}",
        "bind/wrong-value",
        "`default` of input `a` must be one of `red`, `blue`, found the text `green`",
    ),
    "no choices": (
        "{type: string, enum: «[]»}",
        "bind/wrong-value",
        "`enum` of input `a` must list a value, found an empty list",
    ),
    "choice of another type": (
        "{type: string, enum: [red, «7»]}",
        "bind/wrong-value",
        "item 2 of `enum` of input `a` must be a text, found the number `7`",
    ),
}


@pytest.mark.parametrize(("declared", "code", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_once_at_its_place(declared, code, message):
    complaint = the_only_complaint(flow_text(f"inputs: {{a: {declared}}}"), bind_flow)
    assert (complaint.code, complaint.message) == (code, message)


def test_sound_inputs_are_accepted():
    text = """\
inputs:
  city: {type: string, default: Paris, minLength: 1, maxLength: 80, pattern: "^[A-Z]"}
  days: {type: integer, minimum: 1, maximum: 9, default: 3}
  share: {type: number, minimum: 0, default: 0.5}
  on: {type: boolean, default: false}
  tags: {type: array, items: {type: string}, default: []}
  who: {type: object, properties: {name: {type: string}}, required: [name], default: {name: x}}
"""
    assert complaints_of(text) == []


def test_a_wrong_default_leaves_the_input_known():
    flow, _ = bound("inputs: {a: {type: integer, default: x}}")
    assert flow.flow.inputs["a"].type == "integer"
    assert "default" not in flow.flow.inputs["a"].model_fields_set
    assert not flow.lost("inputs", "a")


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        ("string", "", 1),
        ("integer", 1, 1.0),
        ("integer", -1, True),
        ("number", 1.5, False),
        ("boolean", True, 1),
        ("array", [], {}),
        ("object", {}, []),
    ],
)
def test_types_are_those_of_json(kind, yes, no):
    assert fits_type(yes, kind)
    assert not fits_type(no, kind)

"""Which names are there."""

import pytest

from tests.support.flows import check_body

BODY = """inputs:
  l: {{type: array, items: {{type: object, properties: {{a: {{type: string}}}}}}}}
tools:
  t: {{shell: [echo, "{shell}"], parameters: {{x: {{default: 1}}, y: {{default: 1}}}}}}
assistants: {{g: {{model: m, instructions: "{instructions}"}}}}
threads: {{h: {{key: "k{key}"}}}}
steps:
  first: {{assistant: g, thread: h, message: "{{{{ inputs.l }}}}"}}
  bare: {{tool: t, with: {{x: "{bare}"}}}}
  loop:
    foreach: "{foreach}"
    if: "{condition}"
    tool: t
    with: {{x: "{{{{ item.a }}}}", y: "{{{{ [index, item] }}}}"}}
    repeat: {{until: "index > 1 and item.a and steps.loop.output", max: 3}}
  said: {{foreach: inputs.l, assistant: g, message: "{{{{ item.a }}}} {{{{ index }}}}"}}
  asked: {{foreach: inputs.l, ask: {{message: "{{{{ item.a }}}}?"}}}}
  kept: {{foreach: inputs.l, set: {{x: "{{{{ item.a }}}}", y: {{z: "{{{{ index }}}}"}}}}}}
outputs:
  o: "{outputs}"
"""
SOUND = {
    "shell": "x",
    "instructions": "x",
    "key": "x",
    "bare": "x",
    "foreach": "inputs.l",
    "condition": "inputs.l",
    "outputs": "x",
}


def lines(**parts):
    found = check_body(BODY.format(**{**SOUND, **parts})).lines
    return [one for one in found if "lint/" not in one]


def test_item_and_index_are_there_inside_of_foreach():
    assert not lines()


@pytest.mark.parametrize(
    ("part", "text", "hint"),
    [
        ("shell", "{{ item }}", "give it to the tool as an argument and write `args.NAME`"),
        ("instructions", "{{ item }}", "say it in the step's `message`"),
        ("key", "{{ index }}", "say it in the step's `message`"),
        ("bare", "{{ item }}", "add `foreach:` to step `bare`"),
        ("foreach", "item.list", "write an expression for the list itself"),
        ("condition", "item.a", "choose items in the list itself: `foreach: LIST | select(...)`"),
        ("outputs", "{{ item }}", "name a step"),
    ],
)
def test_they_are_not_in_scope_elsewhere(part, text, hint):
    (one,) = [line for line in lines(**{part: text}) if "not-in-scope" in line]
    assert hint in one


def test_an_item_has_the_fields_of_the_list_s_schema():
    body = BODY.format(**SOUND).replace("{{ item.a }}?", "{{ item.nope }}?")
    (one,) = check_body(body).lines
    assert "ref/unknown-field `item` has no field `nope` | known: `a`" in one
    assert "its shape is declared here" in one


def test_a_misspelt_foreach_is_not_reported_through_its_items():
    body = BODY.format(**SOUND).replace("asked: {foreach:", "asked: {forech:")
    assert check_body(body).codes == ["bind/unknown-key"]


def test_a_loop_in_the_text_has_items_of_its_own():
    assert not lines(bare="{% for item in inputs.l %}{{ item.a }}{{ loop.index }}{% endfor %}")

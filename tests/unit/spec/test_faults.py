"""Complaints of the models become words; nothing of the library shows."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError

from flowrun.spec import wording
from flowrun.spec.faults import complaints, fault_of, key_hint
from flowrun.spec.flow import Flow, Retry, Step
from flowrun.spec.flow_rules import FLOW_GRAMMAR
from flowrun.spec.grammar import Grammar, written_keys
from flowrun.spec.project import PROJECT_GRAMMAR
from flowrun.spec.replies import REPLIES_GRAMMAR
from tests.support.binding import FORBIDDEN

WRONG = (None, True, -7, 1.5, "", "No Such Thing", [], [[]], {}, {"No Such Key": {"a": 1}})
"""One of each kind; every place of every file is given each."""


def places(schema: dict, definitions: dict) -> Iterator[tuple]:
    """Yield the path of every key a file can have, names and items stood for by one."""
    target = schema.get("$ref", "")
    if target and not target.endswith("JsonValue"):
        yield from places(definitions[target.rpartition("/")[2]], definitions)
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from places(option, definitions)
    for key, value in schema.get("properties", {}).items():
        yield (key,)
        yield from ((key, *rest) for rest in places(value, definitions))
    for value in schema.get("patternProperties", {}).values():
        yield ("name",)
        yield from (("name", *rest) for rest in places(value, definitions))
    if isinstance(schema.get("additionalProperties"), dict):
        yield ("name",)
        more = places(schema["additionalProperties"], definitions)
        yield from (("name", *rest) for rest in more)
    if isinstance(schema.get("items"), dict):
        yield (0,)
        yield from ((0, *rest) for rest in places(schema["items"], definitions))


def built(path: tuple, value: object) -> object:
    for part in reversed(path):
        value = [value] if part == 0 else {part: value}
    return value


@pytest.mark.parametrize(
    "grammar", [FLOW_GRAMMAR, PROJECT_GRAMMAR, REPLIES_GRAMMAR], ids=["flow", "project", "replies"]
)
def test_no_mistake_anywhere_is_told_in_a_library_s_words(grammar: Grammar):
    schema = grammar.model.model_json_schema(by_alias=True)
    every = sorted(set(places(schema, schema["$defs"])), key=str)
    assert len(every) > 20
    for path in every:
        for value in WRONG:
            for fault in faults(grammar, grammar.model, built(path, value)):
                said = f"{fault.message} {fault.hint or ''} {fault.label}"
                assert not [word for word in FORBIDDEN if word in said], said
                assert "a value that fits" not in said, fault
                assert fault.code.startswith("bind/")


def faults(grammar: Grammar, model: type[BaseModel], value: object):
    try:
        model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        return [fault_of(one, grammar) for one in complaints(error)]
    return []


def test_tags_of_shapes_are_no_part_of_a_path():
    value = {"tools": {"t": {"env": {"PIN": 1}}}}
    paths = [one.path for one in faults(FLOW_GRAMMAR, Flow, value)]
    assert ("tools", "t", "env", "PIN") in paths


def test_a_neighbour_s_word_is_translated_only_where_ours_is_a_key():
    assert key_hint("prompt", frozenset(("message", "thread"))) == "did you mean `message`?"
    assert key_hint("prompt", frozenset(("key",))) == "known: `key`"


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("when", "if"),
        ("loop", "foreach"),
        ("for_each", "foreach"),
        ("depends_on", "needs"),
        ("retries", "retry"),
        ("until", "repeat"),
    ],
)
def test_words_of_other_programs_for_control_flow_are_known(word, ours):
    assert key_hint(word, written_keys(Step)) == f"did you mean `{ours}`?"


def test_a_neighbour_s_word_can_mean_two_things_at_two_places():
    assert key_hint("retries", written_keys(Retry)) == "did you mean `attempts`?"


def test_many_keys_are_not_listed():
    many = frozenset(f"key_{number}" for number in range(20))
    assert key_hint("zzz", many) == "`flowrun schema` shows every key there is"


def test_every_type_of_complaint_about_types_has_words():
    assert wording.wrong_type("int_from_float") == "a whole number"
    assert wording.wrong_type("literal_error") is None

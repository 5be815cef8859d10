"""Identifiers and the canonical text of JSON."""

import re

import pytest

from flowrun.ids import (
    IDENTIFIER,
    NAME,
    RUN_ID,
    canonical_json,
    derive,
    digest,
    mint,
    mint_run_id,
    ordered_json,
)


def test_minted_ids_have_the_shape_of_the_assistants_api():
    assert re.fullmatch(r"asst_[A-Za-z0-9]{24}", mint("asst_"))
    assert mint("run_") != mint("run_")


def test_run_ids_can_be_read_aloud_and_are_accepted_back():
    minted = mint_run_id("weather-report")
    assert re.fullmatch(r"weather-report-[2-9a-hjkmnp-z]{8}", minted)
    assert RUN_ID.match(minted)


def test_derived_ids_depend_on_every_part_and_on_nothing_else():
    assert derive("msg_", "run", "step") == derive("msg_", "run", "step")
    assert derive("msg_", "run", "step") != derive("msg_", "runs", "tep")
    assert re.fullmatch(r"msg_[A-Za-z0-9]{24}", derive("msg_", "run"))


def test_equal_values_have_one_text():
    assert canonical_json({"b": [1, None], "a": "é"}) == '{"a":"é","b":[1,null]}'
    assert canonical_json({"a": 1, "b": 2}) == canonical_json({"b": 2, "a": 1})
    assert len(digest("x")) == 64


def test_keys_can_keep_their_order():
    assert ordered_json({"b": [1, None], "a": "é"}) == '{"b":[1,null],"a":"é"}'


@pytest.mark.parametrize("text_of", [canonical_json, ordered_json])
def test_half_a_surrogate_pair_is_escaped(text_of):
    assert text_of({"a": "\ud800é"}) == r'{"a":"\ud800\u00e9"}'


@pytest.mark.parametrize("name", ["a", "trip-report", "a_1"])
def test_names_are_accepted(name):
    assert NAME.match(name)


@pytest.mark.parametrize("name", ["", "A", "1a", "-a", "a b", "a\n", "ä"])
def test_other_texts_are_no_names(name):
    assert not NAME.match(name)


def test_identifiers_stand_in_expressions():
    assert IDENTIFIER.match("get_weather")
    assert not IDENTIFIER.match("get-weather")


@pytest.mark.parametrize("run_id", ["", ".hidden", "../up", "a" * 129, "a\n"])
def test_run_ids_are_safe_as_file_names(run_id):
    assert not RUN_ID.match(run_id)

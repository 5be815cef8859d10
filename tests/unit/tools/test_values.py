"""What a function returns becomes JSON and text; what it raises becomes a sentence."""

import dataclasses
import datetime
import enum
import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from flowrun.tools.redaction import Redactor
from flowrun.tools.values import Unsayable, describe, say


class Colour(enum.StrEnum):
    RED = "red"


@dataclasses.dataclass
class Place:
    name: str
    colour: Colour


class Report(BaseModel):
    place: Place
    on: datetime.date


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError


def said(value, *, secrets=(), max_output=1000):
    redactor = Redactor()
    for one in secrets:
        redactor.add(one)
    return say(value, redactor, max_output)


@pytest.mark.parametrize(
    ("returned", "value", "text"),
    [
        ("plain ä", "plain ä", "plain ä"),
        (None, None, "null"),
        ({"a": [1, 2.5, True]}, {"a": [1, 2.5, True]}, '{"a":[1,2.5,true]}'),
        (Colour.RED, "red", "red"),
        ({1, 2}, [1, 2], "[1,2]"),
        (Path("/a/b"), "/a/b", "/a/b"),
        (
            Report(place=Place("Köln", Colour.RED), on=datetime.date(2026, 11, 20)),
            {"place": {"name": "Köln", "colour": "red"}, "on": "2026-11-20"},
            '{"place":{"name":"Köln","colour":"red"},"on":"2026-11-20"}',
        ),
    ],
)
def test_values_become_json_and_text(returned, value, text):
    found = said(returned)
    assert (found.value, found.text) == (value, text)
    assert json.loads(json.dumps(found.value)) == value
    assert type(found.value) in {str, dict, list, type(None)}


@pytest.mark.parametrize("returned", [object(), float("nan"), b"\xff", "\ud800", {"a": "\udfff"}])
def test_what_json_cannot_say_is_refused(returned):
    with pytest.raises(Unsayable):
        said(returned)


def test_what_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(Unsayable):
        said(endless)


def test_the_text_is_cut_and_the_value_is_not():
    found = said("x" * 50, max_output=10)
    assert found.text == "x" * 10 + "\n… truncated 40 bytes"
    assert found.value == "x" * 50


def test_secrets_are_masked_before_the_cut():
    found = said({"t": "abc-hunter2"}, secrets=["hunter2"], max_output=12)
    assert found.value == {"t": "abc-***"}
    assert "hun" not in found.text


def test_an_exception_is_one_bounded_line():
    assert describe(ValueError("no\n  such city")) == "ValueError: no such city"
    assert describe(KeyError()) == "KeyError"
    assert describe(Unspeakable()) == "Unspeakable"
    assert len(describe(ValueError("x" * 9000))) < 2100
    group = ExceptionGroup("several", [ValueError("a"), TypeError("b")])
    assert describe(group) == "ExceptionGroup: ValueError: a; TypeError: b"

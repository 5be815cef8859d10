"""What the checker accepts of typed mappings can be called, on every Python there is."""

import pytest

from flowrun.ports.tools import ToolSucceeded
from flowrun.source.text import SourceText
from flowrun.spec.signature import Signature, read_signature
from tests.support.tool_runs import python

MODULE = """
from __future__ import annotations
import typing_extensions
from dataclasses import dataclass
from datetime import date
from typing import NotRequired, Optional, Required, TypedDict

class Stay(TypedDict):
    place: str
    nights: NotRequired[int]

class Loose(TypedDict, total=False):
    since: Required[date]
    note: str

class Booking(Loose):
    stays: list[Stay]

class Tree(TypedDict):
    name: str
    branches: list[Tree]

class Newer(typing_extensions.TypedDict):
    place: str

@dataclass
class Trip:
    stay: Stay
"""

STAY = {"place": "Oslo"}


@pytest.mark.parametrize("postponed", [True, False])
@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        ("Stay", STAY, "{'place': 'Oslo'}"),
        ("Stay", {**STAY, "nights": 2.0}, "{'place': 'Oslo', 'nights': 2}"),
        ("Optional[Stay]", None, "None"),
        ("dict[str, Stay]", {"a": STAY}, "{'a': {'place': 'Oslo'}}"),
        (
            "Booking",
            {"since": "2026-11-20", "stays": [STAY]},
            "{'since': datetime.date(2026, 11, 20), 'stays': [{'place': 'Oslo'}]}",
        ),
        (
            "Tree",
            {"name": "a", "branches": [{"name": "b", "branches": []}]},
            "{'name': 'a', 'branches': [{'name': 'b', 'branches': []}]}",
        ),
        ("Trip", {"stay": STAY}, "Trip(stay={'place': 'Oslo'})"),
        ("Newer", STAY, "{'place': 'Oslo'}"),
    ],
)
def test_a_typed_mapping_is_a_parameter(project, annotation, value, said, postponed):
    module = MODULE + f"\ndef show(v: {annotation}) -> str:\n    return repr(v)\n"
    if not postponed:
        module = module.replace("from __future__ import annotations", "").replace(
            "list[Tree]", "list['Tree']"
        )
    project.write("typed.py", module)
    signature = read_signature(SourceText("typed.py", module), "show")
    assert isinstance(signature, Signature), signature
    tool = python("show", "typed", parameters=signature.parameters)
    assert project.call(tool, v=value) == ToolSucceeded(value=said, text=said)

"""Unquoted scalars by the YAML 1.2 core schema."""

import pytest

from tests.support.yaml_trees import load


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("12:30", "12:30"),
        ("190:20:30", "190:20:30"),
        ("2024-01-01", "2024-01-01"),
        ("010", 10),
        ("-7", -7),
        ("+7", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1.10", 1.1),
        (".5", 0.5),
        ("6.", 6.0),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("1e999", "1e999"),
        ("null", None),
        ("~", None),
        ("", None),
        ("nULL", "nULL"),
        ("true", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("'12'", "12"),
        ('"null"', "null"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!float 3", 3),
        ("! 12", "12"),
        ("=", "="),
        ("<<", "<<"),
        ("1" * 5000, "1" * 5000),
    ],
)
def test_a_scalar_is_read_by_the_yaml_1_2_core_schema(written, value):
    found = load(f"a: {written}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_float():
    found = load("a: .nan")["a"]
    assert found != found

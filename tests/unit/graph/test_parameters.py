"""Short and long `parameters`."""

import pytest

from flowrun.graph.parameters import expand, faults, is_long, names, schema_paths


def test_the_short_form_is_an_object_schema_without_other_arguments():
    short = {"a": {"type": "string"}, "b": {"type": "integer", "default": 1}}
    assert expand(short) == {
        "type": "object",
        "properties": short,
        "required": ["a"],
        "additionalProperties": False,
    }
    assert names(short) == ("a", "b")


def test_the_long_form_is_itself():
    long = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert expand(long) is long
    assert is_long(long)
    assert names(long) == ("a",)
    assert schema_paths(long) == (((), long),)
    assert expand({"type": "object"}) == {"type": "object", "properties": {}}


def test_nothing_takes_no_arguments():
    assert expand(None)["properties"] == {}
    assert expand({})["additionalProperties"] is False


def test_a_parameter_may_be_called_type():
    short = {"type": {"type": "string"}}
    assert not is_long(short)
    assert expand(short)["required"] == ["type"]
    assert not faults(short)


@pytest.mark.parametrize(
    ("written", "path", "hint"),
    [
        ({"a": "string"}, ("a",), "write `{type: string}`"),
        ({"a": "sting"}, ("a",), "did you mean `string`?"),
        ({"a": 5}, ("a",), "write `{type: string}`, for example"),
        ({"a b": {}}, ("a b",), "choose another name"),
        ({"type": "object", "properties": {"a-b": {}}}, ("properties", "a-b"), None),
    ],
)
def test_what_is_wrong_has_a_place(written, path, hint):
    (one,) = faults(written)
    assert one.path == path
    assert hint is None or one.hint == hint


def test_a_bare_schema_is_told_apart():
    one = faults({"type": "string"})[0]
    assert "found the type `string`" in one.message

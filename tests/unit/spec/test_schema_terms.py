"""What the readers of annotations share."""

import ast

import pytest

from flowrun.source.text import SourceText
from flowrun.spec.annotation import AnnotationReader
from flowrun.spec.python_module import parse_module
from flowrun.spec.schema_terms import choice_schema, literal_keywords


@pytest.mark.parametrize(
    ("values", "schema"),
    [
        (["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        ([True, False], {"type": "boolean", "enum": [True, False]}),
        ([1, 2], {"type": "integer", "enum": [1, 2]}),
        ([0.5], {"type": "number", "enum": [0.5]}),
        ([None], {"type": "null", "enum": [None]}),
        (["a", 1], {"enum": ["a", 1]}),
        ([["a"], ["b"]], {"enum": [["a"], ["b"]]}),
    ],
)
def test_a_choice_has_the_type_that_all_choices_share(values, schema):
    assert choice_schema(values) == schema


def test_keywords_that_only_running_would_tell_are_left_out():
    reader = AnnotationReader(parse_module(SourceText("m.py", "")))
    call = ast.parse("f(a=1, b=g(), c=['x'])", mode="eval").body
    assert isinstance(call, ast.Call)
    assert literal_keywords(call, reader) == {"a": 1, "c": ["x"]}

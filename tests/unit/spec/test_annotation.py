"""From annotations to schemas, for the types that tools are written with."""

import pytest

from flowrun.source.text import SourceText
from flowrun.spec.annotation import AnnotationReader
from flowrun.spec.python_module import parse_module
from flowrun.spec.schema_terms import CannotExpress
from tests.support.annotations import HEADER, read


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("str", {"type": "string"}),
        ("int", {"type": "integer"}),
        ("float", {"type": "number"}),
        ("bool", {"type": "boolean"}),
        ("None", {"type": "null"}),
        ("Any", {}),
        ("t.Any", {}),
        ("object", {}),
        ("list", {"type": "array"}),
        ("dict", {"type": "object"}),
        ("list[str]", {"type": "array", "items": {"type": "string"}}),
        ("t.List[int]", {"type": "array", "items": {"type": "integer"}}),
        ("Sequence[int]", {"type": "array", "items": {"type": "integer"}}),
        ("tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        (
            "tuple[int, str]",
            {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
            },
        ),
        ("set[str]", {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
        ("dict[str, int]", {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("Mapping[str, Any]", {"type": "object", "additionalProperties": {}}),
        (
            "dict[Literal['a', 'b'], int]",
            {
                "type": "object",
                "additionalProperties": {"type": "integer"},
                "propertyNames": {"type": "string", "enum": ["a", "b"]},
            },
        ),
        ("Literal['a', 'b']", {"type": "string", "enum": ["a", "b"]}),
        ("Literal[1, 2]", {"type": "integer", "enum": [1, 2]}),
        ("Literal['a', 1, None]", {"enum": ["a", 1, None]}),
        ("Literal[Literal['a'], 'b']", {"type": "string", "enum": ["a", "b"]}),
        ("Optional[int]", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ("int | None", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ("t.Union[int, str]", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ("int | int", {"type": "integer"}),
        ("int | Any", {}),
        (
            "Optional[int | str]",
            {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
        ),
        ("'int'", {"type": "integer"}),
        ("list['str | None']", {"type": "array", "items": read("str | None")}),
        ("Annotated[int, 'how many']", {"type": "integer", "description": "how many"}),
        ("date", {"type": "string", "format": "date"}),
        ("Path", {"type": "string", "format": "path"}),
        ("Unit", {"type": "string", "enum": ["C", "F"]}),
        ("UserId", {"type": "integer"}),
    ],
)
def test_types_have_schemas(annotation, schema):
    assert read(annotation) == schema


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ("bytes", "has the type `bytes`, which cannot be read from this file"),
        ("numpy.array", "has the type `numpy.array`, which cannot be read from this file"),
        ("Unknown", "has the type `Unknown`, which cannot be read from this file"),
        ("Callable[[int], str]", "has the type `Callable[…]`, which cannot be read from this file"),
        ("dict[int, str]", "has a mapping whose keys are `int`, and keys are texts"),
        ("dict[str]", "has a mapping without the types of keys and values"),
        ("Literal[b'x']", "has the choice `b'x'`, which is no plain value"),
        ("Literal[Shade.DARK]", "has the choice `Shade.DARK`, which is no plain value"),
        ("t.Collection", "has the type `t.Collection`, which cannot be read from this file"),
        ("t.Final[int]", "has the type `t.Final[…]`, which cannot be read from this file"),
        ("'int |'", "has the annotation `int |`, which is no type"),
        ("f()", "has the annotation `f()`, which is no type"),
        ("5", "has the annotation `5`, which is no type"),
        ("function", "has the function `function` for a type"),
    ],
)
def test_what_has_no_schema_is_refused_in_plain_words(annotation, message):
    with pytest.raises(CannotExpress) as caught:
        read(annotation)
    assert str(caught.value) == message


def test_classes_that_contain_themselves_are_shared():
    text = HEADER + "class Tree(TypedDict):\n    children: list['Tree']\n"
    reader = AnnotationReader(parse_module(SourceText("m.py", text)))
    reference = {"$ref": "#/$defs/Tree"}
    tree = reader.module.defined["Tree"]
    assert reader.schema(tree.body[0].annotation.slice) == reference
    assert reader.definitions["Tree"]["properties"] == {
        "children": {"type": "array", "items": reference}
    }


def test_aliases_that_never_end_are_refused():
    text = HEADER + "".join(f"A{number} = list[A{number + 1}]\n" for number in range(60))
    with pytest.raises(CannotExpress, match="nested too deeply"):
        read("A0", text)

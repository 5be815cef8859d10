"""Classes of the same module as schemas."""

import pytest

from flowrun.spec.schema_terms import CannotExpress
from tests.support.annotations import read_class


def test_an_enum_is_a_choice():
    assert read_class("class Thing(Enum):\n    '''Words.'''\n    A = 'a'\n    B = 'b'\n") == {
        "type": "string",
        "enum": ["a", "b"],
        "description": "Words.",
    }
    assert read_class("class Thing(StrEnum):\n    RED = auto()\n    BLUE = auto()\n")["enum"] == [
        "red",
        "blue",
    ]
    assert read_class("class Thing(enum.Enum):\n    A = enum.auto()\n    B = auto()\n")["enum"] == [
        1,
        2,
    ]
    assert read_class("class Thing(str, Enum):\n    _ignore_ = 'x'\n    A = 'a'\n")["enum"] == ["a"]


def test_a_typed_mapping_knows_what_is_required():
    text = """
class Base(TypedDict, total=False):
    note: Required[str]
    more: int
class Thing(Base):
    '''Words.

    Args:
        name: Who.
    '''
    name: str
    tags: NotRequired[list[str]]
"""
    assert read_class(text) == {
        "type": "object",
        "properties": {
            "note": {"type": "string"},
            "more": {"type": "integer"},
            "name": {"type": "string", "description": "Who."},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["note", "name"],
        "additionalProperties": False,
        "description": "Words.",
    }


def test_a_dataclass_has_its_fields_and_their_defaults():
    text = """
@dataclass
class Base:
    kind: ClassVar[str] = "x"
    first: int
@dataclass(frozen=True)
class Thing(Base):
    _: KW_ONLY
    second: str = "b"
    third: list[int] = field(default_factory=list)
    fourth: int = field(default=4)
    fifth: int = field(init=False)
    sixth: int = field()
"""
    schema = read_class(text)
    assert list(schema["properties"]) == ["first", "second", "third", "fourth", "sixth"]
    assert schema["required"] == ["first", "sixth"]
    assert schema["properties"]["second"] == {"type": "string", "default": "b"}
    assert schema["properties"]["fourth"]["default"] == 4
    assert "default" not in schema["properties"]["third"]


def test_a_model_goes_by_its_outer_names():
    text = """
class Base(BaseModel):
    model_config = ConfigDict(extra="allow")
class Thing(Base):
    count: int = Field(alias="n", ge=1)
    name: str = Field("x", description="Who.")
    must: str = Field(..., max_length=3)
    also: int = Field(default_factory=int)
    _hidden: int = 3
"""
    schema = read_class(text)
    assert schema == {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1},
            "name": {"type": "string", "description": "Who.", "default": "x"},
            "must": {"type": "string", "maxLength": 3},
            "also": {"type": "integer"},
        },
        "required": ["n", "must"],
    }


def test_a_field_said_again_replaces_the_one_above():
    text = """
@dataclass
class Base:
    a: int
@dataclass
class Thing(Base):
    a: str = "x"
"""
    schema = read_class(text)
    assert schema["properties"] == {"a": {"type": "string", "default": "x"}}
    assert "required" not in schema


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "class Thing: pass\n",
            "has the class `Thing` for a type, which JSON cannot be turned into",
        ),
        ("class Thing(Enum): pass\n", "has the type `Thing`, which has no choices"),
        (
            "class Thing(Enum):\n    A = f()\n",
            "has the choice `Thing.A`, whose value is not a plain one",
        ),
        (
            "class Thing(BaseModel):\n    model_config = ConfigDict(alias_generator=str.upper)\n",
            "has the class `Thing` for a type, whose names are made when it runs",
        ),
        (
            "@dataclass\nclass Thing:\n    a: bytes\n",
            "has the type `bytes`, which cannot be read from this file",
        ),
    ],
)
def test_other_classes_are_refused_in_plain_words(text, message):
    with pytest.raises(CannotExpress) as caught:
        read_class(text)
    assert str(caught.value) == message


def test_auto_counts_on_from_the_highest_choice():
    assert read_class("class Thing(Enum):\n    A = 5\n    B = auto()\n")["enum"] == [5, 6]


def test_a_dataclass_asks_for_a_private_name_without_a_default():
    text = "@dataclass\nclass Thing:\n    a: int\n    _b: int\n    _c: int = 3\n"
    assert read_class(text)["required"] == ["a", "_b"]
    assert list(read_class(text)["properties"]) == ["a", "_b"]


def test_an_alias_may_stand_in_the_annotation():
    text = "class Thing(BaseModel):\n    a: Annotated[int, Field(gt=0, alias='from')]\n"
    assert list(read_class(text)["properties"]) == ["from"]

"""A Python tool's face to a model, without running any of its code."""

import jsonschema_rs
import pytest

from flowrun.source.text import SourceText
from flowrun.spec.signature import Signature, SignatureProblem, read_signature
from tests.support.binding import FORBIDDEN
from tests.support.repository import ROOT

WEATHER = '''
"""Tools about the weather."""
from typing import Annotated, Literal
from pydantic import Field

raise SystemExit("this module must not be run")

@cached
async def get_current_weather(
    location: str,
    unit: Literal["celsius", "fahrenheit"] = "celsius",
    *,
    days: Annotated[int, Field(ge=1, description="How many days.")] = 3,
    near: list[str] | None = None,
) -> dict[str, float]:
    """Tell the weather of a place,
    today.

    Longer words.

    Args:
        location: City and country.
        days: Not this.
    """
'''


def signature(text, name="f", declared=None):
    return read_signature(SourceText("tools.py", text), name, declared)


def problem(text, name="f", declared=None) -> SignatureProblem:
    found = signature(text, name, declared)
    assert isinstance(found, SignatureProblem), found
    for said in (found.message, found.hint or ""):
        assert not [word for word in FORBIDDEN if word in said]
        assert not said.endswith(".")
    return found


def test_a_function_is_described_by_its_text_alone():
    assert signature(WEATHER, "get_current_weather") == Signature(
        description="Tell the weather of a place, today.",
        parameters={
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "City and country."},
                "unit": {
                    "type": "string",
                    "enum": ["celsius", "fahrenheit"],
                    "default": "celsius",
                },
                "days": {
                    "type": "integer",
                    "description": "How many days.",
                    "minimum": 1,
                    "default": 3,
                },
                "near": {
                    "anyOf": [
                        {"type": "array", "items": {"type": "string"}},
                        {"type": "null"},
                    ],
                    "default": None,
                },
            },
            "required": ["location"],
            "additionalProperties": False,
        },
        result={"type": "object", "additionalProperties": {"type": "number"}},
        is_async=True,
    )


def test_a_function_without_parameters_takes_none():
    found = signature("def f() -> None: ...")
    assert found.parameters == {"type": "object", "properties": {}, "additionalProperties": False}
    assert found.result == {"type": "null"}
    assert not found.is_async
    assert found.description == ""


@pytest.mark.parametrize("returns", ["", " -> Any", " -> np.array", " -> 'broken |'", " -> object"])
def test_a_result_that_cannot_be_known_is_not_a_problem(returns):
    found = signature(f"from typing import Any\ndef f(){returns}: ...")
    assert isinstance(found, Signature)
    assert found.result is None


def test_a_default_that_only_running_would_tell_makes_a_parameter_optional():
    found = signature("import os\ndef f(a: str = os.getcwd(), b: int = Field(ge=1)): ...")
    assert found.parameters["properties"]["a"] == {"type": "string"}
    assert "required" not in found.parameters


def test_a_field_without_a_default_is_required():
    found = signature("from pydantic import Field\ndef f(a: int = Field(ge=1)): ...")
    assert found.parameters["required"] == ["a"]
    assert found.parameters["properties"]["a"] == {"type": "integer", "minimum": 1}


def test_classes_that_contain_themselves_make_a_sound_schema():
    text = "class T(TypedDict):\n    kids: list['T']\ndef f(a: T) -> T: ...\n"
    text = f"from typing import TypedDict\n{text}"
    found = signature(text)
    validator = jsonschema_rs.validator_for(dict(found.parameters))
    assert validator.is_valid({"a": {"kids": [{"kids": []}]}})
    assert not validator.is_valid({"a": {"kids": [{"kids": 3}]}})
    assert jsonschema_rs.validator_for(dict(found.result)).is_valid({"kids": []})


PROBLEMS = {
    "unknown": (
        "def forecast(): ...\ndef _f(): ...",
        "unknown-function",
        "`tools.py` must define the function `f`, found none",
        "known: `forecast`",
    ),
    "class": (
        "class f: ...",
        "signature",
        "`f` is a class",
        "write a function that makes a `f` and name that",
    ),
    "lambda": (
        "f = lambda x: x",
        "signature",
        "`f` is a lambda, which has no types",
        "write it as `def f(…):`",
    ),
    "value": ("f = partial(g, 1)", "signature", "`f` is no function", "write it as `def f(…):`"),
    "imported": (
        "from weather import forecast as f",
        "signature",
        "`f` is imported from `weather`, not defined here",
        "name the module that defines it: `weather:forecast`",
    ),
    "no annotation": (
        "def f(a): ...",
        "signature",
        "`f` must say the type of parameter `a`, found none",
        "write `a: str`, or write `parameters` in the flow",
    ),
    "any number": (
        "def f(*rest: int): ...",
        "signature",
        "`f` must name every parameter, found `*rest`",
        None,
    ),
    "any names": (
        "def f(**options: int): ...",
        "signature",
        "`f` must name every parameter, found `**options`",
        None,
    ),
    "by position": (
        "def f(a: int, /): ...",
        "signature",
        "`f` must take its parameters by name, found `a` before `/`",
        "remove the `/`",
    ),
    "generator": (
        "def f():\n    for one in x:\n        yield one",
        "signature",
        "`f` must return its result, found `yield`",
        None,
    ),
    "foreign type": (
        "import numpy as np\ndef f(a: np.ndarray): ...",
        "signature",
        (
            "`f` has a parameter `a` that has the type `np.ndarray`, "
            "which cannot be read from this file"
        ),
        None,
    ),
    "not Python": (
        "x = 1\ndef f(:\n",
        "signature",
        "`tools.py` line 2 is not valid Python: invalid syntax",
        "correct the file",
    ),
}


@pytest.mark.parametrize(("text", "kind", "message", "hint"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_cannot_be_a_tool_is_said_with_what_to_do(text, kind, message, hint):
    found = problem(text)
    assert (found.kind, found.message) == (kind, message)
    assert found.hint
    assert hint is None or found.hint == hint


def test_a_near_name_is_offered():
    assert problem("def get_weather(): ...", "get_wether").hint == "did you mean `get_weather`?"


def test_a_problem_has_its_place_in_the_module():
    span = problem("x = 'é'; \n\ndef f(ok: int, né, b): ...").span
    assert str(span) == "tools.py:3:16"
    assert span.end.column == 18
    assert str(problem("x = 1\ndef f(:\n").span).startswith("tools.py:2:")
    assert str(problem("\nclass f: ...").span) == "tools.py:2:7"


def test_a_function_inside_may_yield():
    assert isinstance(signature("def f():\n    def g():\n        yield 1\n    return g"), Signature)


DECLARED = {"type": "object", "properties": {"title": {}, "questions": {}}, "required": ["title"]}


def test_a_declared_schema_needs_no_annotations():
    found = signature(
        "def f(title, questions, *, chatty=True):\n    '''Quiz.'''", declared=DECLARED
    )
    assert found.parameters == DECLARED
    assert found.description == "Quiz."
    assert isinstance(signature("def f(**anything): ...", declared=DECLARED), Signature)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "def f(title, question=None): ...",
            "`f` must have a parameter for each of `parameters`, found none for `questions`",
            "did you mean `question`?",
        ),
        (
            "def f(title, questions, answers): ...",
            "`f` needs `answers`, which `parameters` must name and does not",
            "add them to `parameters`, or give them defaults",
        ),
        (
            "def f(title, /, questions): ...",
            "`f` must take its parameters by name, found `title` before `/`",
            "remove the `/`",
        ),
    ],
)
def test_a_declared_schema_is_held_to_the_parameters(text, message, hint):
    found = problem(text, declared=DECLARED)
    assert (found.message, found.hint) == (message, hint)


def test_the_tools_of_the_repository_are_read():
    text = (ROOT / "flows" / "weather_tools.py").read_text("utf-8")
    found = signature(text, "get_current_weather")
    assert isinstance(found, Signature)
    assert found.description
    assert found.result


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f():\n    return 1\ndel f\n", "must define the function `f`"),
        ("if __name__ == '__main__':\n    def f(): ...\n", "must define the function `f`"),
        ("def f(): ...\nreturn 3\n", "line 2 is not valid Python: 'return' outside function"),
        (
            "import typing as t\nif t.TYPE_CHECKING:\n    import Path\ndef f(a: 'Path'): ...\n",
            "has the type `Path`",
        ),
        ("def f(): return '\udce9'\n", "line 1 is not valid Python: UTF-8 text expected"),
    ],
)
def test_what_would_not_be_there_when_it_is_loaded(text, said):
    assert said in problem(text).message


@pytest.mark.parametrize("annotation", ["Nope", "'Nope'", "Plain"])
def test_a_declared_parameter_whose_type_nothing_can_become(annotation):
    text = f"class Plain: ...\ndef f(a: {annotation}): ...\n"
    declared = {"type": "object", "properties": {"a": {}}}
    assert "has a parameter `a` that has the" in problem(text, declared=declared).message


@pytest.mark.parametrize(
    "text",
    [
        "from other import Nope\ndef f(a: Nope): ...\n",
        "from other import *\ndef f(a: Nope): ...\n",
        "def f(a: bytes): ...\n",
        "Nope = make()\ndef f(a: Nope): ...\n",
    ],
)
def test_a_declared_parameter_whose_type_may_do_is_let_be(text):
    declared = {"type": "object", "properties": {"a": {}}}
    assert isinstance(signature(text, declared=declared), Signature)


@pytest.mark.parametrize(
    "parameter",
    [
        "idempotency_key: str",
        "idempotency_key: str = ''",
        "idempotency_key: str | None = None",
        "idempotency_key: Optional[str] = None",
        "idempotency_key: 'str'",
        "idempotency_key=None",
        "*, idempotency_key: Annotated[str, 'of the call']",
    ],
)
def test_the_idempotency_key_is_no_argument(parameter):
    text = f"from typing import Annotated, Optional\ndef f(a: int, {parameter}): ..."
    found = signature(text)
    assert found.parameters == {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    declared = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert signature(text, declared=declared).parameters == declared


@pytest.mark.parametrize("type_", ["int", "int | str", "list[str]", "Missing", "object"])
def test_a_key_that_no_text_fits_is_refused(type_):
    found = problem(f"def f(idempotency_key: {type_}): ...")
    assert found.message == (
        f"`f` must take `idempotency_key`, which flowrun gives, as `str`, found `{type_}`"
    )
    assert found.span.start.column == 7


def test_a_key_that_the_flow_names_is_refused():
    declared = {"type": "object", "properties": {"idempotency_key": {"type": "string"}}}
    found = problem("def f(idempotency_key: str): ...", declared=declared)
    assert found.message == "`f` is given `idempotency_key` by flowrun, and `parameters` names it"
    assert isinstance(signature("def f(**rest): ...", declared=declared), Signature)

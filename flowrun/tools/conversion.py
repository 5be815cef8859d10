"""From JSON arguments to what a function's annotations ask for.

Annotations are read once, when the tool is loaded, so that one that nothing can be converted to is
known before any model is asked.
"""

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Protocol, TypeAlias, cast

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import ArgsKwargs

from flowrun.ids import JsonValue
from flowrun.tools.arguments import CannotLoad, DoesNotFit, argument_at
from flowrun.tools.invocation import KEY_PARAMETER
from flowrun.tools.modules import ProjectModules
from flowrun.tools.stdout import ToolOutput
from flowrun.tools.typed_dicts import make_convertible
from flowrun.tools.values import describe

Function: TypeAlias = Callable[..., object]
Call: TypeAlias = tuple[tuple[object, ...], dict[str, object]]
Converter: TypeAlias = Callable[[dict[str, JsonValue]], Call]
"""Turns JSON arguments into positional and named ones, the function's own defaults included.

It raises `DoesNotFit`, and whatever validators of the author's own classes raise.
"""

_COMPLAINTS_MAX = 5
_PLAIN: frozenset[object] = frozenset(
    (str, int, float, bool, object, "str", "int", "float", "bool")
)
_LAZY: type = type(TypeAdapter(Iterable[object]).validate_python(()))
"""What an `Iterable` becomes: it converts its items as they are asked for, and is empty then."""
_NO_SCHEMA = re.compile(r"Unable to generate pydantic-core schema for (?:<class ')?(.+?)(?:'>)?\. ")


def converter_of(
    function: Function, entrypoint: str, *, given: Sequence[str] | None, modules: ProjectModules
) -> Converter:
    """Return what converts a function's arguments; it does not call the function.

    Args:
        function: Its annotations are resolved in its own module.
        entrypoint: What it is called, for problems.
        modules: Those that the function comes from.
        given: The only arguments there will be; annotations of others are nobody's concern. None
            when there may be any.

    Raises:
        CannotLoad: names the parameter whose annotation is of no use.
    """
    written = getattr(function, "__annotations__", {})
    annotations = {
        name: written.get(name, object) if _is_given(name, given) else object
        for name in inspect.signature(function).parameters
    }
    make_convertible(modules.take_fresh())
    try:
        adapter = _adapter(function, annotations)
    except Exception as error:  # reading them runs the author's own code
        problem = _problem(function, entrypoint, annotations, error)
        raise CannotLoad(modules.public(problem)) from error

    # Validators of the author's own classes may print; built-in types have none.
    is_plain = all(isinstance(one, str | type) and one in _PLAIN for one in annotations.values())
    guard = nullcontext if is_plain else ToolOutput

    def convert(arguments: dict[str, JsonValue]) -> Call:
        if not annotations and not arguments:
            return (), {}
        try:
            with guard():
                call = adapter.validate_python(ArgsKwargs((), arguments))
                return call if is_plain else _lasting(call)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            said = [
                _complaint(one["type"], one["loc"], one["msg"]) for one in details[:_COMPLAINTS_MAX]
            ]
            raise DoesNotFit("; ".join(said)) from error

    return convert


def _is_given(name: str, given: Sequence[str] | None) -> bool:
    return name != KEY_PARAMETER and (given is None or name in given)


def _lasting(call: Call) -> Call:
    """Return the call with lists for what could be gone through only once."""
    args, kwargs = call
    return args, {
        name: list(cast("Iterable[object]", one)) if type(one) is _LAZY else one
        for name, one in kwargs.items()
    }


class _Adapter(Protocol):
    """What `collect` becomes: its validation returns what it returns."""

    def validate_python(self, value: object, /) -> Call: ...


def _adapter(function: Function, annotations: Mapping[str, object]) -> _Adapter:
    @functools.wraps(function)
    def collect(*args: object, **kwargs: object) -> Call:
        return args, kwargs

    collect.__annotations__ = dict(annotations)
    # A function is a type to the adapter, though not to type checkers.
    return cast("_Adapter", TypeAdapter(cast("type[Call]", collect)))


def _problem(
    function: Function, entrypoint: str, annotations: Mapping[str, object], error: Exception
) -> str:
    for name, one in annotations.items():
        try:
            _adapter(function, {**dict.fromkeys(annotations, object), name: one})
        except Exception as its_own:  # noqa: BLE001  # as above
            return f"`{entrypoint}` has a parameter `{name}` whose type {_reason(its_own)}"
    return f"`{entrypoint}` has a signature that {_reason(error)}"


def _reason(error: Exception) -> str:
    no_schema = _NO_SCHEMA.match(str(error))
    if no_schema is not None:
        return f"is `{no_schema[1]}`, which JSON cannot become"
    said = error.message if isinstance(error, PydanticUserError) else describe(error)
    return f"cannot be used: {said.rstrip('.')}"


def _complaint(kind: str, place: tuple[int | str, ...], said: str) -> str:
    match kind:
        case "missing_argument" | "missing_keyword_only_argument":
            return f"{argument_at(place)} is required"
        case "unexpected_keyword_argument":
            return f"{argument_at(place)} is not known"
        case _:
            return f"{argument_at(place)}: {said[:1].lower()}{said[1:]}"

"""Let pydantic convert to `typing.TypedDict` on Python 3.11.

From 3.12 on it does so by itself. Before, it wants the class of `typing_extensions`, which tells
more about its fields; an author need not know that, so one is made from the other. pydantic asks
a class for its schema by a method of a fixed name, which is where the other class is handed over:
wherever the class stands, in a list or in a field of a dataclass, it is then found.
"""

import sys
import types
import typing
from collections.abc import Callable, Iterable
from typing import TypeAlias

import typing_extensions
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

_Hook: TypeAlias = Callable[[object, GetCoreSchemaHandler], CoreSchema]
_HOOK = "__get_pydantic_core_schema__"


def make_convertible(modules: Iterable[types.ModuleType]) -> None:
    """Prepare the typed mappings that modules name at their top level."""
    if sys.version_info >= (3, 12):
        return
    for module in modules:
        for one in list(vars(module).values()):
            if typing.is_typeddict(one) and type(one).__module__ == "typing":
                _prepare(one)


def _prepare(declared: type) -> None:
    if _HOOK in vars(declared):
        return
    made: list[object] = []

    def hook(_: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        if not made:  # once, so that a class that contains itself comes to an end
            made.append(_twin(declared))
        return handler.generate_schema(made[0])

    setattr(declared, _HOOK, staticmethod(hook))


def _twin(declared: type) -> object:
    """Return the same typed mapping as `typing_extensions` makes it."""
    required: frozenset[str] = getattr(declared, "__required_keys__", frozenset())
    fields = {
        name: _marked(hint, required=name in required)
        for name, hint in typing.get_type_hints(declared, include_extras=True).items()
    }
    make = typing_extensions.TypedDict
    return make(declared.__name__, fields)  # type: ignore[operator]  # fields known when run


def _marked(hint: object, *, required: bool) -> object:
    """Return a field's type with a mark; one that it has already is the author's word."""
    if typing.get_origin(hint) in {typing.Required, typing.NotRequired}:
        return hint
    return typing.Required[hint] if required else typing.NotRequired[hint]

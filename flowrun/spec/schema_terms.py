"""What the readers of annotations share: a schema, a refusal, and each other's face."""

import ast
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from flowrun.ids import JsonValue
from flowrun.spec.python_module import PythonModule

Schema: TypeAlias = dict[str, JsonValue]


class CannotExpress(Exception):
    """No schema can be read; the message completes "parameter `x` ..." or "the result ..."."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class SchemaReader(Protocol):
    """Reads the annotations of one module."""

    @property
    def module(self) -> PythonModule:
        """The module that is read."""
        ...

    def schema(self, node: ast.expr) -> Schema:
        """Return the schema of an annotation.

        Raises:
            CannotExpress: there is none, or it cannot be known without running code.
        """
        ...

    def name_of(self, node: ast.expr) -> str:
        """Return the full name of an expression, names that mean the same made equal."""
        ...


def choice_schema(values: Sequence[JsonValue]) -> Schema:
    """Return the schema of a closed choice, with the type that all choices share, if they do."""
    kinds = {type(one) for one in values}
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    if len(kinds) == 1 and (kind := names.get(kinds.pop())):
        return {"type": kind, "enum": list(values)}
    return {"enum": list(values)}


def literal_keywords(call: ast.Call, reader: SchemaReader) -> dict[str, JsonValue]:
    """Return the keyword arguments of a call that are plain values; leave the others out."""
    plain: dict[str, JsonValue] = {}
    for one in call.keywords:
        try:
            plain[one.arg or ""] = reader.module.literal(one.value)
        except ValueError:
            continue
    return plain

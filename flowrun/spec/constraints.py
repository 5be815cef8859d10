"""What `Annotated` and `Field` add to a schema: a description, bounds, a pattern."""

import ast
from collections.abc import Mapping, Sequence

from flowrun.ids import JsonValue
from flowrun.spec.schema_terms import CannotExpress, Schema, SchemaReader

_KEYWORDS: Mapping[str, str] = {
    "description": "description",
    "title": "title",
    "examples": "examples",
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
}

_POSITIONAL: Mapping[str, tuple[str, ...]] = {
    "annotated_types.Ge": ("ge",),
    "annotated_types.Gt": ("gt",),
    "annotated_types.Le": ("le",),
    "annotated_types.Lt": ("lt",),
    "annotated_types.MultipleOf": ("multiple_of",),
    "annotated_types.MinLen": ("min_length",),
    "annotated_types.MaxLen": ("max_length",),
    "annotated_types.Len": ("min_length", "max_length"),
    "annotated_types.Interval": (),
    "pydantic.StringConstraints": (),
    "pydantic.Field": (),
    "typing.Doc": ("description",),
    "annotated_doc.Doc": ("description",),
}
"""Calls that say something, and what their positional arguments are."""

_SIZES: Mapping[str, Mapping[str, str]] = {
    "string": {"min_length": "minLength", "max_length": "maxLength"},
    "array": {"min_length": "minItems", "max_length": "maxItems"},
    "object": {"min_length": "minProperties", "max_length": "maxProperties"},
}


def described(schema: Schema, extras: Sequence[ast.expr], reader: SchemaReader) -> Schema:
    """Return the schema with what the metadata of an annotation add.

    Metadata that are meant for others are passed over, as `Annotated` wants it.

    Raises:
        CannotExpress: a bound or a description is not written as a plain value.
    """
    complete = dict(schema)
    for one in extras:
        match one:
            case ast.Constant(value=str() as text):
                complete["description"] = " ".join(text.split())
            case ast.Call(func=func) if (name := reader.name_of(func)) in _POSITIONAL:
                complete.update(_said(one, _POSITIONAL[name], complete, reader))
    return complete


def is_field(node: ast.expr | None, reader: SchemaReader) -> bool:
    """Tell whether an expression is a call of pydantic's `Field`."""
    return isinstance(node, ast.Call) and reader.name_of(node.func) == "pydantic.Field"


def _said(
    call: ast.Call, positional: Sequence[str], schema: Schema, reader: SchemaReader
) -> Schema:
    given = dict(zip(positional, call.args, strict=False))
    given.update({one.arg: one.value for one in call.keywords if one.arg})
    said: Schema = {}
    for keyword, node in given.items():
        target = _KEYWORDS.get(keyword) or _SIZES.get(_kind(schema), {}).get(keyword)
        if target is not None:
            value = _value(keyword, node, reader)
            if value is not None:
                said[target] = " ".join(str(value).split()) if keyword == "description" else value
    return said


def _value(keyword: str, node: ast.expr, reader: SchemaReader) -> JsonValue:
    try:
        return reader.module.literal(node)
    except ValueError:
        message = f"has a `{keyword}` that is not a plain value: `{ast.unparse(node)}`"
        raise CannotExpress(message, "write the value itself") from None


def _kind(schema: Schema) -> str:
    options = schema.get("anyOf")
    if isinstance(options, list):
        kinds = {str(one.get("type")) for one in options if isinstance(one, dict)} - {"null"}
        return kinds.pop() if len(kinds) == 1 else ""
    return str(schema.get("type"))

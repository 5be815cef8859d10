"""From a class of the same module to a schema: choices, dataclasses, typed mappings, models."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flowrun.ids import JsonValue
from flowrun.spec.constraints import described, is_field
from flowrun.spec.docstring import read_docstring
from flowrun.spec.python_module import assignments
from flowrun.spec.schema_terms import (
    CannotExpress,
    Schema,
    SchemaReader,
    choice_schema,
    literal_keywords,
)

_ENUMS = frozenset(("enum.Enum", "enum.StrEnum", "enum.IntEnum"))
_TYPED_DICTS = frozenset(("typing.TypedDict",))
_MODELS = frozenset(("pydantic.BaseModel",))
_DATACLASSES = frozenset(("dataclasses.dataclass", "pydantic.dataclasses.dataclass"))
_NOT_FIELDS = frozenset(("typing.ClassVar", "dataclasses.KW_ONLY"))


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    annotation: ast.expr
    default: ast.expr | None
    required: bool


def read_class(node: ast.ClassDef, reader: SchemaReader) -> Schema:
    """Return the schema of a class.

    Raises:
        CannotExpress: the class is of no kind that JSON can be turned into.
    """
    if _derives(node, _ENUMS, reader):
        return _enum(node, reader)
    if _derives(node, _TYPED_DICTS, reader):
        return _object(node, list(_typed_fields(node, reader)), reader)
    if _derives(node, _MODELS, reader) or _is_dataclass(node, reader):
        _refuse_made_names(node, reader)
        return _object(node, list(_fields(node, reader)), reader)
    raise CannotExpress(
        f"has the class `{node.name}` for a type, which JSON cannot be turned into",
        f"make `{node.name}` a dataclass, a `TypedDict` or an `Enum`",
    )


def _bases(node: ast.ClassDef, reader: SchemaReader) -> Iterator[ast.ClassDef]:
    for one in node.bases:
        found = reader.module.defined.get(one.id) if isinstance(one, ast.Name) else None
        if isinstance(found, ast.ClassDef) and found is not node:
            yield found


def _derives(node: ast.ClassDef, names: frozenset[str], reader: SchemaReader) -> bool:
    if any(reader.name_of(one) in names for one in node.bases):
        return True
    return any(_derives(one, names, reader) for one in _bases(node, reader))


def _is_dataclass(node: ast.ClassDef, reader: SchemaReader) -> bool:
    calls = (one.func if isinstance(one, ast.Call) else one for one in node.decorator_list)
    if any(reader.name_of(one) in _DATACLASSES for one in calls):
        return True
    adds_fields = any(True for _ in _annotated_names(node, reader))
    return not adds_fields and any(_is_dataclass(one, reader) for one in _bases(node, reader))


def _enum(node: ast.ClassDef, reader: SchemaReader) -> Schema:
    textual = any(reader.name_of(one) == "enum.StrEnum" for one in node.bases)
    values: list[JsonValue] = []
    for name, value in assignments(node.body):
        if name.startswith("_"):
            continue
        if isinstance(value, ast.Call) and reader.name_of(value.func) == "enum.auto":
            values.append(name.lower() if textual else _next_number(values))
            continue
        try:
            values.append(reader.module.literal(value))
        except ValueError:
            message = f"has the choice `{node.name}.{name}`, whose value is not a plain one"
            raise CannotExpress(message) from None
    if not values:
        raise CannotExpress(f"has the type `{node.name}`, which has no choices")
    return {**choice_schema(values), **_description(node)}


def _next_number(values: list[JsonValue]) -> int:
    """Return what `auto` makes of a choice: one more than the highest so far."""
    return 1 + max([one for one in values if isinstance(one, int)], default=0)


def _description(node: ast.ClassDef) -> Schema:
    said = read_docstring(ast.get_docstring(node)).description
    return {"description": said} if said else {}


def _typed_fields(node: ast.ClassDef, reader: SchemaReader) -> Iterator[_Field]:
    for base in _bases(node, reader):
        yield from _typed_fields(base, reader)
    total = not any(
        one.arg == "total" and isinstance(one.value, ast.Constant) and one.value.value is False
        for one in node.keywords
    )
    for name, annotation, _ in _annotated_names(node, reader):
        marker = _marker(annotation, reader)
        required = total if marker is None else marker == "typing.Required"
        yield _Field(name, annotation, None, required)


def _marker(annotation: ast.expr, reader: SchemaReader) -> str | None:
    if isinstance(annotation, ast.Subscript):
        name = reader.name_of(annotation.value)
        return name if name in {"typing.Required", "typing.NotRequired"} else None
    return None


def _fields(node: ast.ClassDef, reader: SchemaReader) -> Iterator[_Field]:
    for base in _bases(node, reader):
        yield from _fields(base, reader)
    for name, annotation, value in _annotated_names(node, reader):
        required = not _has_default(value, reader)
        # A model keeps such names to itself; a dataclass asks for them like for any other.
        is_private = name.startswith("_") and not (required and _is_dataclass(node, reader))
        if not is_private and _is_settable(value, reader):
            yield _Field(name, annotation, value, required)


def _annotated_names(
    node: ast.ClassDef, reader: SchemaReader
) -> Iterator[tuple[str, ast.expr, ast.expr | None]]:
    for statement in node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
                if reader.name_of(outer) not in _NOT_FIELDS:
                    yield name, annotation, value
            case _:
                pass


def _is_settable(value: ast.expr | None, reader: SchemaReader) -> bool:
    if isinstance(value, ast.Call) and reader.name_of(value.func) == "dataclasses.field":
        return literal_keywords(value, reader).get("init") is not False
    return True


def _has_default(value: ast.expr | None, reader: SchemaReader) -> bool:
    if value is None or _is_ellipsis(value):
        return False
    if isinstance(value, ast.Call) and _is_field_call(value, reader):
        named = {one.arg: one.value for one in value.keywords}
        given = value.args[0] if value.args else named.get("default")
        return "default_factory" in named or (given is not None and not _is_ellipsis(given))
    return True


def _default_of(value: ast.expr | None, reader: SchemaReader) -> ast.expr | None:
    if isinstance(value, ast.Call):
        if not _is_field_call(value, reader):
            return None
        named = {one.arg: one.value for one in value.keywords}
        return value.args[0] if value.args else named.get("default")
    return value


def _is_field_call(value: ast.Call, reader: SchemaReader) -> bool:
    return reader.name_of(value.func) in {"dataclasses.field", "pydantic.Field"}


def _is_ellipsis(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is Ellipsis


def _object(node: ast.ClassDef, fields: list[_Field], reader: SchemaReader) -> Schema:
    said = read_docstring(ast.get_docstring(node)).parameters
    properties: dict[str, JsonValue] = {}
    required: dict[str, None] = {}
    for one in fields:  # a field declared again below replaces the one above
        name = _outer_name(one, reader)
        properties[name] = field_schema(one.annotation, one.default, reader, said.get(one.name))
        required.pop(name, None)
        if one.required:
            required[name] = None
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    if not _takes_extras(node, reader):
        schema["additionalProperties"] = False
    return {**schema, **_description(node)}


def field_schema(
    annotation: ast.expr, default: ast.expr | None, reader: SchemaReader, said: str | None
) -> Schema:
    """Return the schema of a field or a parameter, its description and its default included.

    Args:
        annotation: Its type.
        default: What it is set to where it is declared; may be a call of `Field`.
        reader: Of the module.
        said: What the docstring says of it; the annotation's own words come first.

    Raises:
        CannotExpress: see `SchemaReader.schema`.
    """
    schema = reader.schema(annotation)
    if default is not None and is_field(default, reader):
        schema = described(schema, [default], reader)
    if said and "description" not in schema:
        schema["description"] = said
    value = _default_of(default, reader)
    if value is not None and not _is_ellipsis(value):
        try:
            schema["default"] = reader.module.literal(value)
        except ValueError:
            return schema  # there is one, and only running the module would tell which
    return schema


def is_required(default: ast.expr | None, reader: SchemaReader) -> bool:
    """Tell whether a field or parameter must be given."""
    return not _has_default(default, reader)


def _outer_name(one: _Field, reader: SchemaReader) -> str:
    said = [*_metadata(one.annotation, reader), *([one.default] if one.default else [])]
    for call in reversed(said):
        if isinstance(call, ast.Call) and is_field(call, reader):
            plain = literal_keywords(call, reader)
            alias = plain.get("validation_alias", plain.get("alias"))
            if isinstance(alias, str):
                return alias
    return one.name


def _metadata(annotation: ast.expr, reader: SchemaReader) -> list[ast.expr]:
    """Return what `Annotated` says besides the type."""
    match annotation:
        case ast.Subscript(value=origin, slice=ast.Tuple(elts=[_, *said])):
            return said if reader.name_of(origin) == "typing.Annotated" else []
        case _:
            return []


def _refuse_made_names(node: ast.ClassDef, reader: SchemaReader) -> None:
    config = dict(assignments(node.body)).get("model_config")
    named = [one.arg for one in config.keywords] if isinstance(config, ast.Call) else []
    if "alias_generator" in named:
        raise CannotExpress(
            f"has the class `{node.name}` for a type, whose names are made when it runs",
            f"write the names of `{node.name}` as they are, without `alias_generator`",
        )
    for base in _bases(node, reader):
        _refuse_made_names(base, reader)


def _takes_extras(node: ast.ClassDef, reader: SchemaReader) -> bool:
    configured: Mapping[str, ast.expr] = dict(assignments(node.body))
    config = configured.get("model_config")
    if isinstance(config, ast.Call):
        return literal_keywords(config, reader).get("extra") == "allow"
    return any(_takes_extras(base, reader) for base in _bases(node, reader))

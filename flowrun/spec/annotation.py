"""From a Python annotation, read as text, to the JSON Schema of the values it admits."""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from flowrun.ids import JsonValue, canonical_json
from flowrun.spec.class_schema import read_class
from flowrun.spec.constraints import described
from flowrun.spec.python_module import FunctionNode, PythonModule
from flowrun.spec.schema_terms import CannotExpress, Schema, choice_schema

_DEEPEST = 40

_SIMPLE: Mapping[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "object": {},
    "typing.Any": {},
    "list": {"type": "array"},
    "tuple": {"type": "array"},
    "set": {"type": "array", "uniqueItems": True},
    "frozenset": {"type": "array", "uniqueItems": True},
    "dict": {"type": "object"},
    "pydantic.JsonValue": {},
    "datetime.datetime": {"type": "string", "format": "date-time"},
    "datetime.date": {"type": "string", "format": "date"},
    "datetime.time": {"type": "string", "format": "time"},
    "datetime.timedelta": {"type": "string", "format": "duration"},
    "uuid.UUID": {"type": "string", "format": "uuid"},
    "pathlib.Path": {"type": "string", "format": "path"},
    "decimal.Decimal": {"anyOf": [{"type": "number"}, {"type": "string"}]},
}

_SAME: Mapping[str, str] = {
    "List": "list",
    "Sequence": "list",
    "MutableSequence": "list",
    "Iterable": "list",
    "Tuple": "tuple",
    "Set": "set",
    "AbstractSet": "set",
    "MutableSet": "set",
    "FrozenSet": "frozenset",
    "Dict": "dict",
    "Mapping": "dict",
    "MutableMapping": "dict",
}
"""Names of `typing` and `collections.abc` that mean a built-in type here."""

_HOMES = ("typing.", "typing_extensions.", "collections.abc.")


@dataclass(slots=True)
class AnnotationReader:
    """Reads the annotations of one module; collects what must be shared under `$defs`."""

    module: PythonModule
    definitions: dict[str, Schema] = field(default_factory=dict)
    """Schemas of classes that contain themselves."""
    _open: list[str] = field(default_factory=list)
    _recursive: set[str] = field(default_factory=set)

    def schema(self, node: ast.expr) -> Schema:
        """Return the schema of an annotation.

        Raises:
            CannotExpress: there is none, or it cannot be known without running code.
        """
        match node:
            case ast.Constant(value=None):
                return {"type": "null"}
            case ast.Constant(value=str() as text):
                return self.schema(_parsed(text))
            case ast.BinOp(op=ast.BitOr()):
                return _union(self, _members(node))
            case ast.Subscript(value=origin, slice=inner):
                return self._generic(origin, inner)
            case ast.Name() | ast.Attribute():
                return self._named(node)
            case _:
                pass
        raise CannotExpress(f"has the annotation `{ast.unparse(node)}`, which is no type")

    def name_of(self, node: ast.expr) -> str:
        """Return the full name of an expression, names that mean the same made equal."""
        name = self.module.qualified(node) or ast.unparse(node)
        for home in _HOMES:
            if name.startswith(home):
                short = name.removeprefix(home)
                return _SAME.get(short, f"typing.{short}")
        return name

    def _named(self, node: ast.Name | ast.Attribute) -> Schema:
        if isinstance(node, ast.Name) and node.id in self.module.defined:
            return self._own(node.id)
        name = self.name_of(node)
        if name in _SIMPLE:
            return dict(_SIMPLE[name])
        raise CannotExpress(
            f"has the type `{ast.unparse(node)}`, which cannot be read from this file",
            "use types of the language or classes of the same file, or write `parameters` "
            "in the flow",
        )

    def _own(self, name: str) -> Schema:
        if name in self._open:
            self._recursive.add(name)
            return {"$ref": f"#/$defs/{name}"}
        if name in self.definitions:
            return {"$ref": f"#/$defs/{name}"}
        self._open.append(name)
        try:
            schema = self._open_own(name)
        finally:
            self._open.pop()
        if name not in self._recursive:
            return schema
        self.definitions[name] = schema
        return {"$ref": f"#/$defs/{name}"}

    def _open_own(self, name: str) -> Schema:
        found = self.module.defined[name]
        if len(self._open) > _DEEPEST:
            raise CannotExpress(f"has the type `{name}`, which is nested too deeply")
        if isinstance(found, ast.ClassDef):
            return read_class(found, self)
        if isinstance(found, FunctionNode):
            raise CannotExpress(f"has the function `{name}` for a type")
        if isinstance(found, ast.Call) and self.name_of(found.func) == "typing.NewType":
            return self.schema(found.args[1])
        return self.schema(found)

    def _generic(self, origin: ast.expr, inner: ast.expr) -> Schema:
        name = self.name_of(origin)
        items = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
        read = _GENERICS.get(name)
        if read is None:
            raise CannotExpress(
                f"has the type `{ast.unparse(origin)}[…]`, which cannot be read from this file",
                "use types of the language, or write `parameters` in the flow",
            )
        return read(self, items)


def _union(reader: AnnotationReader, members: Sequence[ast.expr]) -> Schema:
    schemas = {canonical_json(one): one for one in map(reader.schema, members)}
    flat: dict[str, JsonValue] = {}
    for text, one in schemas.items():
        inner = one["anyOf"] if set(one) == {"anyOf"} else None
        if isinstance(inner, list):
            flat.update((canonical_json(part), part) for part in inner)
        else:
            flat[text] = one
    if "{}" in flat:
        return {}
    options = list(flat.values())
    if len(schemas) == 1:
        return next(iter(schemas.values()))
    return {"anyOf": options}


def _optional(reader: AnnotationReader, items: list[ast.expr]) -> Schema:
    return _union(reader, [items[0], ast.Constant(value=None)])


def _array(reader: AnnotationReader, items: list[ast.expr]) -> Schema:
    return {"type": "array", "items": reader.schema(items[0])}


def _set(reader: AnnotationReader, items: list[ast.expr]) -> Schema:
    return {"type": "array", "items": reader.schema(items[0]), "uniqueItems": True}


def _tuple(reader: AnnotationReader, items: list[ast.expr]) -> Schema:
    if len(items) == 2 and isinstance(items[1], ast.Constant) and items[1].value is Ellipsis:
        return _array(reader, items)
    size = len(items)
    parts: list[JsonValue] = [reader.schema(one) for one in items]
    fixed: Schema = {"type": "array", "minItems": size, "maxItems": size}
    return {**fixed, "prefixItems": parts} if parts else fixed


def _mapping(reader: AnnotationReader, items: list[ast.expr]) -> Schema:
    if len(items) != 2:
        raise CannotExpress("has a mapping without the types of keys and values")
    key = reader.schema(items[0])
    if key.get("type") != "string":
        raise CannotExpress(
            f"has a mapping whose keys are `{ast.unparse(items[0])}`, and keys are texts",
            "use `str` for the keys",
        )
    value = reader.schema(items[1])
    names: Schema = {"propertyNames": key} if "enum" in key else {}
    return {"type": "object", "additionalProperties": value, **names}


def _literal(reader: AnnotationReader, items: list[ast.expr]) -> Schema:
    values: list[JsonValue] = []
    for one in items:
        nested = one.slice if isinstance(one, ast.Subscript) else None
        if nested is not None:
            parts = list(nested.elts) if isinstance(nested, ast.Tuple) else [nested]
            inner = _literal(reader, parts)["enum"]
            values.extend(inner if isinstance(inner, list) else [])
            continue
        try:
            values.append(_plain_choice(reader, one))
        except ValueError:
            raise CannotExpress(
                f"has the choice `{ast.unparse(one)}`, which is no plain value"
            ) from None
    return choice_schema(values)


def _plain_choice(reader: AnnotationReader, node: ast.expr) -> JsonValue:
    """Return a choice; a member of an `Enum` proper is one only for whoever has the class."""
    match node:
        case ast.Attribute(value=ast.Name(id=name)):
            owner = reader.module.defined.get(name)
            if isinstance(owner, ast.ClassDef) and all(
                reader.name_of(base) == "enum.Enum" for base in owner.bases
            ):
                raise ValueError(name)
        case _:
            pass
    return reader.module.literal(node)


def _annotated(reader: AnnotationReader, items: list[ast.expr]) -> Schema:
    return described(reader.schema(items[0]), items[1:], reader)


def _inner(reader: AnnotationReader, items: list[ast.expr]) -> Schema:
    return reader.schema(items[0])


_GENERICS: Mapping[str, Callable[[AnnotationReader, list[ast.expr]], Schema]] = {
    "list": _array,
    "tuple": _tuple,
    "set": _set,
    "frozenset": _set,
    "dict": _mapping,
    "typing.Literal": _literal,
    "typing.Optional": _optional,
    "typing.Union": _union,
    "typing.Annotated": _annotated,
    "typing.Required": _inner,
    "typing.NotRequired": _inner,
    "typing.ReadOnly": _inner,
}


def _parsed(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise CannotExpress(f"has the annotation `{text}`, which is no type") from None


def _members(node: ast.expr) -> Sequence[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_members(node.left), *_members(node.right)]
    return [node]

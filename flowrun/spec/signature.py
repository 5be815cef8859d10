"""A Python tool's face to a model, read from its module's text: nothing is imported or run."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from flowrun.errors import name_list
from flowrun.ids import JsonObject, JsonValue
from flowrun.source.diagnostic import suggest
from flowrun.source.text import Position, SourceText, Span
from flowrun.spec.annotation import AnnotationReader
from flowrun.spec.class_schema import field_schema, is_required
from flowrun.spec.docstring import read_docstring
from flowrun.spec.python_module import Defined, FunctionNode, PythonModule, parse_module
from flowrun.spec.schema_terms import CannotExpress

KEY_PARAMETER = "idempotency_key"
"""Name of a parameter that flowrun gives, not the model: equal for all tries of one call."""

_OWN_SCHEMA = "or write `parameters` in the flow"


@dataclass(frozen=True, slots=True)
class Signature:
    """A function as a tool."""

    description: str
    """First paragraph of the docstring, on one line; may be empty."""
    parameters: JsonObject
    """JSON Schema of the arguments, an object schema; what flowrun itself gives is not among
    them."""
    result: JsonObject | None
    """JSON Schema of what it returns, where the annotation says so; None when nothing is known."""
    is_async: bool


@dataclass(frozen=True, slots=True)
class SignatureProblem:
    """Why a function cannot be a tool."""

    kind: Literal["unknown-function", "signature"]
    message: str
    hint: str | None = None
    span: Span | None = None
    """The place in the module, where there is one."""


class _Refused(Exception):
    """Carries a problem to `read_signature`; never leaves this module."""

    def __init__(self, message: str, hint: str | None = None, node: ast.AST | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.node = node


def read_signature(
    module: SourceText, function: str, declared: JsonObject | None = None
) -> Signature | SignatureProblem:
    """Read the signature of a function.

    Args:
        module: Text of the module that defines it.
        function: Its name.
        declared: An object schema that the flow gives for the arguments. It is returned in place
            of one read from the annotations, which then need not be there; what it names must be
            parameters, and all that must be given must be named.
    """
    try:
        names = parse_module(module)
    except SyntaxError as error:
        return _broken(module, error)
    found = names.defined.get(function)
    if not isinstance(found, FunctionNode):
        return _not_a_function(module, names, function, found)
    try:
        _refuse_generators(found)
        _refuse_other_keys(found, names, declared or {})
        if declared is None:
            parameters = _parameters(found, names)
        else:
            parameters = _declared(found, declared)
            _refuse_unfit(found, names)
    except _Refused as refused:
        span = _span(module, refused.node or found, found.name)
        return SignatureProblem("signature", f"`{function}` {refused}", refused.hint, span)
    return Signature(
        description=read_docstring(ast.get_docstring(found)).description,
        parameters=parameters,
        result=_result(found, names),
        is_async=isinstance(found, ast.AsyncFunctionDef),
    )


def _broken(module: SourceText, error: SyntaxError) -> SignatureProblem:
    at = Position(error.lineno or 1, error.offset or 1)
    return SignatureProblem(
        "signature",
        f"`{module.path}` line {at.line} is not valid Python: {error.msg}",
        "correct the file",
        Span(module.path, at, at),
    )


def _not_a_function(
    module: SourceText, names: PythonModule, name: str, found: Defined | None
) -> SignatureProblem:
    if isinstance(found, ast.ClassDef):
        what, hint = "is a class", f"write a function that makes a `{name}` and name that"
    elif isinstance(found, ast.Lambda):
        what, hint = "is a lambda, which has no types", f"write it as `def {name}(…):`"
    elif found is not None:
        what, hint = "is no function", f"write it as `def {name}(…):`"
    elif name in names.imported:
        origin = names.imported[name]
        home = origin.rpartition(".")[0]
        what = f"is imported from `{home}`, not defined here"
        hint = f"name the module that defines it: `{home.lstrip('.')}:{origin.rpartition('.')[2]}`"
    else:
        return SignatureProblem(
            "unknown-function",
            f"`{module.path}` must define the function `{name}`, found none",
            suggest(name, names.functions()),
        )
    span = _span(module, found, name) if found is not None else None
    return SignatureProblem("signature", f"`{name}` {what}", hint, span)


def _refuse_generators(function: FunctionNode) -> None:
    if any(isinstance(one, ast.Yield | ast.YieldFrom) for one in _own_nodes(function.body)):
        message = "must return its result, found `yield`"
        raise _Refused(message, "collect the values and return a list", function)


def _own_nodes(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a body, those of functions inside it left out."""
    for node in body:
        if isinstance(node, FunctionNode | ast.Lambda | ast.ClassDef):
            continue
        yield node
        yield from _own_nodes(list(ast.iter_child_nodes(node)))


def _parameters(function: FunctionNode, names: PythonModule) -> JsonObject:
    _refuse_unnamed(function)
    reader = AnnotationReader(names)
    said = read_docstring(ast.get_docstring(function)).parameters
    properties: dict[str, JsonValue] = {}
    required: list[JsonValue] = []
    for one, default in _asked_for(function):
        if one.annotation is None:
            message = f"must say the type of parameter `{one.arg}`, found none"
            raise _Refused(message, f"write `{one.arg}: str`, {_OWN_SCHEMA}", one)
        try:
            properties[one.arg] = field_schema(one.annotation, default, reader, said.get(one.arg))
        except CannotExpress as error:
            message = f"has a parameter `{one.arg}` that {error}"
            raise _Refused(message, error.hint or f"use another type, {_OWN_SCHEMA}", one) from None
        if is_required(default, reader):
            required.append(one.arg)
    schema: dict[str, JsonValue] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    schema["additionalProperties"] = False
    if reader.definitions:
        schema["$defs"] = dict(reader.definitions)
    return schema


def _refuse_unnamed(function: FunctionNode) -> None:
    arguments = function.args
    for one in arguments.posonlyargs:
        message = f"must take its parameters by name, found `{one.arg}` before `/`"
        raise _Refused(message, "remove the `/`", one)
    for star, rest in (("*", arguments.vararg), ("**", arguments.kwarg)):
        if rest is not None:
            message = f"must name every parameter, found `{star}{rest.arg}`"
            raise _Refused(message, f"write each parameter with its type, {_OWN_SCHEMA}", rest)


def _named_parameters(function: FunctionNode) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    arguments = function.args
    missing = len(arguments.args) - len(arguments.defaults)
    yield from zip(arguments.args, [*[None] * missing, *arguments.defaults], strict=True)
    yield from zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)


def _asked_for(function: FunctionNode) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Yield the parameters that a caller gives: all but the one for the idempotency key."""
    return ((one, default) for one, default in _named_parameters(function) if not _is_key(one))


def _is_key(parameter: ast.arg) -> bool:
    return parameter.arg == KEY_PARAMETER


def _refuse_other_keys(function: FunctionNode, names: PythonModule, declared: JsonObject) -> None:
    """Refuse a parameter for the idempotency key that a text does not fit, or that is doubled."""
    one = next((one for one, _ in _named_parameters(function) if _is_key(one)), None)
    if one is None:
        return
    if one.annotation is not None and not _admits_text(one.annotation, names):
        found = ast.unparse(one.annotation)
        message = f"must take `{KEY_PARAMETER}`, which flowrun gives, as `str`, found `{found}`"
        raise _Refused(message, f"write `{KEY_PARAMETER}: str`, or use another name", one)
    properties = declared.get("properties")
    if isinstance(properties, dict) and KEY_PARAMETER in properties:
        message = f"is given `{KEY_PARAMETER}` by flowrun, and `parameters` names it"
        raise _Refused(message, "remove it from `parameters`, or use another name")


def _admits_text(annotation: ast.expr, names: PythonModule) -> bool:
    try:
        schema = AnnotationReader(names).schema(annotation)
    except CannotExpress:
        return False
    options = schema.get("anyOf")
    kinds = [
        one.get("type")
        for one in (options if isinstance(options, list) else [schema])
        if isinstance(one, dict)
    ]
    return "string" in kinds and all(one in {"string", "null"} for one in kinds)


def _declared(function: FunctionNode, declared: JsonObject) -> JsonObject:
    """Hold a declared schema to the parameters there are."""
    for one in function.args.posonlyargs:
        message = f"must take its parameters by name, found `{one.arg}` before `/`"
        raise _Refused(message, "remove the `/`", one)
    written = declared.get("properties")
    properties = frozenset(written) if isinstance(written, dict) else frozenset()
    taken = {one.arg: default for one, default in _asked_for(function)}
    unknown = sorted(properties - set(taken))
    if unknown and function.args.kwarg is None:
        message = "must have a parameter for each of `parameters`, found none for {}"
        raise _Refused(message.format(name_list(unknown)), suggest(unknown[0], taken))
    needed = [name for name, default in taken.items() if default is None]
    missing = [name for name in needed if name not in properties]
    if missing:
        message = f"needs {name_list(missing)}, which `parameters` must name and does not"
        raise _Refused(message, "add them to `parameters`, or give them defaults")
    return declared


def _refuse_unfit(function: FunctionNode, names: PythonModule) -> None:
    """Refuse what no value can become: a name that means nothing, a class that JSON is not."""
    reader = AnnotationReader(names)
    for one, _ in _asked_for(function):
        match one.annotation:
            case ast.Name(id=name) | ast.Constant(value=str() as name):
                pass
            case _:
                continue
        is_class = isinstance(names.defined.get(name), ast.ClassDef)
        is_nothing = name.isidentifier() and not names.has(name)
        if not is_class and not is_nothing:
            continue
        try:
            reader.schema(ast.Name(name))
        except CannotExpress as error:
            message = f"has a parameter `{one.arg}` that {error}"
            raise _Refused(message, "use another type, or leave the type out", one) from None


def _result(function: FunctionNode, names: PythonModule) -> JsonObject | None:
    if function.returns is None:
        return None
    reader = AnnotationReader(names)
    try:
        schema = reader.schema(function.returns)
    except CannotExpress:
        return None  # a result may be anything; its fields are then not checked beforehand
    if reader.definitions:
        schema["$defs"] = dict(reader.definitions)
    return schema or None


def _span(module: SourceText, node: ast.AST, name: str) -> Span:
    """Return the place of a name that a node introduces."""
    line = getattr(node, "lineno", 1)
    text = module.line(line)
    after = len(text.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore"))
    word = node.arg if isinstance(node, ast.arg) else name
    at = text.find(word, after)
    start = (at if at >= 0 else after) + 1
    length = len(word) if at >= 0 else 1
    return Span(module.path, Position(line, start), Position(line, start + length))

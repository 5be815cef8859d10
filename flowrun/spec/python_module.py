"""A Python module's own names, read from its text and never by running it."""

import ast
import builtins
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from flowrun.ids import JsonValue
from flowrun.source.text import SourceText

_NOT_UTF_8 = re.compile("[\udc80-\udcff]")

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Defined: TypeAlias = FunctionNode | ast.ClassDef | ast.expr


@dataclass(frozen=True, slots=True)
class PythonModule:
    """What a module defines and imports at its top level."""

    defined: Mapping[str, Defined]
    """Functions, classes, and the expressions that names were given; the last one counts."""
    imported: Mapping[str, str]
    """Local name to where it comes from: `typing.Literal`."""
    is_open: bool = False
    """Whether it imports all that another module has."""

    def has(self, name: str) -> bool:
        """Tell whether a plain name may mean something in the module."""
        return self.is_open or any(
            name in names for names in (self.defined, self.imported, vars(builtins))
        )

    def functions(self) -> tuple[str, ...]:
        """Return the names of the module's functions that are not private."""
        return tuple(
            name
            for name, one in self.defined.items()
            if isinstance(one, FunctionNode) and not name.startswith("_")
        )

    def qualified(self, node: ast.expr) -> str | None:
        """Return the full name of `Literal`, `t.Literal`, `int`; None for what is no name.

        Names that the module defines itself come back as they are, so look there first.
        """
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            owner = self.qualified(node.value)
            return f"{owner}.{node.attr}" if owner else None
        return None

    def literal(self, node: ast.expr) -> JsonValue:
        """Return the JSON value of an expression of literals, constants and members of enums.

        Raises:
            ValueError: it is not one.
        """
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() as value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self.literal(one) for one in items]
            case ast.Dict(keys=keys, values=values):
                return {
                    _text(key): self.literal(one) for key, one in zip(keys, values, strict=True)
                }
            case ast.Name(id=name) if isinstance(self.defined.get(name), ast.Constant):
                return self.literal(self.defined[name])  # type: ignore[arg-type]  # as just seen
            case ast.Attribute(value=ast.Name(id=name), attr=member):
                return self._member(name, member)
            case _:
                pass
        raise ValueError(ast.dump(node))

    def _member(self, name: str, member: str) -> JsonValue:
        owner = self.defined.get(name)
        if isinstance(owner, ast.ClassDef):
            for target, value in assignments(owner.body):
                if target == member:
                    return self.literal(value)
        raise ValueError(member)


def parse_module(source: SourceText) -> PythonModule:
    """Read a module.

    Raises:
        SyntaxError: it is not Python.
    """
    broken = _NOT_UTF_8.search(source.text)
    if broken is not None:
        at = source.position(broken.start())
        message = f"UTF-8 text expected, found the byte 0x{ord(broken.group()) - 0xDC00:02X}"
        raise SyntaxError(message, (source.path, at.line, at.column, None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the author's invalid escapes are not flowrun's to report
        try:
            tree = ast.parse(source.text)
            compile(tree, source.path, "exec", dont_inherit=True)  # `return` outside a function
        except ValueError as error:  # a NUL character
            raise SyntaxError(str(error)) from error
    defined: dict[str, Defined] = {}
    imported: dict[str, str] = {}
    for statement in _top_level(tree.body):
        _note(statement, defined, imported)
    return PythonModule(defined, imported, is_open="*" in imported)


def assignments(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Yield the plain names that a body assigns, with their values."""
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case _:
                pass


def _text(key: ast.expr | None) -> str:
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value
    message = "a key that is not a text"
    raise ValueError(message)


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements that run on import, those under conditions included."""
    for statement in body:
        yield statement
        match statement:
            case ast.If(test=test, body=inner, orelse=other):
                yield from _top_level(other if _is_never(test) else [*other, *inner])
            case ast.Try(body=inner, handlers=handlers, orelse=other, finalbody=final):
                for handler in handlers:
                    yield from _top_level(handler.body)
                yield from _top_level([*inner, *other, *final])
            case ast.With(body=inner):
                yield from _top_level(inner)
            case _:
                pass


def _is_never(test: ast.expr) -> bool:
    """Tell whether a condition is false when a module is loaded as a tool."""
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
        case ast.Compare(
            left=ast.Name(id="__name__"),
            ops=[ast.Eq()],
            comparators=[ast.Constant(value="__main__")],
        ):
            return True
        case _:
            return False


def _note(statement: ast.stmt, defined: dict[str, Defined], imported: dict[str, str]) -> None:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            imported.pop(statement.name, None)
            defined[statement.name] = statement
        case ast.Delete(targets=targets):
            for target in targets:
                if isinstance(target, ast.Name):
                    defined.pop(target.id, None)
                    imported.pop(target.id, None)
        case ast.Import(names=names):
            for one in names:
                root = one.name.partition(".")[0]
                imported[one.asname or root] = one.name if one.asname else root
        case ast.ImportFrom(module=module, names=names, level=level):
            origin = "." * level + (module or "")
            for one in names:
                imported[one.asname or one.name] = f"{origin}.{one.name}"
        case _:
            for name, value in assignments([statement]):
                imported.pop(name, None)
                defined[name] = value

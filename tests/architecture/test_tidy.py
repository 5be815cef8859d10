"""The limits of the house, counted in one walk over the syntax trees of `flowrun/`."""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.support.repository import ROOT, module_name, package_files

FUNCTION_LINES = 60
MODULE_LINES = 500
HUB_IMPORTS = 12
TWIN_FROM_LINES = 40
CONTRACT_ROOMS = {"ports"}
"""Rooms of protocols: the contract suites of tests/contracts, run against every adapter, are their
tests. What little behaviour their values have is tested in tests/unit all the same."""

HUBS = {"flowrun.app.session", "flowrun.cli.main"}
"""The composition root and the command line's entry: they name everybody by trade."""

REFUSED = re.compile(
    "utils?|helpers?|common|misc|base|core|manager|handler|process|do|data|info|object|wrapper|context"
)
BARE_TODO = re.compile(r"#.*\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, order=True)
class Finding:
    """One breach: the rule, where, and what was found."""

    rule: str
    subject: str
    found: str


@dataclass(frozen=True)
class Module:
    """One file of the package and its syntax tree."""

    path: str
    name: str
    text: str
    tree: ast.Module


@cache
def modules() -> tuple[Module, ...]:
    return tuple(
        Module(file.relative_to(ROOT).as_posix(), module_name(file), text, ast.parse(text))
        for file in package_files()
        for text in [file.read_text("utf-8")]
    )


def definitions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Yield every function and class with its qualified name, outermost first."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            name = f"{prefix}{child.name}"
            yield name, child
            yield from definitions(child, f"{name}.")
        else:
            yield from definitions(child, prefix)


def long_functions(module: Module) -> Iterator[Finding]:
    for name, node in definitions(module.tree):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if not isinstance(node, ast.ClassDef) and lines > FUNCTION_LINES:
            yield Finding("function-lines", f"{module.path}:{name}", f"{lines} lines")


def long_modules(module: Module) -> Iterator[Finding]:
    lines = module.text.count("\n")
    if lines > MODULE_LINES:
        yield Finding("module-lines", module.path, f"{lines} lines")


def missing_docstrings(module: Module) -> Iterator[Finding]:
    if not ast.get_docstring(module.tree):
        yield Finding("docstring", module.path, "module without a docstring")
    for name, node in public_definitions(module.tree):
        if not ast.get_docstring(node):
            yield Finding("docstring", f"{module.path}:{name}", "public name without a docstring")


def public_definitions(node: ast.Module | ast.ClassDef) -> Iterator[tuple[str, Definition]]:
    """Yield public functions, classes and methods; what is nested in a function is private."""
    for child in node.body:
        if not isinstance(child, Definition) or child.name.startswith("_"):
            continue
        yield child.name, child
        if isinstance(child, ast.ClassDef):
            for name, inner in public_definitions(child):
                if not is_overload(inner):
                    yield f"{child.name}.{name}", inner


def is_overload(node: Definition) -> bool:
    return any(ast.unparse(one) in {"overload", "override"} for one in node.decorator_list)


def refused_names(module: Module) -> Iterator[Finding]:
    for part in module.name.split("."):
        if REFUSED.fullmatch(part):
            yield Finding("name", module.path, f"`{part}` says nothing")
    for name, node in definitions(module.tree):
        is_class = isinstance(node, ast.ClassDef)
        if REFUSED.fullmatch(last_word(node.name) if is_class else node.name.strip("_")):
            yield Finding("name", f"{module.path}:{name}", f"`{node.name}` says nothing")


def last_word(class_name: str) -> str:
    return re.findall(r"[A-Z][a-z0-9]*|[a-z0-9]+", class_name)[-1].lower()


def bare_todos(module: Module) -> Iterator[Finding]:
    for number, line in enumerate(module.text.splitlines(), 1):
        if BARE_TODO.search(line):
            yield Finding("todo", module.path, f"line {number}: a TODO without an issue number")


def hubs(module: Module) -> Iterator[Finding]:
    imported = {
        name
        for node in ast.walk(module.tree)
        for name in imported_modules(node)
        if name.startswith("flowrun.")
    }
    if module.name not in HUBS and len(imported) > HUB_IMPORTS:
        yield Finding("imports", module.path, f"{len(imported)} of our modules imported")


def imported_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module]
    return []


def package_contents(module: Module) -> Iterator[Finding]:
    is_room = module.path.endswith("/__init__.py") and module.path.count("/") > 1
    if is_room and len(module.tree.body) > 1:
        yield Finding("package", module.path, "a room's `__init__` holds a docstring and no more")


def missing_twins(module: Module) -> Iterator[Finding]:
    room = Path(module.path).relative_to("flowrun")
    twin = ROOT / "tests" / "unit" / room.with_name(f"test_{room.name}")
    if room.parts[0] in CONTRACT_ROOMS:
        return
    if module.text.count("\n") > TWIN_FROM_LINES and has_code(module) and not twin.exists():
        yield Finding("twin", module.path, f"no {twin.relative_to(ROOT).as_posix()}")


def has_code(module: Module) -> bool:
    """Tell whether any function has a body to test: protocols and plain records have none."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_declaration(node)
        for _, node in definitions(module.tree)
    )


def is_declaration(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    body = [one for one in node.body if not is_constant(one)]
    return not body


def is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


RULES = (
    long_functions,
    long_modules,
    missing_docstrings,
    refused_names,
    bare_todos,
    hubs,
    package_contents,
    missing_twins,
)


@cache
def findings() -> frozenset[Finding]:
    return frozenset(one for module in modules() for rule in RULES for one in rule(module))


@cache
def exceptions() -> tuple[dict[str, object], ...]:
    table = tomllib.loads((ROOT / "tests" / "tidy.toml").read_text("utf-8"))
    return tuple(table.get("exception", ()))


def test_the_house_is_within_its_limits():
    excepted = {(one["rule"], one["subject"]) for one in exceptions()}
    over = sorted(one for one in findings() if (one.rule, one.subject) not in excepted)
    assert not over, "\n" + "\n".join(f"{one.subject}: {one.found} ({one.rule})" for one in over)


def test_every_exception_is_still_needed():
    broken = {(one.rule, one.subject) for one in findings()}
    needless = [one for one in exceptions() if (one["rule"], one["subject"]) not in broken]
    assert not needless, f"no longer needed in tests/tidy.toml: {needless}"


def test_every_exception_has_a_reason_and_a_date():
    for one in exceptions():
        assert set(one) == {"rule", "subject", "reason", "date"}, one
        assert len(str(one["reason"])) > 20, one


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('"""x."""\ndef f():\n    """x."""\n' + "    a = 1\n" * 60, "function-lines"),
        ('"""x."""\n' + "a = 1\n" * 500, "module-lines"),
        ("a = 1\n", "docstring"),
        ('"""x."""\nclass A:\n    """x."""\n    def f(self):\n        return 1\n', "docstring"),
        ('"""x."""\nclass JobManager:\n    """x."""\n', "name"),
        ('"""x."""\na = 1  # TODO later\n', "todo"),
        ('"""x."""\n' + "".join(f"import flowrun.m{n}\n" for n in range(13)), "imports"),
    ],
)
def test_each_rule_bites(text, rule):
    module = Module("flowrun/room/planted.py", "flowrun.room.planted", text, ast.parse(text))
    found = {one.rule for check in RULES if check is not missing_twins for one in check(module)}
    assert found == {rule}

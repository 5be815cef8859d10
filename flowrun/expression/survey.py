"""Walk a parsed template: list what it refers to, find what this language does not have."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from jinja2 import nodes

from flowrun.expression.filters import PLAIN_FILTERS, PLAIN_TESTS
from flowrun.expression.fixed import always_fails, range_fails
from flowrun.expression.places import Places
from flowrun.expression.sandbox import number_range
from flowrun.expression.syntax import Parsed
from flowrun.expression.terms import Analysis, Reference, TemplateProblem
from flowrun.expression.words import FILTERS, FUNCTIONS, RESERVED, TESTS
from flowrun.source.diagnostic import suggest

_DEPTH_LIMIT = 64
_LOOPS_LIMIT = 8
_TAGS: Mapping[type[nodes.Node], str] = MappingProxyType(
    {
        nodes.Include: "include",
        nodes.Import: "import",
        nodes.FromImport: "from",
        nodes.Extends: "extends",
        nodes.Block: "block",
        nodes.CallBlock: "call",
        nodes.ScopedEvalContextModifier: "autoescape",
        nodes.EvalContextModifier: "autoescape",
    }
)
_MAGIC = frozenset({"self", "super", "caller", "varargs", "kwargs"})
_METHODS: Mapping[str, str] = MappingProxyType(
    {
        "strip": "trim",
        "get": "default",
        "splitlines": "lines",
        "format": "replace",
        "len": "length",
        "dumps": "tojson",
        "loads": "fromjson",
    }
)
_ALL_FILTERS = "`flowrun explain template/unknown-filter` lists them"
_LOOP_CALLS = frozenset({"cycle", "changed"})


def survey(parsed: Parsed) -> Analysis | TemplateProblem:
    """Return the references of a template, or its first problem in the order of the text."""
    walk = _Walk(parsed)
    walk.visit(parsed.tree, 0)
    if walk.problems:
        return min(walk.problems, key=lambda one: one.start)
    found = sorted(walk.references, key=lambda one: one.start)
    return Analysis(tuple(found), native=parsed.native)


class _Walk:
    """One walk over one tree."""

    def __init__(self, parsed: Parsed) -> None:
        self.places: Places = parsed.places
        self.offsets = parsed.offsets
        self.scopes: list[set[str]] = [set()]
        """Local names, by the loops and macros that one stands in."""
        self.macros = {one.name: one for one in parsed.tree.find_all(nodes.Macro)}
        self.references: list[Reference] = []
        self.problems: list[TemplateProblem] = []
        self.users: dict[int, str] = {}
        """By where a reference begins: the filter or loop that takes its value."""
        self.loops = 0

    def visit(self, node: nodes.Node, depth: int) -> None:
        """Look at a node and at all below it."""
        if depth > _DEPTH_LIMIT or self.loops > _LOOPS_LIMIT:
            self._forbid(node, "the template is nested too deeply", "take it apart with `set`")
            return
        match node:
            case nodes.Getattr() | nodes.Getitem():
                self._path(node, depth)
            case nodes.Call():
                self._call(node, depth)
            case nodes.For():
                self._for(node, depth)
            case nodes.Assign():
                self.visit(node.node, depth + 1)
                self.visit(node.target, depth + 1)
            case nodes.AssignBlock():
                self._inside((), [*([node.filter] if node.filter else []), *node.body], depth)
                self.visit(node.target, depth + 1)
            case nodes.Macro():
                self._macro(node, depth)
            case nodes.With():
                self._with(node, depth)
            case nodes.FilterBlock():
                self._inside((), [node.filter, *node.body], depth)
            case _:
                self._check(node)
                self._below(node, depth)

    def _below(self, node: nodes.Node, depth: int) -> None:
        for child in node.iter_child_nodes():
            self.visit(child, depth + 1)

    def _check(self, node: nodes.Node) -> None:
        match node:
            case nodes.Name():
                self._name(node)
            case nodes.Filter():
                self._filter(node)
            case nodes.Test():
                self._test(node)
            case nodes.Pow():
                self._forbid(node, "`**` is not part of this language", None)
            case nodes.NSRef():
                self._forbid(node, "only plain names can be assigned", None)
            case nodes.Slice():
                said = "a part cannot be cut out with `[:]`"
                self._forbid(node, said, "there are `| first`, `| last` and `| truncate(length)`")
            case _:
                self._tag(node)

    def _tag(self, node: nodes.Node) -> None:
        if type(node) in _TAGS:
            said = f"`{{% {_TAGS[type(node)]} %}}` is not part of this language"
            self._forbid(node, said, "read a text from a file with `!file`")

    # names and paths

    def _name(self, node: nodes.Name) -> None:
        if node.ctx != "load":
            self._assigned(node.name, node)
            self.scopes[-1].add(node.name)
        elif node.name in _MAGIC:
            self._forbid(node, f"no `{node.name}` in templates", None)
        elif not self._is_local(node.name):
            start = node.lineno - 1
            self._refer((node.name,), start, start + len(node.name), is_whole=True)

    def _is_local(self, name: str) -> bool:
        return any(name in scope for scope in self.scopes)

    def _inside(self, names: Iterable[str], body: Iterable[nodes.Node], depth: int) -> None:
        """Look at what stands in a scope of its own."""
        self.scopes.append(set(names))
        for one in body:
            self.visit(one, depth + 1)
        self.scopes.pop()

    def _macro(self, node: nodes.Macro, depth: int) -> None:
        self._assigned(node.name, node)
        self.scopes[-1].add(node.name)
        for one in node.defaults:
            self.visit(one, depth + 1)
        self._inside((), [*node.args, *node.body], depth)

    def _with(self, node: nodes.With, depth: int) -> None:
        for one in node.values:
            self.visit(one, depth + 1)
        self._inside((), [*node.targets, *node.body], depth)

    def _assigned(self, name: str, node: nodes.Node) -> None:
        if name in RESERVED or name in FUNCTIONS or name in _MAGIC or name == "loop":
            self._forbid(node, f"`{name}` cannot be assigned to", "choose another name")

    def _refer(self, path: tuple[str | int, ...], start: int, end: int, *, is_whole: bool) -> None:
        begin, finish = self.offsets.original(start), self.offsets.original(end)
        user = self.users.get(start, "") if is_whole else ""
        self.references.append(Reference(path, begin, finish, user))

    def _used(self, node: nodes.Node | None, user: str) -> None:
        while isinstance(node, (nodes.Getattr, nodes.Getitem)):
            node = node.node
        if isinstance(node, nodes.Name):
            self.users[node.lineno - 1] = user

    def _path(self, node: nodes.Expr, depth: int) -> None:
        parts: list[nodes.Getattr | nodes.Getitem] = []
        base: nodes.Expr = node
        while isinstance(base, (nodes.Getattr, nodes.Getitem)):
            parts.append(base)
            base = base.node
        if len(parts) > _DEPTH_LIMIT:
            self._forbid(node, "the template is nested too deeply", None)
            return
        path, end = self._constant(list(reversed(parts)), depth)
        name = base.name if isinstance(base, nodes.Name) else None
        if name is not None and not self._is_local(name) and name not in _MAGIC:
            start = base.lineno - 1
            is_whole = len(path) == len(parts)
            self._refer((name, *path), start, end or start + len(name), is_whole=is_whole)
        else:
            self.visit(base, depth + 1)

    def _constant(
        self, parts: list[nodes.Getattr | nodes.Getitem], depth: int
    ) -> tuple[tuple[str | int, ...], int | None]:
        """Return the constant beginning of a path and its end; look at what is not constant."""
        path: list[str | int] = []
        end: int | None = None
        constant = True
        for part in parts:
            key = self._key(part)
            constant = constant and key is not None
            if key is not None and constant:
                path.append(key)
                end = self.places.end_of_subscript(part.lineno - 1)
            if isinstance(part, nodes.Getitem):
                self.visit(part.arg, depth + 1)
        return tuple(path), end

    def _key(self, part: nodes.Getattr | nodes.Getitem) -> str | int | None:
        if isinstance(part, nodes.Getattr):
            if part.attr.startswith("_"):
                hint = f"read a key of that name as `['{part.attr}']`"
                if part.attr.startswith("__"):
                    hint = "take it away"
                self._forbid(part, f"`{part.attr}` is not open to templates", hint)
            return part.attr
        key = _constant_key(part.arg)
        if isinstance(key, str) and key.startswith("__"):
            self._forbid(part, f"`{key}` is not open to templates", "take it away")
        return key

    # calls, filters, tests

    def _call(self, node: nodes.Call, depth: int) -> None:
        for child in node.iter_child_nodes(exclude=("node",)):
            self.visit(child, depth + 1)
        called = node.node
        if isinstance(called, nodes.Name):
            if called.name in self.macros and self._is_local(called.name):
                self._macro_call(called, node, self.macros[called.name])
                return
            if called.name in FUNCTIONS:
                self._fails(called, range_fails(node, number_range))
                return
            hint = suggest(called.name, [*FUNCTIONS, *self.macros])
            if called.name in self.macros:
                hint = "define the macro above this"
            elif called.name in FILTERS or called.name in _METHODS:
                hint = f"write `VALUE | {_METHODS.get(called.name, called.name)}`"
            self._forbid(called, f"no function `{called.name}` in templates", hint)
            return
        if isinstance(called, nodes.Getattr) and not self._is_loop_call(called):
            self._method(called)
            self.visit(called.node, depth + 1)
        elif not isinstance(called, nodes.Getattr):
            self._forbid(node, "only `range` and macros can be called", None)
            self.visit(called, depth + 1)

    def _macro_call(self, called: nodes.Name, node: nodes.Call, macro: nodes.Macro) -> None:
        if node.dyn_args or node.dyn_kwargs:
            return
        takes = [one.name for one in macro.args]
        given = [*takes[: len(node.args)], *(str(one.key) for one in node.kwargs)]
        needed = takes[: len(takes) - len(macro.defaults)]
        unknown = len(node.args) > len(takes) or not set(given) <= set(takes)
        if unknown or not set(needed) <= set(given):
            wanted = f"`{macro.name}({', '.join(takes)})`"
            said = f"the arguments of `{macro.name}` do not fit"
            place = self._token(called.lineno - 1)
            self._report("template/syntax", said, place, f"it is defined as {wanted}")

    def _is_loop_call(self, called: nodes.Getattr) -> bool:
        loop = isinstance(called.node, nodes.Name) and called.node.name == "loop"
        return loop and self._is_local("loop") and called.attr in _LOOP_CALLS

    def _method(self, called: nodes.Getattr) -> None:
        if called.attr.startswith("_"):
            self._key(called)
            return
        name = _METHODS.get(called.attr, called.attr)
        hint = f"write `VALUE | {name}`" if name in FILTERS else "use a filter instead"
        self._forbid(
            called, f"values have no methods, and `{called.attr}` is called like one", hint
        )

    def _for(self, node: nodes.For, depth: int) -> None:
        if node.recursive:
            self._forbid(node, "`recursive` loops are not part of this language", None)
        self.loops += 1
        self._used(node.iter, "for")
        self.visit(node.iter, depth + 1)
        test = [] if node.test is None else [node.test]
        self._inside((), [node.target, *test], depth)
        self._inside(("loop",), [node.target, *node.body], depth)
        self._inside((), node.else_, depth)
        self.loops -= 1

    def _filter(self, node: nodes.Filter) -> None:
        at = node.lineno - 1
        if not self._known(node.name, FILTERS, "filter", at):
            return
        self._used(node.node, node.name)
        if node.name == "map":
            self._named_argument(node, 0, FILTERS, "filter")
            self._wants(node, is_given=bool(node.args or node.kwargs))
        elif node.name in {"select", "reject"}:
            self._named_argument(node, 0, TESTS, "test")
        elif node.name in {"selectattr", "rejectattr"}:
            self._named_argument(node, 1, TESTS, "test")
            self._wants(node, is_given=bool(node.args))
        elif node.name in {"default", "d"}:
            self._wants(node, is_given=len(node.args) + len(node.kwargs) < 3)
        elif node.name in PLAIN_FILTERS:
            self._arguments(node, PLAIN_FILTERS[node.name], FILTERS[node.name])

    def _test(self, node: nodes.Test) -> None:
        index = self.places.index_at(node.lineno - 1) + 1
        if self.places.pieces[index].text == "not":
            index += 1
        if not self._known(node.name, TESTS, "test", self.places.pieces[index].start):
            return
        if node.name in PLAIN_TESTS:
            self._arguments(node, PLAIN_TESTS[node.name], TESTS[node.name])

    def _known(self, name: str, known: Mapping[str, str], what: str, at: int) -> bool:
        if name in known:
            return True
        self._report(
            "template/unknown-filter",
            f"no {what} `{name}` in templates",
            (at, at + len(name)),
            suggest(name, known) or _ALL_FILTERS,
        )
        return False

    def _named_argument(
        self, node: nodes.Filter, index: int, known: Mapping[str, str], what: str
    ) -> None:
        """Check a filter or test that is named in an argument, as in `map('upper')`."""
        argument = node.args[index] if index < len(node.args) else None
        if isinstance(argument, nodes.Const) and isinstance(argument.value, str):
            self._known(argument.value, known, what, argument.lineno)

    def _wants(self, node: nodes.Filter, *, is_given: bool) -> None:
        if not is_given and not node.dyn_args and not node.dyn_kwargs:
            self._misused(node, FILTERS[node.name])

    def _misused(self, node: nodes.Filter | nodes.Test, usage: str) -> None:
        said = f"the arguments of `{node.name}` do not fit"
        hint = usage.rstrip(".") if "(" in usage else f"`{node.name}` takes no arguments"
        self._report("template/syntax", said, self._token(node.lineno - 1), hint)

    def _fails(self, node: nodes.Node, why: str | None) -> None:
        if why is not None:
            self._report(
                "template/syntax", why, self._token(node.lineno - 1), "correct the arguments"
            )

    def _arguments(
        self, node: nodes.Filter | nodes.Test, function: Callable[..., object], usage: str
    ) -> None:
        if node.dyn_args or node.dyn_kwargs:
            return
        given = [None, *node.args]
        named = {str(one.key): None for one in node.kwargs}
        try:
            inspect.signature(function).bind(*given, **named)
        except TypeError:
            self._misused(node, usage)
        else:
            self._fails(node, always_fails(node, function))

    # reports

    def _forbid(self, node: nodes.Node, message: str, hint: str | None) -> None:
        self._report("template/forbidden", message, self._token(node.lineno - 1), hint)

    def _token(self, at: int) -> tuple[int, int]:
        """Return the token at an offset; for a `.`, the name after it."""
        index = self.places.index_at(at)
        pieces = self.places.pieces
        if not pieces:
            return 0, len(self.places.source)
        if pieces[index].text == "." and index + 1 < len(pieces):
            index += 1
        return pieces[index].start, pieces[index].end

    def _report(self, code: str, message: str, place: tuple[int, int], hint: str | None) -> None:
        start, end = (self.offsets.original(one) for one in place)
        self.problems.append(TemplateProblem(code, message, start, end, hint))


def _constant_key(node: nodes.Expr) -> str | int | None:
    negative = isinstance(node, nodes.Neg)
    inner = node.node if isinstance(node, nodes.Neg) else node
    if not isinstance(inner, nodes.Const) or isinstance(inner.value, bool):
        return None
    value = inner.value
    if isinstance(value, int):
        return -value if negative else value
    return value if isinstance(value, str) and not negative else None

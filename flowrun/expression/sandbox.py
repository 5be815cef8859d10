"""The one Jinja environment, closed on all sides.

Immutable and sandboxed to begin with; beyond that, attributes are items and nothing else, there are
no functions but `range`, filters and tests are a closed list, `**` is refused, and what one
evaluation may loop over and produce is bounded. Imported only for templates that need it.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn, cast

from jinja2 import nodes, pass_context
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Context, LoopContext, Macro, StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer

from flowrun.expression.filters import PLAIN_FILTERS, PLAIN_TESTS, attribute_of, bounded, items_of
from flowrun.expression.lookup import (
    ABSENT,
    TEXT_LIMIT,
    TOO_LONG,
    Gap,
    absence,
    find,
    kind_of,
    show,
    unknown_name,
    wants,
)
from flowrun.expression.terms import Refused
from flowrun.expression.words import FILTERS, TESTS

RANGE_LIMIT = 10_000
LOOP_LIMIT = 100_000
"""Items that one evaluation may loop over, calls included."""
BUDGET = "<budget>"
"""Where an evaluation keeps its `Budget`: no template can write this name."""

_LOOP_FACTS = frozenset(
    {
        *("index", "index0", "revindex", "revindex0", "first", "last", "length"),
        *("previtem", "nextitem", "depth", "depth0", "cycle", "changed"),
    }
)
_REPEATED_LIMIT = 10_000
_BITS_LIMIT = 4096

_TOO_MANY = f"the template loops over more than {LOOP_LIMIT:,} items"
_TOO_OFTEN = f"`*` repeats a text to at most {_REPEATED_LIMIT:,} characters"
_TOO_LARGE = "the number is too large"
_NO_ELSE = "the condition is false and there is no `else`"
_NOT_CALLED = "only `range` and macros can be called"
_NO_POWER = "`**` is not part of this language"
_RANGE_WANTS = "`range` expects one to three whole numbers"
_RANGE_LONG = f"`range` gives at most {RANGE_LIMIT:,} numbers"
_MAP_WANTS = "`map` expects the name of a filter, or `attribute=`"
_ATTRIBUTE = "expects the name of an attribute"


class Budget:
    """What one evaluation may still do."""

    __slots__ = ("characters", "items")

    def __init__(self) -> None:
        self.items = LOOP_LIMIT
        self.characters = TEXT_LIMIT

    def spend_items(self, count: int) -> None:
        """Count items that are looped over, or calls."""
        self.items -= count
        if self.items < 0:
            raise Refused(_TOO_MANY)

    def spend_characters(self, count: int) -> None:
        """Count characters that are produced."""
        self.characters -= count
        if self.characters < 0:
            raise Refused(TOO_LONG)


class Missing(StrictUndefined, Gap):
    """A name or a part that is not there; any use but `default` and `is defined` fails."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        return self.gap()

    def gap(self) -> str:
        """Say what is missing."""
        hint = self._undefined_hint
        if hint is not None:
            return hint.rstrip(".").replace("'", "`")
        if self._undefined_obj is missing:
            return unknown_name(str(self._undefined_name))
        return absence(self._undefined_obj, self._undefined_name)


def refuse_missing(*values: object) -> None:
    """Fail with what is missing if one of the values is not there."""
    for one in values:
        if isinstance(one, Missing):
            raise UndefinedError(one.gap())
        if isinstance(one, Undefined):
            raise UndefinedError(_NO_ELSE)


def _budget(context: Context) -> Budget:
    return cast("Budget", context.parent[BUDGET])


class _Environment(ImmutableSandboxedEnvironment):
    """Items only, counted loops and calls, operators that say what they want."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def getattr(self, obj: object, attribute: str) -> object:
        if isinstance(obj, LoopContext):
            return getattr(obj, attribute) if attribute in _LOOP_FACTS else Missing(name=attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: object, argument: object) -> object:
        refuse_missing(obj, argument)
        found = find(obj, argument)
        if found is not ABSENT:
            return found
        if not isinstance(argument, (str, int)):
            raise Refused(wants("[ ]", "a name or a whole number", argument))
        return Missing(obj=obj, name=cast("str", argument))

    def call(
        __self,  # noqa: N805  # the names that the parent gives them
        __context: Context,
        __obj: object,
        *args: object,
        **kwargs: object,
    ) -> object:
        refuse_missing(__obj)
        _budget(__context).spend_items(1)
        if __obj is number_range:
            refuse_missing(*args)
            made = number_range(*args)
            _budget(__context).spend_items(len(made))
            return made
        if isinstance(__obj, Macro) or isinstance(getattr(__obj, "__self__", None), LoopContext):
            return super().call(__context, __obj, *args, **kwargs)
        raise Refused(_NOT_CALLED)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        refuse_missing(left, right)
        return _OPERATORS[operator](self, left, right)

    def add(self, left: object, right: object) -> object:
        if isinstance(left, str) and isinstance(right, str):
            _fits(len(left) + len(right))
            return left + right
        if isinstance(left, list) and isinstance(right, list):
            _fits(len(left) + len(right))
            return [*left, *right]
        if _are_numbers(left, right):
            return left + right  # type: ignore[operator]  # both are numbers
        said = _unlike("+", "two numbers, two texts or two lists", left, right)
        raise Refused(f"{said}; `~` joins anything as text")

    def multiply(self, left: object, right: object) -> object:
        if isinstance(left, str) and isinstance(right, int):
            if len(left) * right > _REPEATED_LIMIT:
                raise Refused(_TOO_OFTEN)
            return left * right
        if not _are_numbers(left, right):
            raise Refused(_unlike("*", "two numbers", left, right))
        if isinstance(left, int) and isinstance(right, int):
            _fits_bits(left.bit_length() + right.bit_length())
        return left * right  # type: ignore[operator]  # both are numbers

    def power(self, left: object, right: object) -> NoReturn:
        raise Refused(_NO_POWER)

    def arithmetic(self, operator: str, left: object, right: object) -> object:
        if not _are_numbers(left, right):
            raise Refused(_unlike(operator, "two numbers", left, right))
        return self.binop_table[operator](left, right)


def _arithmetic(operator: str) -> Callable[[_Environment, object, object], object]:
    def calculate(environment: _Environment, left: object, right: object) -> object:
        return environment.arithmetic(operator, left, right)

    return calculate


_OPERATORS: Mapping[str, Callable[[_Environment, object, object], object]] = {
    "+": _Environment.add,
    "*": _Environment.multiply,
    "**": _Environment.power,
    **{one: _arithmetic(one) for one in ("-", "/", "//", "%")},
}


def _unlike(operator: str, wanted: str, left: object, right: object) -> str:
    return f"`{operator}` expects {wanted}, not {kind_of(left)} and {kind_of(right)}"


def _are_numbers(*values: object) -> bool:
    return all(isinstance(one, (int, float)) for one in values)


def _fits(size: int) -> None:
    if size > TEXT_LIMIT:
        raise Refused(TOO_LONG)


def _fits_bits(bits: int) -> None:
    if bits > _BITS_LIMIT:
        raise Refused(_TOO_LARGE)


def number_range(*args: object) -> range:
    """Return whole numbers as `range` has them, or refuse."""
    if not 1 <= len(args) <= 3 or any(not isinstance(one, int) for one in args):
        raise Refused(_RANGE_WANTS)
    made = range(*cast("tuple[int, ...]", args))
    if len(made) > RANGE_LIMIT:
        raise Refused(_RANGE_LONG)
    return made


# The filters and tests that need the running evaluation.


def _default(value: object, default: object = "", boolean: object = False) -> object:  # noqa: FBT002  # as templates call it
    return default if isinstance(value, Undefined) or (boolean and not value) else value


@pass_context
def _map(context: Context, value: object, *args: object, **kwargs: object) -> list[object]:
    refuse_missing(value)
    values = items_of(value, "map")
    if "attribute" in kwargs:
        return [_attribute(one, kwargs["attribute"], kwargs) for one in values]
    if not args:
        raise Refused(_MAP_WANTS)
    name, rest = str(args[0]), args[1:]
    _known(name, FILTERS, "filter")
    call = context.environment.call_filter
    return [call(name, one, rest, kwargs, context=context) for one in values]


def _attribute(value: object, path: object, options: Mapping[str, object]) -> object:
    found = attribute_of(value, path)
    if found is not ABSENT:
        return found
    return options["default"] if "default" in options else Missing(obj=value, name=str(path))


def _selection(name: str, *, keep: bool, by_attribute: bool) -> Callable[..., object]:
    @pass_context
    def select(context: Context, value: object, *args: object) -> list[object]:
        refuse_missing(value, *args)
        values = items_of(value, name)
        if by_attribute and not args:
            raise Refused(f"`{name}` {_ATTRIBUTE}")
        rest = args[1:] if by_attribute else args
        parts = [_attribute(one, args[0], {}) for one in values] if by_attribute else values
        passes = _test(context, rest)
        return [one for one, part in zip(values, parts, strict=True) if passes(part) is keep]

    return select


def _test(context: Context, args: Sequence[object]) -> Callable[[object], bool]:
    if not args:
        return lambda part: not isinstance(part, Missing) and bool(part)
    name, rest = str(args[0]), args[1:]
    _known(name, TESTS, "test")
    return lambda part: bool(context.environment.call_test(name, part, rest, context=context))


def _no_word(what: str, name: str) -> str:
    return f"no {what} `{name}` in templates"


def _misused(name: str, usage: str) -> str:
    return f"the arguments of `{name}` do not fit: {usage.rstrip('.')}"


def _known(name: str, known: Mapping[str, str], what: str) -> None:
    if name not in known:
        raise Refused(_no_word(what, name))


def _strict(name: str, function: Callable[..., object], usage: str) -> Callable[..., object]:
    """Fail for what is missing, and for arguments that the function does not take."""
    signature = inspect.signature(function)

    def call(*args: object, **kwargs: object) -> object:
        refuse_missing(*args, *kwargs.values())
        try:
            signature.bind(*args, **kwargs)
        except TypeError as wrong:
            raise Refused(_misused(name, usage)) from wrong
        return function(*args, **kwargs)

    return call


# What `Rewrite` puts in the place of things that cannot be counted otherwise.


@pass_context
def _joined(context: Context, values: list[object]) -> str:
    refuse_missing(*values)
    text = "".join([show(one) for one in values])
    _budget(context).spend_characters(len(text))
    return bounded(text)


@pass_context
def _looped(context: Context, value: object, literal: int) -> list[object]:
    refuse_missing(value)
    values = items_of(value, "for")
    budget = _budget(context)
    budget.spend_items(len(values))
    budget.spend_characters(len(values) * literal)
    return values


@pass_context
def _shown(context: Context, value: object) -> str:
    refuse_missing(value)
    text = show(value)
    _budget(context).spend_characters(len(text))
    return text


JOINED: Final = "~"
LOOPED: Final = "for"


class Rewrite(NodeTransformer):
    """Puts `~` and the lists of loops through filters that count."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  # found by this name
        """Join through a filter."""
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), JOINED)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  # found by this name
        """Count the items, and the literal text that each brings."""
        self.generic_visit(node)
        literal = sum(
            len(text.data) for part in node.body for text in part.find_all(nodes.TemplateData)
        )
        node.iter = _filtered(
            cast("nodes.Expr", node.iter), LOOPED, nodes.Const(literal, lineno=node.lineno)
        )
        return node


def _filtered(node: nodes.Expr, name: str, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


def _environment() -> _Environment:
    made = _Environment(
        undefined=Missing,
        finalize=_shown,
        autoescape=False,
        keep_trailing_newline=True,
        cache_size=0,
        optimized=False,
    )
    made.globals.clear()
    made.globals["range"] = number_range
    made.filters.clear()
    made.tests.clear()
    for name, function in PLAIN_FILTERS.items():
        made.filters[name] = _strict(name, function, FILTERS[name])
    for name, function in PLAIN_TESTS.items():
        made.tests[name] = _strict(name, function, TESTS[name])
    made.filters.update(_RUNNING_FILTERS)
    made.tests["defined"] = lambda value: not isinstance(value, Undefined)
    made.tests["undefined"] = lambda value: isinstance(value, Undefined)
    return made


_RUNNING_FILTERS: Mapping[str, Callable[..., object]] = {
    "default": _default,
    "d": _default,
    "map": _map,
    "select": _selection("select", keep=True, by_attribute=False),
    "reject": _selection("reject", keep=False, by_attribute=False),
    "selectattr": _selection("selectattr", keep=True, by_attribute=True),
    "rejectattr": _selection("rejectattr", keep=False, by_attribute=True),
    JOINED: _joined,
    LOOPED: _looped,
}

ENVIRONMENT: Final = _environment()

"""Arguments that are written out in a template and that no value could make work.

`truncate('x')` fails whatever it is given. What an argument means only the filter itself knows, so
it is tried: on a value that fits, with the arguments as they stand.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from jinja2 import nodes

from flowrun.expression.terms import Refused

_FITTING: Mapping[str, object] = MappingProxyType(
    {
        **dict.fromkeys(("truncate", "indent", "replace", "split", "tojson", "trim"), ""),
        **dict.fromkeys(("startswith", "endswith"), ""),
        **dict.fromkeys(("round", "divisibleby"), 0),
    }
)
"""By filter or test, a value that it takes."""

_UNFIT = "the values do not fit together"


class _Unknown(Exception):
    """A value that only a run knows."""


def always_fails(node: nodes.Filter | nodes.Test, function: Callable[..., object]) -> str | None:
    """Return why a filter or test fails for every value, or None when it need not."""
    if node.name not in _FITTING:
        return None
    try:
        given = [_constant(one) for one in node.args]
        named = {str(one.key): _constant(one.value) for one in node.kwargs}
    except _Unknown:
        return None
    try:
        function(_FITTING[node.name], *given, **named)
    except Refused as no:
        return str(no)
    except ZeroDivisionError:
        return "division by zero"
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
        return _UNFIT
    return None


def range_fails(node: nodes.Call, function: Callable[..., object]) -> str | None:
    """Return why a call of `range` fails whatever the values, or None when it need not."""
    if node.dyn_args or node.dyn_kwargs:
        return None
    if node.kwargs or not 1 <= len(node.args) <= 3:
        return "`range` expects one to three whole numbers"
    try:
        function(*[_constant(one) for one in node.args])
    except _Unknown:
        return None
    except Refused as no:
        return str(no)
    except ValueError:
        return "the step of `range` must not be 0"
    return None


def _constant(node: nodes.Node) -> object:
    match node:
        case nodes.Const():
            return node.value
        case nodes.Neg(node=nodes.Const(value=int() | float() as value)):
            return -value
        case _:
            raise _Unknown

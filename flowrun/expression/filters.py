"""What the filters and tests do: plain functions on JSON values.

The names and their meaning are in `expression.words`; those that need the running evaluation
(`map`, `select`, `default`, ...) are in `expression.sandbox`. Every function bounds what it makes.
"""

# ruff: noqa: FBT001, FBT002, FBT003  # templates pass flags by position: `sort(true)`

import json
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import quote

from flowrun.expression.lookup import (
    ABSENT,
    TEXT_LIMIT,
    TOO_LONG,
    absence,
    dump,
    find,
    show,
    wants,
)
from flowrun.expression.terms import Refused

_WORD = re.compile(r"\w+")
_DIGITS_LIMIT = 1000
_WIDTH_LIMIT = 200
_PRECISION_LIMIT = 30
_NOT_JSON = "`fromjson` expects a JSON text"
_NO_SEPARATOR = "`split` expects a separator that is not empty"
_EMPTY = "expects a list that is not empty"


def text(value: object, what: str) -> str:
    """Return a text, or refuse: `what` is the filter or test that wants one."""
    if isinstance(value, str):
        return value
    raise Refused(wants(what, "a text", value))


def number(value: object, what: str) -> int | float:
    """Return a number that is neither true nor false, or refuse."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise Refused(wants(what, "a number", value))


def whole(value: object, what: str) -> int:
    """Return a whole number, or refuse."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Refused(wants(what, "a whole number", value))


def items_of(value: object, what: str) -> list[object]:
    """Return the items of a list, the keys of an object or the characters of a text, or refuse."""
    if isinstance(value, (str, Mapping, Sequence)):
        return list(value)
    raise Refused(wants(what, "a list", value))


def attribute_of(value: object, path: object) -> object:
    """Return the part of a value under `a.b.0` or an index; `lookup.ABSENT` if there is none."""
    if isinstance(path, int):
        return find(value, path)
    for key in text(path, "attribute").split("."):
        value = find(value, int(key) if key.isdigit() else key)
    return value


def _outside(what: str, number_of: str, limit: int) -> str:
    return f"`{what}` expects {number_of} from 0 to {limit}"


def bounded(value: str) -> str:
    """Return the text, or refuse it for its length."""
    if len(value) > TEXT_LIMIT:
        raise Refused(TOO_LONG)
    return value


def _upper(value: object) -> str:
    return text(value, "upper").upper()


def _lower(value: object) -> str:
    return text(value, "lower").lower()


def _capitalize(value: object) -> str:
    return text(value, "capitalize").capitalize()


def _title(value: object) -> str:
    return re.sub(r"\S+", lambda word: word[0].capitalize(), text(value, "title"))


def _trim(value: object, chars: str | None = None) -> str:
    return text(value, "trim").strip(chars)


def _replace(value: object, old: object, new: object, count: int = -1) -> str:
    whole_text, was, becomes = (text(one, "replace") for one in (value, old, new))
    found = whole_text.count(was)
    times = found if count < 0 else min(found, whole(count, "replace"))
    if len(whole_text) + times * (len(becomes) - len(was)) > TEXT_LIMIT:
        raise Refused(TOO_LONG)
    return whole_text.replace(was, becomes, count)


def _split(value: object, separator: str | None = None, limit: int = -1) -> list[str]:
    if separator == "":
        raise Refused(_NO_SEPARATOR)
    return text(value, "split").split(separator, limit)


def _lines(value: object) -> list[str]:
    return text(value, "lines").splitlines()


def _truncate(value: object, length: int = 255, end: str = "…") -> str:
    whole_text = text(value, "truncate")
    room = whole(length, "truncate")
    if len(whole_text) <= room:
        return whole_text
    return whole_text[: max(0, room - len(end))] + end


def _indent(value: object, width: int = 4, first: bool = False) -> str:
    if not 0 <= whole(width, "indent") <= _WIDTH_LIMIT:
        raise Refused(_outside("indent", "a width", _WIDTH_LIMIT))
    lines = text(value, "indent").split("\n")
    space = " " * width
    bounded("".join(lines) + space * min(len(lines), TEXT_LIMIT // max(width, 1) + 1))
    indented = "\n".join([space + line if line else line for line in lines[1:]])
    start = (space if first else "") + lines[0]
    return f"{start}\n{indented}" if len(lines) > 1 else start


def _wordcount(value: object) -> int:
    return len(_WORD.findall(text(value, "wordcount")))


def _urlencode(value: object) -> str:
    return quote(show(value), safe="")


def _int(value: object, default: object = 0) -> object:
    if isinstance(value, (bool, int, float)):
        return int(value) if math.isfinite(value) else default
    if not isinstance(value, str) or len(value) > _DIGITS_LIMIT:
        return default
    try:
        return int(value)
    except ValueError:
        return _int(_float(value, None), default)


def _float(value: object, default: object = 0.0) -> object:
    if not isinstance(value, (bool, int, float, str)):
        return default
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return default
    return found if math.isfinite(found) else default


_ROUNDING: Mapping[str, Callable[[float], float]] = {"ceil": math.ceil, "floor": math.floor}


def _round(value: object, precision: int = 0, method: str = "common") -> float:
    found = number(value, "round")
    if not 0 <= whole(precision, "round") <= _PRECISION_LIMIT:
        raise Refused(_outside("round", "a precision", _PRECISION_LIMIT))
    if method == "common":
        return round(float(found), precision)
    if method not in _ROUNDING:
        raise Refused(wants("round", "'common', 'ceil' or 'floor'", method))
    scale = 10.0**precision
    return float(_ROUNDING[method](found * scale) / scale)


def _abs(value: object) -> int | float:
    return abs(number(value, "abs"))


def _length(value: object) -> int:
    if isinstance(value, (str, Mapping, Sequence)):
        return len(value)
    raise Refused(wants("length", "a list, an object or a text", value))


def _list(value: object) -> list[object]:
    return items_of(value, "list")


def _reverse(value: object) -> object:
    return value[::-1] if isinstance(value, str) else items_of(value, "reverse")[::-1]


def _join(value: object, separator: object = "", attribute: object = None) -> str:
    between = show(separator)
    parts = [show(one) for one in chosen(items_of(value, "join"), attribute)]
    size = sum(map(len, parts)) + len(between) * max(0, len(parts) - 1)
    if size > TEXT_LIMIT:
        raise Refused(TOO_LONG)
    return between.join(parts)


def _sort(
    value: object,
    reverse: bool = False,
    case_sensitive: bool = False,
    attribute: object = None,
) -> list[object]:
    key = _sort_key(case_sensitive=case_sensitive, attribute=attribute)
    return sorted(items_of(value, "sort"), key=key, reverse=reverse)  # type: ignore[arg-type]  # unlike values are refused by whoever runs this


def _unique(
    value: object,
    case_sensitive: bool = False,
    attribute: object = None,
) -> list[object]:
    kept: dict[str, object] = {}
    for one in items_of(value, "unique"):
        key = _part(one, attribute)
        folded = key if case_sensitive or not isinstance(key, str) else key.lower()
        kept.setdefault(dump(folded), one)
    return list(kept.values())


def _sum(value: object, attribute: object = None, start: float = 0) -> int | float:
    total = number(start, "sum")
    for one in chosen(items_of(value, "sum"), attribute):
        total += number(one, "sum")
    return total


def _min(value: object, case_sensitive: bool = False, attribute: object = None) -> object:
    ordered = _sort(value, False, case_sensitive, attribute)
    return _end(ordered, 0, "min")


def _max(value: object, case_sensitive: bool = False, attribute: object = None) -> object:
    ordered = _sort(value, False, case_sensitive, attribute)
    return _end(ordered, -1, "max")


def _first(value: object) -> object:
    return _end(items_of(value, "first"), 0, "first")


def _last(value: object) -> object:
    return _end(items_of(value, "last"), -1, "last")


def _end(values: list[object], at: int, what: str) -> object:
    if not values:
        raise Refused(f"`{what}` {_EMPTY}")
    return values[at]


def _items(value: object) -> list[list[object]]:
    return [[key, one] for key, one in _mapping(value, "items").items()]


def _keys(value: object) -> list[object]:
    return list(_mapping(value, "keys"))


def _values(value: object) -> list[object]:
    return list(_mapping(value, "values").values())


def _mapping(value: object, what: str) -> Mapping[object, object]:
    if isinstance(value, Mapping):
        return value
    raise Refused(wants(what, "an object", value))


def _tojson(value: object, indent: int | None = None) -> str:
    if indent is not None and not 0 <= whole(indent, "tojson") <= 8:
        raise Refused(_outside("tojson", "an indent", 8))
    return dump(value, indent)


def _fromjson(value: object) -> object:
    try:
        return json.loads(text(value, "fromjson"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as wrong:
        raise Refused(_NOT_JSON) from wrong


def _no_constant(name: str) -> object:
    raise ValueError(name)


def chosen(values: Iterable[object], attribute: object) -> list[object]:
    """Return the values, or the named part of each."""
    return [_part(one, attribute) for one in values]


def _part(value: object, attribute: object) -> object:
    if attribute is None:
        return value
    found = attribute_of(value, attribute)
    if found is ABSENT:
        raise Refused(absence(value, attribute))
    return found


def _sort_key(*, case_sensitive: bool, attribute: object) -> Callable[[object], object]:
    def key(value: object) -> object:
        part = _part(value, attribute)
        return part if case_sensitive or not isinstance(part, str) else part.lower()

    return key


PLAIN_FILTERS: Mapping[str, Callable[..., object]] = {
    "upper": _upper,
    "lower": _lower,
    "capitalize": _capitalize,
    "title": _title,
    "trim": _trim,
    "replace": _replace,
    "split": _split,
    "lines": _lines,
    "truncate": _truncate,
    "indent": _indent,
    "wordcount": _wordcount,
    "urlencode": _urlencode,
    "string": show,
    "int": _int,
    "float": _float,
    "round": _round,
    "abs": _abs,
    "length": _length,
    "count": _length,
    "first": _first,
    "last": _last,
    "join": _join,
    "list": _list,
    "sort": _sort,
    "unique": _unique,
    "reverse": _reverse,
    "sum": _sum,
    "min": _min,
    "max": _max,
    "items": _items,
    "keys": _keys,
    "values": _values,
    "tojson": _tojson,
    "fromjson": _fromjson,
}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_in(value: object, values: object) -> bool:
    if isinstance(values, str):
        return text(value, "in") in values
    return value in items_of(values, "in")


def _is_divisible(value: object, by: object) -> bool:
    return number(value, "divisibleby") % number(by, "divisibleby") == 0


_COMPARISONS: Mapping[str, Callable[..., object]] = {
    **dict.fromkeys(("eq", "equalto", "=="), operator.eq),
    **dict.fromkeys(("ne", "!="), operator.ne),
    **dict.fromkeys(("lt", "lessthan", "<"), operator.lt),
    **dict.fromkeys(("le", "<="), operator.le),
    **dict.fromkeys(("gt", "greaterthan", ">"), operator.gt),
    **dict.fromkeys(("ge", ">="), operator.ge),
}

PLAIN_TESTS: Mapping[str, Callable[..., object]] = {
    **_COMPARISONS,
    "none": lambda value: value is None,
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "float": lambda value: isinstance(value, float),
    "number": _is_number,
    "string": lambda value: isinstance(value, str),
    "mapping": lambda value: isinstance(value, Mapping),
    "sequence": lambda value: isinstance(value, Sequence),
    "iterable": lambda value: isinstance(value, (str, Mapping, Sequence)),
    "in": _is_in,
    "even": lambda value: whole(value, "even") % 2 == 0,
    "odd": lambda value: whole(value, "odd") % 2 == 1,
    "divisibleby": _is_divisible,
    "lower": lambda value: text(value, "lower").islower(),
    "upper": lambda value: text(value, "upper").isupper(),
    "startswith": lambda value, start: text(value, "startswith").startswith(text(start, "it")),
    "endswith": lambda value, end: text(value, "endswith").endswith(text(end, "it")),
}

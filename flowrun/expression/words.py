"""The filters and tests of the language: a closed list, each with one line for its users."""

from collections.abc import Mapping
from types import MappingProxyType

FILTERS: Mapping[str, str] = MappingProxyType(
    {
        # texts
        "upper": "The text in capitals.",
        "lower": "The text in small letters.",
        "capitalize": "The text with its first letter a capital and the rest small.",
        "title": "The text with every word capitalised.",
        "trim": "The text without surrounding white space, or without the given characters.",
        "replace": "`replace(old, new)`: every `old` replaced; `count=` limits how many.",
        "split": "`split(separator)`: a list of texts; at white space without a separator.",
        "lines": "The lines of a text as a list.",
        "truncate": "`truncate(length, end='…')`: at most so many characters, the end included.",
        "indent": "`indent(width=4, first=false)`: every line indented, the first only if asked.",
        "wordcount": "How many words the text has.",
        "urlencode": "The text as a part of a URL.",
        "string": "The value as it is shown inside a text.",
        # numbers
        "int": "`int(default=0)`: the value as a whole number, the default if it is none.",
        "float": "`float(default=0.0)`: the value as a number, the default if it is none.",
        "round": "`round(precision=0, method='common')`: rounded; also 'ceil' and 'floor'.",
        "abs": "The number without its sign.",
        # lists
        "length": "How many items, keys or characters there are.",
        "count": "The same as `length`.",
        "first": "The first item.",
        "last": "The last item.",
        "join": "`join(separator='', attribute=none)`: the items as one text.",
        "list": "A list of the items, keys or characters.",
        "sort": "`sort(reverse=false, case_sensitive=false, attribute=none)`: sorted items.",
        "unique": "`unique(case_sensitive=false, attribute=none)`: each item once.",
        "reverse": "The items or characters from last to first.",
        "sum": "`sum(attribute=none, start=0)`: the items added up.",
        "min": "`min(case_sensitive=false, attribute=none)`: the smallest item.",
        "max": "`max(case_sensitive=false, attribute=none)`: the largest item.",
        "map": "`map('filter', ...)` or `map(attribute='name', default=...)`: each item changed.",
        "select": "`select('test', ...)`: the items that pass the test.",
        "reject": "`reject('test', ...)`: the items that do not pass the test.",
        "selectattr": "`selectattr('name', 'test', ...)`: the items whose attribute passes.",
        "rejectattr": "`rejectattr('name', 'test', ...)`: the items whose attribute does not.",
        # objects
        "items": "Pairs of key and value.",
        "keys": "The keys of an object.",
        "values": "The values of an object.",
        # JSON
        "tojson": "`tojson(indent=none)`: the value as JSON.",
        "fromjson": "The value that a JSON text says.",
        # absence
        "default": "`default(value='', boolean=false)`: instead of what is missing (or false).",
        "d": "The same as `default`.",
    }
)

TESTS: Mapping[str, str] = MappingProxyType(
    {
        "defined": "It is there.",
        "undefined": "It is missing.",
        "none": "It is null.",
        "true": "It is true.",
        "false": "It is false.",
        "boolean": "It is true or false.",
        "integer": "It is a whole number.",
        "float": "It is a number with a fraction part.",
        "number": "It is a number.",
        "string": "It is a text.",
        "mapping": "It is an object.",
        "sequence": "It is a list or a text.",
        "iterable": "It is a list, an object or a text.",
        "in": "`in(values)`: it is one of them.",
        "eq": "`eq(value)`: equal; also `equalto` and `==`.",
        "equalto": "The same as `eq`.",
        "==": "The same as `eq`.",
        "ne": "`ne(value)`: not equal; also `!=`.",
        "!=": "The same as `ne`.",
        "lt": "`lt(value)`: less; also `lessthan` and `<`.",
        "lessthan": "The same as `lt`.",
        "<": "The same as `lt`.",
        "le": "`le(value)`: less or equal; also `<=`.",
        "<=": "The same as `le`.",
        "gt": "`gt(value)`: greater; also `greaterthan` and `>`.",
        "greaterthan": "The same as `gt`.",
        ">": "The same as `gt`.",
        "ge": "`ge(value)`: greater or equal; also `>=`.",
        ">=": "The same as `ge`.",
        "even": "It is even.",
        "odd": "It is odd.",
        "divisibleby": "`divisibleby(number)`: no remainder is left.",
        "lower": "All its letters are small.",
        "upper": "All its letters are capitals.",
        "startswith": "`startswith(text)`: it begins so.",
        "endswith": "`endswith(text)`: it ends so.",
    }
)

_TEXT = frozenset({"string"})
_NUMBER = frozenset({"integer", "number"})
_MANY = frozenset({"string", "array", "object"})
TAKES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(("upper", "lower", "capitalize", "title", "trim", "replace"), _TEXT),
        **dict.fromkeys(("split", "lines", "truncate", "indent", "wordcount", "fromjson"), _TEXT),
        **dict.fromkeys(("round", "abs"), _NUMBER),
        **dict.fromkeys(("items", "keys", "values"), frozenset({"object"})),
        **dict.fromkeys(("length", "count", "first", "last", "join", "list", "sort"), _MANY),
        **dict.fromkeys(("unique", "reverse", "sum", "min", "max", "map", "for"), _MANY),
        **dict.fromkeys(("select", "reject", "selectattr", "rejectattr"), _MANY),
    }
)
"""By filter, the JSON types that it takes; a filter that takes any is not here."""

FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {"range": "`range(stop)` or `range(start, stop, step)`: whole numbers, at most 10,000."}
)

RESERVED = frozenset({"inputs", "steps", "run", "env", "args"})
"""Names that a template cannot assign to, so that what it refers to is known beforehand. `item` and
`index` are not among them: everybody's loops are written `{% for item in ... %}`."""

"""The author's words for what was expected and for what was found."""

import re
from collections.abc import Mapping, Sequence

from flowrun.errors import plural
from flowrun.spec.plain import Plain

_LONGEST = 40
_YES = frozenset(("yes", "on", "true"))
_NO = frozenset(("no", "off", "false"))

_TYPES: Mapping[str, str] = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

_LIMITS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
    "string_too_long": ("at most", "max_length"),
    "string_too_short": ("at least", "min_length"),
    "too_long": ("at most", "max_length"),
    "too_short": ("at least", "min_length"),
}

_PATTERNS: Mapping[str, str] = {
    r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$": "a duration such as `30s`, `500ms`, `5m` or `1h`",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "a name of letters, digits and `_`",
    r"^[a-z][a-z0-9_-]*$": "a name of small letters, digits, `_` and `-`, a letter first",
    r"^[a-z][a-z0-9_]*$": "a name of small letters, digits and `_`, a letter first",
    r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$": "`module:function`",
    r"^https?://[^/\s]+": "an address that begins with `http://` or `https://`",
}


def found(value: Plain) -> str:
    """Return what the author wrote, short enough for a sentence."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number `{value}`"
        case str():
            return f"the text `{clip(value)}`" if value else "an empty text"
        case list():
            return "a list" if value else "an empty list"
        case dict():
            return "a mapping" if value else "an empty mapping"


def kind_of(value: Plain) -> str:
    """Return what kind of value the author wrote, for places that may hold a secret."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "`true` or `false`"
        case int() | float():
            return "a number"
        case str():
            return "another text"
        case list():
            return "a list"
        case dict():
            return "a mapping"


def clip(text: str) -> str:
    """Return a text on one line, its end cut off when it is long."""
    line = " ".join(text.split()).replace("`", "'")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def wrong_type(kind: str) -> str | None:
    """Return what was expected, when the complaint is about the type of a value."""
    return _TYPES.get(kind)


def pattern_meaning(pattern: str) -> str:
    """Return what a text that matches the pattern is called."""
    return _PATTERNS.get(pattern, f"a text of the form `{pattern}`")


def limit(kind: str, context: Mapping[str, object], value: Plain) -> tuple[str, str] | None:
    """Return what was expected and what was found, when a value is out of bounds."""
    if kind not in _LIMITS:
        return None
    words, name = _LIMITS[kind]
    bound = context[name]
    if name in {"ge", "gt", "le", "lt"}:
        return f"{words} {_number(bound)}", found(value)
    if bound == 1 and kind.endswith("short"):
        return "filled", found(value)
    unit = "character" if isinstance(value, str) else "item"
    size = len(value) if isinstance(value, str | list | dict) else 0
    return f"{words} {plural(int(str(bound)), unit)} long", str(size)


def choices(words: str) -> str:
    """Return `'a', 'b' or 'c'` with backticks for quotes."""
    return re.sub(r"'([^']*)'", r"`\1`", words)


def choice_names(words: str) -> Sequence[str]:
    """Return the texts that may be chosen."""
    return re.findall(r"'([^']*)'", words)


def type_hint(kind: str, value: Plain) -> str | None:
    """Return what to do about a value of the wrong type, where YAML is known to mislead."""
    hint: str | None = None
    match kind, value:
        case _, None:
            hint = "give it a value, or remove the key"
        case "string_type", bool() | int() | float():
            hint = f"put it in quotes: {_quoted(value)}"
        case "bool_type", str() if value.lower() in _YES | _NO:
            hint = f"write `{str(value.lower() in _YES).lower()}`, without quotes"
        case "int_type" | "float_type", str() if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
            hint = f"write `{value}`, without quotes"
        case "dict_type" | "model_type" | "model_attributes_type", list():
            hint = "write `name: value` in each line, without dashes"
        case "list_type", str() | int() | float():
            hint = f"write a list: `[{clip(str(value))}]`"
        case _:
            pass
    return hint


def _quoted(value: object) -> str:
    return f'`"{str(value).lower()}"`'


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)

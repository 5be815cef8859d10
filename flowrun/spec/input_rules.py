"""Rules of a declared input: its constraints go with its type, and its default fits them."""

import re
from collections.abc import Iterator, Mapping

from flowrun.spec.grammar import Fault
from flowrun.spec.plain import Plain
from flowrun.spec.spans import DocPath
from flowrun.spec.wording import clip, found

_NUMBERS = ("integer", "number")
GOES_WITH: Mapping[str, tuple[str, ...]] = {
    "minimum": _NUMBERS,
    "maximum": _NUMBERS,
    "minLength": ("string",),
    "maxLength": ("string",),
    "pattern": ("string",),
    "items": ("array",),
    "properties": ("object",),
    "required": ("object",),
}
_WORDS: Mapping[str, str] = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a mapping",
}


def input_faults(path: DocPath, declared: Mapping[str, Plain]) -> Iterator[Fault]:
    """Yield what is wrong with one input beyond the types of its keys."""
    kind = declared.get("type")
    if not isinstance(kind, str) or kind not in _WORDS:
        return
    name = f"input `{path[-1]}`"
    for key in declared:
        if key in GOES_WITH and kind not in GOES_WITH[key]:
            yield _misplaced(path, key, kind)
    yield from _pattern_faults(path, declared, name)
    yield from _crossed(path, declared, name)
    if "default" in declared:
        yield from _value_faults((*path, "default"), declared, f"`default` of {name}")
    choices = declared.get("enum")
    if choices == []:
        yield _wrong((*path, "enum"), f"`enum` of {name} must list a value, found an empty list")
    if isinstance(choices, list):
        for number, one in enumerate(choices):
            if not fits_type(one, kind):
                message = f"item {number + 1} of `enum` of {name} must be {_WORDS[kind]}"
                yield _wrong((*path, "enum", number), f"{message}, found {found(one)}")


def fits_type(value: Plain, kind: str) -> bool:
    """Tell whether a value is of a JSON Schema type; `true` is no number."""
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case _:
            return isinstance(value, dict)


def _misplaced(path: DocPath, key: str, kind: str) -> Fault:
    owners = " or ".join(f"`{one}`" for one in GOES_WITH[key])
    return Fault(
        path=(*path, key),
        code="bind/unknown-key",
        message=f"input `{path[-1]}` is of type `{kind}` and has no key `{key}`",
        at="key",
        label=f"not for `{kind}`",
        hint=f"remove it; `{key}` goes with {owners}",
        loses=(*path, key),
    )


def _crossed(path: DocPath, declared: Mapping[str, Plain], name: str) -> Iterator[Fault]:
    """Bounds that no value is between."""
    for least, most in (("minimum", "maximum"), ("minLength", "maxLength")):
        low, high = declared.get(least), declared.get(most)
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            yield Fault(
                path=(*path, most),
                code="bind/wrong-value",
                message=f"`{most}` of {name} must be at least its `{least}` {low}, found {high}",
                related=(((*path, least), "the lower bound"),),
                loses=(*path, most),
            )


def _pattern_faults(path: DocPath, declared: Mapping[str, Plain], name: str) -> Iterator[Fault]:
    pattern = declared.get("pattern")
    if not isinstance(pattern, str):
        return
    try:
        re.compile(pattern)
    except re.error as problem:
        message = f"`pattern` of {name} must be a regular expression, found {found(pattern)}"
        where = (*path, "pattern")
        yield Fault(
            path=where,
            code="bind/wrong-value",
            message=message,
            hint=f"correct it: {problem.msg}",
            loses=where,
        )


def _value_faults(path: DocPath, declared: Mapping[str, Plain], noun: str) -> Iterator[Fault]:
    value, kind = declared["default"], str(declared["type"])
    if not fits_type(value, kind):
        yield _wrong(path, f"{noun} must be {_WORDS[kind]}, found {found(value)}")
        return
    choices = declared.get("enum")
    if isinstance(choices, list) and choices and value not in choices:
        allowed = ", ".join(f"`{clip(str(one))}`" for one in choices)
        yield _wrong(path, f"{noun} must be one of {allowed}, found {found(value)}")
    yield from _bound_faults(path, declared, noun)


def _bound_faults(path: DocPath, declared: Mapping[str, Plain], noun: str) -> Iterator[Fault]:
    value = declared["default"]
    size = len(value) if isinstance(value, str) else value
    unit = " characters long" if isinstance(value, str) else ""
    least, most = ("minLength", "maxLength") if unit else ("minimum", "maximum")
    if isinstance(size, bool) or not isinstance(size, int | float):
        return
    low, high = declared.get(least), declared.get(most)
    if isinstance(low, int | float) and size < low:
        yield _wrong(path, f"{noun} must be at least {low}{unit}, found {size}")
    if isinstance(high, int | float) and size > high:
        yield _wrong(path, f"{noun} must be at most {high}{unit}, found {size}")


def _wrong(path: DocPath, message: str) -> Fault:
    """A wrong default costs the default alone; the input itself is known."""
    return Fault(path=path, code="bind/wrong-value", message=message, loses=path[:3])

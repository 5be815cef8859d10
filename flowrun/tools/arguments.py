"""Hold a call's arguments to the tool's JSON Schema, and say in plain words what does not fit."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias, cast

from flowrun.errors import name_list
from flowrun.ids import JsonObject, JsonValue

_COMPLAINTS_MAX = 5
_EXCERPT_MAX = 120

Path: TypeAlias = Sequence[str | int]


class CannotLoad(Exception):
    """Why a tool cannot be loaded; raised while loading only, and caught by the runner."""


class DoesNotFit(Exception):
    """Arguments that the tool does not take; the message names them and what is expected."""


class ArgumentSchema:
    """A tool's `parameters`, compiled once."""

    def __init__(self, parameters: JsonObject) -> None:
        """Compile.

        Raises:
            CannotLoad: the schema is not one, or refers to another file or address.
        """
        self._parameters = parameters
        self._validator = _compile(parameters)
        self._defaults = _defaults(parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the declared arguments."""
        return tuple(_properties(self._parameters))

    @property
    def is_closed(self) -> bool:
        """Whether there are no arguments but the declared ones."""
        return self._parameters.get("additionalProperties") is False

    def leave_defaults_of(self, names: frozenset[str]) -> None:
        """Let these arguments be filled in by whoever is called."""
        kept = {name: one for name, one in self._defaults.items() if name not in names}
        self._defaults = kept

    def complete(self, arguments: JsonObject) -> dict[str, JsonValue]:
        """Return the arguments with the schema's defaults filled in.

        Raises:
            DoesNotFit: they are not what the schema admits.
        """
        complete = {**self._defaults, **arguments}
        try:
            return self._held_to_the_schema(complete)
        except UnicodeEncodeError:  # half a character, which JSON can say and nothing else takes
            message = "the arguments are not valid Unicode text"
        except (ValueError, RecursionError):
            message = "the arguments are nested too deeply, or are not JSON"
        raise DoesNotFit(message)

    def _held_to_the_schema(self, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        try:
            fits = self._validator.is_valid(arguments)
        except ValueError:
            # JSON in other types (a tuple, a view of a mapping), which a model never sends.
            arguments = {name: _plain(one) for name, one in arguments.items()}
            fits = self._validator.is_valid(arguments)
        if not fits:
            raise DoesNotFit("; ".join(self._complaints(arguments)))
        return arguments

    def _complaints(self, arguments: dict[str, JsonValue]) -> list[str]:
        errors = sorted(
            self._validator.iter_errors(arguments),
            key=lambda one: ([str(part) for part in one.instance_path], one.message),
        )
        said = [self._complaint(one) for one in errors[:_COMPLAINTS_MAX]]
        if len(errors) > _COMPLAINTS_MAX:
            said.append(f"and {len(errors) - _COMPLAINTS_MAX} more")
        return said

    def _complaint(self, error: "_Violation") -> str:
        path = error.instance_path
        match error.kind.name:
            case "required":
                return f"{argument_at([*path, str(error.kind.value)])} is required"
            case "additionalProperties":
                return self._unknown(path, cast("list[str]", error.kind.value))
            case "anyOf" | "oneOf":
                expected = self._alternatives(error.schema_path)
            case name if name in _EXPECTED:
                expected = _EXPECTED[name](error.kind.value)
            case _:
                return f"{argument_at(path)}: {_bounded(error.message)}"
        return f"{argument_at(path)}: expected {expected}, found {excerpt(error.instance)}"

    def _unknown(self, path: Path, names: Sequence[str]) -> str:
        said = ", ".join(argument_at([*path, name]) for name in names)
        verb = "is" if len(names) == 1 else "are"
        known = f" (known: {name_list(self.names)})" if self.names and not path else ""
        return f"{said} {verb} not known{known}"

    def _alternatives(self, schema_path: Path) -> str:
        at: object = self._parameters
        for part in schema_path:
            if isinstance(at, Mapping):
                at = at.get(part)
            elif isinstance(at, Sequence) and isinstance(part, int):
                at = at[part]
        named = [_named(one) for one in at] if isinstance(at, Sequence) else []
        return " or ".join(one for one in named if one) or "one of the declared forms"


def argument_at(path: Iterable[str | int]) -> str:
    """Return "argument `when.days[0]`" for a path into the arguments."""
    said = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"argument `{said.removeprefix('.')}`" if said else "the arguments"


def excerpt(value: object) -> str:
    """Return a value as JSON in backticks, cut where it gets long."""
    return f"`{_bounded(json.dumps(value, ensure_ascii=False, default=str))}`"


class _Kind(Protocol):
    """The keyword that was violated, and what it wants."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> object: ...


class _Violation(Protocol):
    """One thing that is wrong, as the validator reports it."""

    @property
    def message(self) -> str: ...
    @property
    def kind(self) -> _Kind: ...
    @property
    def instance(self) -> object: ...
    @property
    def instance_path(self) -> list[str | int]: ...
    @property
    def schema_path(self) -> list[str | int]: ...


class _Validator(Protocol):
    """A compiled schema."""

    def is_valid(self, instance: dict[str, JsonValue]) -> bool: ...
    def iter_errors(self, instance: dict[str, JsonValue]) -> Iterator[_Violation]: ...


def _one_of(values: object) -> str:
    listed = values if isinstance(values, Sequence) else [values]
    return "one of " + ", ".join(excerpt(one) for one in listed)


def _types(names: object) -> str:
    return names if isinstance(names, str) else " or ".join(sorted(cast("list[str]", names)))


_EXPECTED: Mapping[str, Callable[[object], str]] = {
    "type": _types,
    "enum": _one_of,
    "const": excerpt,
    "pattern": lambda pattern: f"text that matches {excerpt(pattern)}",
}


def _bounded(text: str) -> str:
    return text if len(text) <= _EXCERPT_MAX else text[:_EXCERPT_MAX] + "…"


def _compile(parameters: JsonObject) -> _Validator:
    # Loaded by the first tool, not by whoever imports this module.
    from jsonschema_rs import validator_for

    schema = {name: _plain(one) for name, one in parameters.items()}
    try:
        return validator_for(schema, retriever=_refuse_to_fetch)
    except ValueError as error:
        reason = _bounded(str(error).partition("\n")[0])
        message = f"`parameters` is not a JSON Schema: {reason}"
        raise CannotLoad(message) from error


def _refuse_to_fetch(uri: str, /) -> None:
    message = f"`{uri}` is outside the schema"
    raise ValueError(message)


def _plain(value: JsonValue) -> JsonValue:
    """Return the same JSON made of plain mappings and lists."""
    match value:
        case Mapping():
            return {name: _plain(one) for name, one in value.items()}
        case Sequence() if not isinstance(value, str):
            return [_plain(one) for one in value]
        case _:
            return value


def _properties(parameters: JsonObject) -> Mapping[str, JsonValue]:
    declared = parameters.get("properties")
    return declared if isinstance(declared, Mapping) else {}


def _defaults(parameters: JsonObject) -> dict[str, JsonValue]:
    return {
        name: schema["default"]
        for name, schema in _properties(parameters).items()
        if isinstance(schema, Mapping) and "default" in schema
    }


def _named(schema: object) -> str:
    if not isinstance(schema, Mapping):
        return ""
    if "const" in schema:
        return excerpt(schema["const"])
    if "enum" in schema:
        return _one_of(schema["enum"])
    return _types(schema.get("type", ""))

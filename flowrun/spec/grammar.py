"""What binding must know of a kind of file beside its models: names for places, and repairs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel

from flowrun.spec.plain import Plain
from flowrun.spec.spans import DocPath

EVERY = "*"
"""In a pattern: any key or item. In a list of dropped names: all of that section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong at a path; it becomes a diagnostic where that path has a place."""

    path: DocPath
    code: str
    message: str
    at: Literal["key", "value", "opening"] = "value"
    label: str = ""
    hint: str | None = None
    loses: DocPath | None = None
    """What must be left out for the rest to be sound; None when nothing must."""
    related: tuple[tuple[DocPath, str], ...] = ()
    """Keys or items that explain it, and what to write beside them."""
    about: str = ""
    """The key that is missing, or that an unknown key was meant to be."""
    silent: bool = False
    """Something is lost by a mistake that another fault tells of."""


@dataclass(frozen=True, slots=True)
class Place:
    """One mapping with known keys."""

    pattern: tuple[str, ...]
    noun: str
    """As in `step {}`; the braces take what stood for the asterisks, items counted from 1."""
    model: type[BaseModel] | None
    """None where the keys are not known after all."""
    not_yet: frozenset[str] = frozenset()
    """Keys of the language that this release refuses."""

    def keys(self) -> frozenset[str]:
        """Return the keys that it may have, as they are written."""
        return frozenset() if self.model is None else written_keys(self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """A kind of file."""

    model: type[BaseModel]
    places: tuple[Place, ...]
    """The first is the root."""
    sections: frozenset[str]
    """Top-level mappings of name to definition: a bad definition is dropped by its name."""
    lists: frozenset[str] = frozenset()
    """Top-level lists of names: a bad item is dropped alone."""
    harmless: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By section, keys that can be left out of a definition without misleading later stages."""
    placeholders: Mapping[str, Plain] = field(default_factory=dict)
    """By top-level key, what stands in for a bad value."""
    free: Callable[[DocPath], bool]
    """Tells whether a path lies inside data that are the author's own, where null is a value."""
    rules: Callable[[Mapping[str, Plain]], Iterator[Fault]]
    """What the models cannot say; given the whole file, whatever it holds."""

    def place(self, path: DocPath) -> tuple[Place, int]:
        """Return the innermost mapping with known keys on a path, and how much of it that takes."""
        best, length = self.places[0], 0
        for place in self.places[1:]:
            size = len(place.pattern)
            if length < size <= len(path) and _matches(place.pattern, path):
                best, length = place, size
        return best, length

    def noun(self, path: DocPath) -> str:
        """Return what people call the thing at a path: `step x`, `` `timeout` of tool `t` ``."""
        place, length = self.place(path)
        owner = _fill(place, path)
        rest = path[length:]
        if not rest:
            return owner
        *above, last = rest
        if isinstance(last, int):
            return f"item {last + 1} of {self.noun(path[:-1])}"
        if any(isinstance(one, int) for one in above):
            return f"`{last}` of {self.noun(path[:-1])}"
        words = f"`{'.'.join(str(one) for one in rest)}`"
        return f"{words} of {owner}" if length else words

    def part(self, path: DocPath) -> DocPath:
        """Return the smallest part around a bad value that can be left out."""
        section = str(path[0])
        if section in self.sections and len(path) > 1:
            if len(path) > 2 and path[2] in self.harmless.get(section, ()):
                return path[:3]
            return path[:2]
        if section in self.lists and len(path) > 1:
            return path[:2]
        return path[:1]


def written_keys(model: type[BaseModel]) -> frozenset[str]:
    """Return the keys of a model as they are written in YAML."""
    return frozenset(one.alias or name for name, one in model.model_fields.items())


def _matches(pattern: tuple[str, ...], path: DocPath) -> bool:
    return all(want in (EVERY, have) for want, have in zip(pattern, path, strict=False))


def _fill(place: Place, path: DocPath) -> str:
    named = [
        str(part + 1) if isinstance(part, int) else f"`{part}`"
        for want, part in zip(place.pattern, path, strict=False)
        if want == EVERY
    ]
    return place.noun.format(*reversed(named))

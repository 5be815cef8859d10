"""Complaints of the models, said in the author's words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import ValidationError

from flowrun.source.diagnostic import suggest
from flowrun.spec import wording
from flowrun.spec.declaration import IDENTIFIER, NAME
from flowrun.spec.flow import ENVIRONMENT_NAME
from flowrun.spec.grammar import Fault, Grammar
from flowrun.spec.plain import Plain, find_leaves, is_endless, is_nothing
from flowrun.spec.spans import DocPath

_KEY = "[key]"
_NAME_PATTERNS = frozenset((NAME, IDENTIFIER, ENVIRONMENT_NAME))

_FOREIGN: Mapping[str, tuple[str, ...]] = {
    "agent": ("assistant",),
    "agents": ("assistants",),
    "approval": ("ask",),
    "approve": ("ask",),
    "args": ("with",),
    "arguments": ("with",),
    "bash": ("script",),
    "budget": ("limits",),
    "cmd": ("shell",),
    "command": ("shell",),
    "concurrency": ("max_parallel",),
    "condition": ("if",),
    "continue_on_error": ("on_error",),
    "depends_on": ("needs",),
    "each": ("foreach",),
    "environment": ("env",),
    "factor": ("backoff",),
    "for": ("foreach",),
    "for_each": ("foreach",),
    "form": ("schema",),
    "function": ("python",),
    "instruction": ("instructions",),
    "interval": ("delay",),
    "iterations": ("max",),
    "jobs": ("steps",),
    "loop": ("foreach", "repeat"),
    "max_iterations": ("max",),
    "max_retries": ("retry", "attempts"),
    "parallel": ("max_parallel",),
    "prompt": ("message",),
    "question": ("message", "ask"),
    "requires": ("needs",),
    "result": ("outputs",),
    "retries": ("retry", "attempts"),
    "run": ("script",),
    "schema": ("parameters",),
    "subflow": ("flow",),
    "system": ("instructions",),
    "tasks": ("steps",),
    "times": ("max",),
    "tries": ("attempts", "retry"),
    "until": ("repeat",),
    "url": ("base_url",),
    "vars": ("set",),
    "wait": ("delay",),
    "when": ("if",),
    "while": ("repeat",),
    "workflow": ("flow",),
}
"""What neighbours call our keys; the first one that is a key of that place is meant."""

_DURATIONS: frozenset[str | int] = frozenset(("timeout", "connect", "read", "delay", "max_delay"))
_SECRET: frozenset[str | int] = frozenset(("api_key", "headers", "env"))


@dataclass(frozen=True, slots=True)
class Complaint:
    """One entry of a validation error, its foreign parts taken away."""

    kind: str
    path: DocPath
    about_key: bool
    text: str
    value: Plain
    context: Mapping[str, object]


def complaints(error: ValidationError) -> Iterator[Complaint]:
    """Yield the entries of a validation error under the paths that the file has."""
    for one in error.errors(include_url=False):
        path = tuple(part for part in one["loc"] if not str(part).startswith("\0"))
        about_key = bool(path) and path[-1] == _KEY
        yield Complaint(
            kind=one["type"],
            path=path[:-1] if about_key else path,
            about_key=about_key,
            text=one["msg"],
            value=one["input"],
            context=one.get("ctx", {}),
        )


def fault_of(complaint: Complaint, grammar: Grammar) -> Fault:
    """Return what is wrong, in words, and what must go."""
    if complaint.about_key:
        return _bad_key(complaint, grammar)
    if complaint.kind == "extra_forbidden":
        return unknown_key(complaint.path, grammar)
    if complaint.kind == "missing":
        return _missing(complaint, grammar)
    return _bad_value(complaint, grammar)


def unknown_key(path: DocPath, grammar: Grammar, known: frozenset[str] | None = None) -> Fault:
    """Return the fault of a key that its mapping does not have, or does not have yet.

    Args:
        path: Of the key.
        grammar: Of the file.
        known: Keys to suggest; otherwise all that the mapping has.
    """
    place, _ = grammar.place(path[:-1])
    key = str(path[-1])
    owner = grammar.noun(path[:-1])
    if key in place.not_yet:
        return Fault(
            path=path,
            code="bind/not-available-yet",
            message=f"`{key}` of {owner} is not available yet",
            at="key",
            label="not available yet",
            hint="remove it for now; a later release will bring it",
            loses=path,
        )
    hint = key_hint(key, place.keys() if known is None else known)
    meant = re.fullmatch(r"did you mean `(.+)`\?", hint)
    return Fault(
        path=path,
        code="bind/unknown-key",
        message=f"{owner} has no key `{wording.clip(key)}`",
        at="key",
        label="unknown key",
        hint=hint,
        loses=path,
        about=meant[1] if meant else "",
    )


@cache
def key_hint(key: str, known: frozenset[str]) -> str:
    """Return what to do about an unknown key."""
    for ours in _FOREIGN.get(key, ()):
        if ours in known:
            return f"did you mean `{ours}`?"
    return suggest(key, known) or "`flowrun schema` shows every key there is"


def nothing_written(plain: Plain, grammar: Grammar) -> Iterator[Fault]:
    """Yield a fault for every key whose value was left out."""
    for path in find_leaves(plain, is_nothing):
        if path and not grammar.free(path) and not _private(path):
            yield Fault(
                path=path,
                code="bind/wrong-type",
                message=f"{grammar.noun(path)} must have a value, found nothing",
                at="key",
                hint="give it a value, or remove the key",
                loses=grammar.part(path),
            )


def endless_numbers(plain: Plain, grammar: Grammar) -> Iterator[Fault]:
    """Yield a fault for every number that JSON cannot say."""
    for path in find_leaves(plain, is_endless):
        if not _private(path):
            yield Fault(
                path=path,
                code="bind/wrong-value",
                message=f"{grammar.noun(path)} must be a finite number, found an infinite one",
                loses=grammar.part(path),
            )


def _private(path: DocPath) -> bool:
    return any(str(part).startswith("x-") for part in path)


def _bad_key(complaint: Complaint, grammar: Grammar) -> Fault:
    path = complaint.path
    meaning = _bad_value_meaning(complaint)
    whose = grammar.noun(path[:-1])
    better = _better_name(str(path[-1]), complaint)
    return Fault(
        path=path,
        code="bind/bad-name",
        message=f"a name in {whose} must be {meaning}, found `{wording.clip(str(path[-1]))}`",
        at="key",
        hint=f"write `{better}`" if better else None,
        about=better,
        loses=grammar.part(path),
    )


def _missing(complaint: Complaint, grammar: Grammar) -> Fault:
    owner, key = complaint.path[:-1], str(complaint.path[-1])
    return Fault(
        path=owner,
        code="bind/missing-key",
        message=f"{grammar.noun(owner)} must have a key `{key}`, found none",
        at="opening",
        label=f"`{key}` is missing",
        hint=f"add `{key}:`",
        about=key,
        loses=grammar.part(complaint.path),
    )


def _bad_value(complaint: Complaint, grammar: Grammar) -> Fault:
    noun, value = grammar.noun(complaint.path), complaint.value
    found = wording.found if _is_public(complaint.path) else wording.kind_of
    bounds = wording.limit(complaint.kind, complaint.context, value)
    code, hint = "bind/wrong-value", None
    if expected := wording.wrong_type(complaint.kind):
        code, hint = "bind/wrong-type", _type_hint(complaint)
        message = f"{noun} must be {expected}, found {found(value)}"
    elif complaint.kind == "shape":
        code = "bind/wrong-type"
        message = f"{noun} must be {complaint.text}, found {found(value)}"
    elif bounds:
        message = f"{noun} must be {bounds[0]}, found {bounds[1]}"
    else:
        message = f"{noun} must be {_bad_value_meaning(complaint)}, found {found(value)}"
        hint = _value_hint(complaint)
        code = "bind/bad-name" if _is_name(complaint) else code
    return Fault(
        path=complaint.path,
        code=code,
        message=message,
        hint=hint,
        loses=grammar.part(complaint.path),
    )


def _type_hint(complaint: Complaint) -> str | None:
    """Say more than `wording` can where the key tells what was meant."""
    value = complaint.value
    if not _is_public(complaint.path):
        return "put it in quotes" if complaint.kind == "string_type" else None
    if complaint.path[-1] in _DURATIONS and isinstance(value, int | float):
        is_a_number_of_seconds = value is not True and 0 < value < 1e6
        with_unit = f"with its unit: `{value}s`" if is_a_number_of_seconds else "such as `30s`"
        return f"write a duration {with_unit}"
    if complaint.path[-1] == "shell" and isinstance(value, str):
        return f"write a list, an item for each word: `[{', '.join(value.split())}]`"
    return _short_form(complaint) or wording.type_hint(complaint.kind, value)


def _short_form(complaint: Complaint) -> str | None:
    """Return the long form of what somebody wrote in one word, as other programs have it."""
    match complaint.path, complaint.value:
        case (*_, "ask"), str() as question:
            return f'write `{{message: "{wording.clip(question)}"}}`'
        case (*_, "retry"), int() as tries if tries > 1:
            return f"write `{{attempts: {tries}}}`"
        case (*_, "repeat"), int() as times if times is not True and times > 0:
            return f"write `{{until: ..., max: {times}}}`, or `foreach:` with a list"
        case _:
            return None


def _is_public(path: DocPath) -> bool:
    """Whether a value at a path can be shown: keys, headers and environments may be secrets."""
    return not _SECRET.intersection(path)


def _is_name(complaint: Complaint) -> bool:
    return complaint.context.get("pattern") in _NAME_PATTERNS


def _bad_value_meaning(complaint: Complaint) -> str:
    if "pattern" in complaint.context:
        return wording.pattern_meaning(str(complaint.context["pattern"]))
    if complaint.kind == "literal_error":
        return wording.choices(str(complaint.context["expected"]))
    if bounds := wording.limit(complaint.kind, complaint.context, complaint.value):
        return bounds[0]
    return "a value that fits"


def _value_hint(complaint: Complaint) -> str | None:
    if complaint.kind == "literal_error" and isinstance(complaint.value, str):
        names = wording.choice_names(str(complaint.context["expected"]))
        hint = suggest(complaint.value, names)
        return hint if hint and hint.startswith("did") else None
    if _is_name(complaint):
        return _name_hint(str(complaint.value), complaint)
    if complaint.path[-1] == "python" and re.fullmatch(r"[\w.]+\.\w+", str(complaint.value)):
        module, _, function = str(complaint.value).rpartition(".")
        return f"write `{module}:{function}`"
    return None


def _name_hint(name: str, complaint: Complaint) -> str | None:
    better = _better_name(name, complaint)
    return f"write `{better}`" if better else None


def _better_name(name: str, complaint: Complaint) -> str:
    """Return the nearest name that is allowed; empty if there is none."""
    pattern = complaint.context.get("pattern")
    if not _is_name(complaint) or pattern == ENVIRONMENT_NAME:
        return ""
    joint = "-" if pattern == NAME else "_"
    kept = [one if one.isalnum() and one.isascii() else " " for one in name.lower()]
    better = joint.join("".join(kept).split())
    return better if better[:1].isalpha() else ""

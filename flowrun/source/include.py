"""What an included file may hold, and how it is merged into the file that includes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flowrun.source.diagnostic import Diagnostic, Label, suggest
from flowrun.source.nodes import Entry, Mapping, Node, Scalar
from flowrun.source.text import Span

SECTIONS = ("tools", "assistants", "threads")
"""Mappings of name to definition that an included file adds to."""

_ALLOWED = frozenset({*SECTIONS, "include", "version"})


@dataclass(frozen=True, slots=True)
class IncludedFile:
    """A file drawn in, and the place that named it."""

    path: str
    root: Mapping
    named_at: Span


def unfit_entries(root: Mapping) -> tuple[Diagnostic, ...]:
    """Complain of what an included file may not hold."""
    complaints = []
    for entry in root:
        key = str(entry.key.value)
        if key in SECTIONS and not isinstance(entry.value, Mapping) and not _is_nothing(entry):
            message = f"`{key}` expected a mapping of name to definition, found something else"
            complaints.append(_content(message, entry.value.span, None))
        elif key not in _ALLOWED and not key.startswith("x-"):
            message = f"an included file adds tools, assistants and threads, found `{key}`"
            near = suggest(key, _ALLOWED)
            hint = near if near is not None and near.startswith("did you mean") else None
            complaints.append(
                _content(message, entry.key.span, hint or "move it to the file that includes this")
            )
    return tuple(complaints)


def merge_includes(
    root: Mapping, files: Sequence[IncludedFile]
) -> tuple[Mapping, tuple[Diagnostic, ...]]:
    """Add the definitions of included files to the root's, after them, in order of inclusion.

    Entries keep their own places. A name defined twice is a complaint, and the first one stays.
    """
    complaints = _other_versions(files)
    if not files:
        return root, ()
    added: dict[str, Entry] = {}
    for section in SECTIONS:
        own = root.entry(section)
        if own is not None and not isinstance(own.value, Mapping) and not _is_nothing(own):
            continue
        sources = [own] if own is not None else []
        sources += [entry for one in files if (entry := one.root.entry(section)) is not None]
        merged, conflicts = _merge(section, sources)
        complaints.extend(conflicts)
        if merged is not None:
            added[section] = merged
    entries = [added.pop(str(one.key.value), one) for one in root]
    return Mapping((*entries, *added.values()), root.span), tuple(complaints)


def _merge(section: str, sources: Iterable[Entry]) -> tuple[Entry | None, list[Diagnostic]]:
    first: Entry | None = None
    definitions: dict[str, Entry] = {}
    complaints = []
    for source in sources:
        if not isinstance(source.value, Mapping):
            continue
        first = first or source
        for entry in source.value:
            known = definitions.setdefault(str(entry.key.value), entry)
            if known is not entry:
                complaints.append(_conflict(section, known.key, entry.key))
    if first is None:
        return None, complaints
    return Entry(first.key, Mapping(tuple(definitions.values()), first.value.span)), complaints


def _other_versions(files: Iterable[IncludedFile]) -> list[Diagnostic]:
    complaints = []
    for one in files:
        entry = one.root.entry("version")
        if entry is not None and not _is_one(entry.value):
            message = "`version` of an included file must be `1`, found another"
            complaints.append(_content(message, entry.value.span, "write `version: 1`"))
    return complaints


def _is_one(version: Node) -> bool:
    return isinstance(version, Scalar) and type(version.value) is int and version.value == 1


def _conflict(section: str, first: Scalar, again: Scalar) -> Diagnostic:
    return Diagnostic(
        code="file/include-conflict",
        message=f"`{again.value}` is defined twice in `{section}`",
        span=again.span,
        label="defined again here",
        related=(Label(first.span, "first defined here"),),
        hint="rename one of the two, or keep one",
    )


def _content(message: str, span: Span, hint: str | None) -> Diagnostic:
    return Diagnostic(code="file/include-content", message=message, span=span, hint=hint)


def _is_nothing(entry: Entry) -> bool:
    return isinstance(entry.value, Scalar) and entry.value.value is None

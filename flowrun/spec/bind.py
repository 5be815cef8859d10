"""Turn a document into what it declares: the second stage, and the last that sees YAML's shapes.

Binding reports every mistake it can see at once. It also hands on what is sound, so that later
stages find the mistakes that only they can see in the same run.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError

from flowrun.source.diagnostic import Diagnostic, in_order
from flowrun.source.document import Document
from flowrun.spec.faults import complaints, endless_numbers, fault_of, nothing_written
from flowrun.spec.flow import Flow
from flowrun.spec.flow_rules import FLOW_GRAMMAR
from flowrun.spec.grammar import EVERY, Fault, Grammar
from flowrun.spec.plain import Plain, has_unknown, is_filled, to_plain
from flowrun.spec.project import PROJECT_GRAMMAR, Project, keys_written_out
from flowrun.spec.spans import DocPath, SpanIndex
from flowrun.spec.telling import tell

if TYPE_CHECKING:
    from flowrun.spec.replies import Replies

Model = TypeVar("Model", bound=BaseModel)

_ABOUT_KEYS = frozenset(("bind/unknown-key", "bind/not-available-yet"))


@dataclass(frozen=True, slots=True)
class BoundFlow:
    """A flow and the places of its parts.

    `flow` is sound: whatever was wrong has been left out of it. When nothing was wrong, `whole`
    is true and `dropped` is empty.
    """

    flow: Flow
    spans: SpanIndex
    document: Document
    dropped: frozenset[tuple[str, str]] = frozenset()
    """Section and name of every definition that is missing from `flow` because it has errors of
    its own, reported already. A reference to one is not to be reported again; see `lost`."""
    whole: bool = True
    """Whether `flow` says all that the author wrote. When it does not, what looks unused may be
    used by a part that was left out, so nothing should be called unused."""

    def lost(self, section: str, name: str) -> bool:
        """Tell whether a definition exists in the file, or may, and was left out of `flow`."""
        return (section, name) in self.dropped or (section, EVERY) in self.dropped


@dataclass(frozen=True, slots=True)
class BoundProject:
    """A project's settings and the places of their parts; sound in the sense of `BoundFlow`."""

    project: Project
    spans: SpanIndex
    document: Document
    dropped: frozenset[tuple[str, str]] = frozenset()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class BoundReplies:
    """A file of replies and the places of its parts."""

    replies: "Replies"
    spans: SpanIndex
    document: Document


def bind_flow(document: Document) -> tuple[BoundFlow | None, tuple[Diagnostic, ...]]:
    """Bind a flow file.

    Returns:
        The flow, and every complaint, in order. Errors do not make the flow None: it then holds
        the sound parts alone, and says so. It is None when no sound part could be told apart.
    """
    bound = _bind(document, FLOW_GRAMMAR, Flow)
    if bound.product is None:
        return None, bound.diagnostics
    flow = BoundFlow(bound.product, bound.spans, document, bound.dropped, bound.whole)
    return flow, bound.diagnostics


def bind_project(document: Document) -> tuple[BoundProject | None, tuple[Diagnostic, ...]]:
    """Bind a project file, under the same contract as `bind_flow`."""
    bound = _bind(document, PROJECT_GRAMMAR, Project)
    if bound.product is None:
        return None, bound.diagnostics
    diagnostics = in_order(
        (*bound.diagnostics, *keys_written_out(bound.product, bound.spans, document))
    )
    project = BoundProject(bound.product, bound.spans, document, bound.dropped, bound.whole)
    return project, diagnostics


def bind_replies(document: Document) -> tuple[BoundReplies | None, tuple[Diagnostic, ...]]:
    """Bind a file of replies; None when anything is wrong, for half a script would mislead."""
    from flowrun.spec.replies import REPLIES_GRAMMAR, Replies  # no flow needs it to be checked

    bound = _bind(document, REPLIES_GRAMMAR, Replies)
    if bound.product is None or not bound.whole:
        return None, bound.diagnostics
    return BoundReplies(bound.product, bound.spans, document), bound.diagnostics


@dataclass(frozen=True, slots=True)
class _Bound(Generic[Model]):
    product: Model | None
    spans: SpanIndex
    diagnostics: tuple[Diagnostic, ...]
    dropped: frozenset[tuple[str, str]]
    whole: bool


def _bind(document: Document, grammar: Grammar, model: type[Model]) -> _Bound[Model]:
    spans = SpanIndex(document.root)
    plain = cast("dict[str, Plain]", to_plain(document.root))  # the root is a mapping
    product, refused = _validate(plain, grammar, model)
    faults = _distinct(_all_faults(plain, grammar, refused))
    if not faults:
        whole = not has_unknown(document.root)
        return _Bound(product, spans, (), frozenset(), whole)
    from flowrun.source.conceal import conceal  # only a mistake needs it

    diagnostics = conceal(tell(faults, spans), document)
    lost = [one.loses for one in faults if one.loses is not None]
    dropped = frozenset((*_dropped(lost, plain, grammar), *_meant(faults, grammar)))
    product, _ = _validate(_without(plain, lost, grammar), grammar, model)
    return _Bound(product, spans, diagnostics, dropped, whole=False)


def _validate(
    plain: Mapping[str, Plain], grammar: Grammar, model: type[Model]
) -> tuple[Model | None, list[Fault]]:
    try:
        return model.model_validate(plain, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, [fault_of(one, grammar) for one in complaints(error)]


def _all_faults(plain: dict[str, Plain], grammar: Grammar, refused: Sequence[Fault]) -> list[Fault]:
    """Say of a value that is none only that, and nothing about the value of an unknown key."""
    told = list(grammar.rules(plain))
    if is_filled(plain):
        return [*told, *refused]
    unknown = {one.path for one in (*told, *refused) if one.code in _ABOUT_KEYS}
    unfit = [
        one
        for one in (*nothing_written(plain, grammar), *endless_numbers(plain, grammar))
        if not any(one.path[:length] in unknown for length in range(1, len(one.path) + 1))
    ]
    told_unfit = {one.path for one in unfit}
    return [*told, *unfit, *(one for one in refused if one.path not in told_unfit)]


def _distinct(faults: Iterable[Fault]) -> list[Fault]:
    """Keep the first fault about each thing (rules speak before models), and its consequences.

    A missing key is not told of when an unknown key beside it was meant to be that key.
    """
    kept: dict[tuple[DocPath, str, str], Fault] = {}
    for one in faults:
        about = "" if one.code == "bind/unknown-key" else one.about
        kept.setdefault((one.path, one.at, about), one)
    meant = {(one.path[:-1], one.about) for one in kept.values() if one.code == "bind/unknown-key"}
    return [
        replace(one, silent=True) if one.at == "opening" and (one.path, one.about) in meant else one
        for one in kept.values()
    ]


def _dropped(
    lost: Iterable[DocPath], plain: Mapping[str, Plain], grammar: Grammar
) -> Iterator[tuple[str, str]]:
    for path in lost:
        section = str(path[0])
        value = plain.get(section)
        if len(path) == 1 and (section in grammar.sections or section in grammar.lists):
            yield section, EVERY
        if len(path) == 2:
            item = path[1]
            name = value[item] if isinstance(value, list) and isinstance(item, int) else item
            yield section, str(name)


def _meant(faults: Iterable[Fault], grammar: Grammar) -> Iterator[tuple[str, str]]:
    """A section or a definition under a wrong name is there for the author, whatever it holds."""
    sections = grammar.sections | grammar.lists
    for one in faults:
        if len(one.path) == 1 and one.about in sections:
            yield one.about, EVERY
        if len(one.path) == 2 and one.code == "bind/bad-name" and one.about:
            yield str(one.path[0]), one.about


def _without(
    plain: Mapping[str, Plain], lost: Iterable[DocPath], grammar: Grammar
) -> dict[str, Plain]:
    """Return a copy without the lost parts, placeholders put where a value must be."""
    copy = {
        key: dict(one) if isinstance(one, dict) else list(one) if isinstance(one, list) else one
        for key, one in plain.items()
    }
    for path in sorted(set(lost), key=_deepest_and_last_first):
        _remove(copy, path)
    for key, value in grammar.placeholders.items():
        copy.setdefault(key, value)
    return copy


def _deepest_and_last_first(path: DocPath) -> tuple[int, int, str]:
    last = path[-1]
    return (-len(path), -last if isinstance(last, int) else 0, str(path))


def _remove(tree: dict[str, Plain], path: DocPath) -> None:
    """Take one part out of a tree whose first two levels are ours; copy what lies deeper."""
    node: Plain = tree
    for part in path[:-1]:
        below = _child(node, part)
        if isinstance(below, dict):
            below = dict(below)
        elif isinstance(below, list):
            below = list(below)
        else:
            return
        node[part] = below  # type: ignore[index]  # `_child` found it there
        node = below
    last = path[-1]
    if isinstance(node, dict):
        node.pop(str(last), None)
    elif isinstance(node, list) and isinstance(last, int) and last < len(node):
        del node[last]


def _child(node: Plain, part: str | int) -> Plain:
    if isinstance(node, dict):
        return node.get(str(part))
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None

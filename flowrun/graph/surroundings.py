"""What the checks may know of the machine and the project, looked up before they run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from flowrun.ids import JsonObject
from flowrun.source.diagnostic import Label
from flowrun.source.document import Unreadable
from flowrun.source.text import SourceText, Span

if TYPE_CHECKING:
    from flowrun.spec.project import Prices


MAX_DEPTH = 8
"""Flows that may run one another, the outermost counted."""


MAX_STEPS = 100_000
"""Steps of a flow and of those that it runs, each as often as a step runs it."""


MAX_INNER_CHARACTERS = 32 * 1024**2
"""Of the plans of all flows that a flow runs, each as often as a step runs it: its own plan, which
is stored with every run, holds them all."""


@dataclass(frozen=True, slots=True)
class ModelAlias:
    """What the project says of a name of its own for a model."""

    model: str
    endpoint: str = ""
    """Empty for the default one."""
    prices: "Prices | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubFlow:
    """A sound flow that a step runs, as far as the step's own flow must know it."""

    path: str
    """Of its file, from the project root."""
    inputs: Mapping[str, JsonObject]
    """By name, their JSON Schemas; without `default` they are required."""
    outputs: JsonObject
    """Object schema of what it gives back."""
    place: Span
    """Where its inputs are declared."""
    steps: int
    """How many there are, those of its own sub-flows included."""
    characters: int
    """Of its plan's text."""
    unpriced: tuple[str, ...] = ()
    """Models that its steps use, and those of its own sub-flows, and that have no price."""
    once_only: str = ""
    """The first of its steps, and of those of its own sub-flows, that calls a tool which must not
    be called again: `inner/step`; empty when there is none."""


@dataclass(frozen=True, slots=True)
class UnfitFlow:
    """A flow that a step names and that cannot be run."""

    path: str
    reason: Literal["broken", "recursion", "too-deep"]
    chain: tuple[str, ...] = ()
    """For the others than `broken`: the files from the outermost flow on, each run by the last."""
    first: Label | None = None
    """For `broken`: the first of its errors."""


NamedFlow: TypeAlias = SubFlow | UnfitFlow | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Answers to the questions that a flow raises about where it is."""

    modules: Mapping[str, SourceText] = field(default_factory=dict)
    """By module name, the text of every Python tool module that was found."""
    programs: frozenset[str] = frozenset()
    """First words of shell tools that name a program that is there."""
    missing_folders: frozenset[str] = frozenset()
    """Folders that a tool is to run in, as written, and that are not there."""
    environment: frozenset[str] = frozenset()
    """Names of the environment variables that are set."""
    endpoints: frozenset[str] = frozenset()
    """Names of the project's endpoints."""
    aliases: Mapping[str, ModelAlias] = field(default_factory=dict)
    """By model alias, the model and its endpoint."""
    flows: Mapping[str, NamedFlow] = field(default_factory=dict)
    """By the path that a step names, as written, what became of that file."""

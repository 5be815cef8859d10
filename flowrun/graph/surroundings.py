"""What the checks may know of the machine and the project, looked up before they run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowrun.source.text import SourceText


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
    aliases: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By model alias, the model and its endpoint; the endpoint may be empty."""

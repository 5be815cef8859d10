"""The project around a flow: its root, its settings, and how its files are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flowrun.errors import InvalidSource, ProjectError
from flowrun.source.diagnostic import Diagnostic, has_errors
from flowrun.source.document import (
    NO_SUCH_FILE,
    OUTSIDE_PROJECT,
    Reader,
    Unreadable,
    decode_source,
    remembering,
)
from flowrun.source.report import make_report
from flowrun.source.resolve import resolve_document
from flowrun.source.text import SourceText
from flowrun.spec.bind import bind_project
from flowrun.spec.project import Project as Settings
from flowrun.spec.project import Store

SETTINGS_FILE = "flowrun.yaml"


def _default_settings() -> Settings:
    """All defaults, without building a validator for a file that is not there."""
    return Settings.model_construct(version=1, store=Store.model_construct())


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A root directory and the settings found there."""

    root: Path
    """Absolute, symbolic links resolved."""
    settings: Settings = field(default_factory=_default_settings)

    @property
    def store_path(self) -> Path:
        """Where the runs are kept."""
        return self.root / self.settings.store.path

    @property
    def tool_folders(self) -> tuple[Path, ...]:
        """Folders beside the flow's own in which Python tools are looked for."""
        return (self.root, *(self.root / folder for folder in self.settings.tool_paths))


def find_root(start: Path) -> Path:
    """Return the project root of a directory: by the nearest settings file, else by `.git`."""
    start = start.resolve()
    for marker in (SETTINGS_FILE, ".git"):
        for folder in (start, *start.parents):
            if (folder / marker).exists():
                return folder
    return start


def open_project(root: Path, environ: Mapping[str, str]) -> Project:
    """Read the settings of a root; a root without a settings file has the default ones.

    Raises:
        InvalidSource: the settings file has errors.
    """
    if not (root / SETTINGS_FILE).exists():
        return Project(root=root)
    read, sources = remembering(reader(root))
    document, found = resolve_document(SETTINGS_FILE, read, environ)
    diagnostics: list[Diagnostic] = list(found)
    bound = None
    if document is not None:
        bound, complaints = bind_project(document)
        diagnostics += complaints
    if bound is None or has_errors(diagnostics):
        raise InvalidSource(make_report(diagnostics, sources), len(diagnostics))
    return Project(root=root, settings=bound.project)


def reader(root: Path) -> Reader:
    """Return what reads files under a root, and never outside it."""

    def read(path: str) -> SourceText | Unreadable:
        full = root / path
        try:
            if not full.resolve().is_relative_to(root):
                return Unreadable(path, OUTSIDE_PROJECT)
            return decode_source(path, full.read_bytes())
        except FileNotFoundError:
            return Unreadable(path, NO_SUCH_FILE, _near(full, root))
        except OSError as failure:
            return Unreadable(path, failure.strerror or "unreadable")

    return read


def _near(full: Path, root: Path) -> str | None:
    """Return a file in the same folder with nearly the same name, from the root."""
    if not full.parent.is_dir():
        return None
    from difflib import get_close_matches  # only a mistake needs it

    names = [one.name for one in full.parent.iterdir() if one.is_file()]
    near = get_close_matches(full.name, names, n=1, cutoff=0.7)
    return (full.parent / near[0]).relative_to(root).as_posix() if near else None


def locate_flow(path: str) -> tuple[Path, str]:
    """Return the project root of a flow's file and the file's path from there.

    Raises:
        ProjectError: there is no such file.
    """
    full = Path(path)
    if not full.exists():
        near = sorted(str(one) for one in full.parent.glob("*.flow.yaml"))[:5]
        hint = "there is: " + ", ".join(near) if near else "`flowrun init` makes a first flow"
        raise ProjectError(f"no file `{path}`", hint)
    if full.is_dir():
        raise ProjectError(f"`{path}` is a directory, not a flow", "name one *.flow.yaml file")
    full = full.resolve()
    root = find_root(full.parent)
    return root, full.relative_to(root).as_posix()

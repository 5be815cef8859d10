"""The project around a flow: its root, its settings, and how its files are read."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from flowrun.errors import BadRequest, InvalidSource, ProjectError
from flowrun.source.diagnostic import Diagnostic, has_errors
from flowrun.source.document import (
    NO_SUCH_FILE,
    OUTSIDE_PROJECT,
    Reader,
    Unreadable,
    decode_source,
    remembering,
)
from flowrun.source.report import Report, make_report, moved_report
from flowrun.source.text import SourceText

if TYPE_CHECKING:
    from flowrun.spec.project import Project as Settings

SETTINGS_FILE = "flowrun.yaml"
STORE_PATH = ".flowrun/store.db"
"""Of a project without a settings file, told without loading what reads one."""

MAX_BYTES = 64 * 1024 * 1024
"""Of one file; a text of the longest kind that `source.loader` reads fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A root directory and the settings found there."""

    root: Path
    """Absolute, symbolic links resolved."""
    declared: "Settings | None" = None
    """What the settings file says; None where there is no such file."""

    @property
    def settings(self) -> "Settings":
        """What is declared, or else all defaults."""
        if self.declared is not None:
            return self.declared
        from flowrun.spec.project import Project as Settings  # slow to load
        from flowrun.spec.project import Store

        return Settings.model_construct(version=1, store=Store.model_construct())

    @property
    def store_path(self) -> Path:
        """Where the runs are kept."""
        return self.root / (STORE_PATH if self.declared is None else self.declared.store.path)

    @property
    def tool_folders(self) -> tuple[Path, ...]:
        """Folders beside the flow's own in which Python tools are looked for."""
        return (self.root, *(self.root / folder for folder in self.settings.tool_paths))


def find_root(start: Path) -> Path:
    """Return the project root of a directory: by the nearest settings file, else by `.git`."""
    start = start.resolve()
    for marker in (SETTINGS_FILE, ".git"):
        for folder in (start, *start.parents):
            if _is_there(folder / marker):
                return folder
    return start


def here() -> Path:
    """Return the current directory.

    Raises:
        ProjectError: it was removed.
    """
    try:
        return Path.cwd()
    except OSError as failure:
        raise ProjectError("the current directory is gone", "change to another one") from failure


def project_around(folder: str | None, environ: Mapping[str, str]) -> Project:
    """Return the project around a folder, or else around the current directory.

    Raises:
        BadRequest: there is no such folder.
        InvalidSource: the project's settings have errors.
    """
    if folder is not None and not is_folder(here() / folder):
        raise BadRequest(f"expected a project's folder, found `{folder}`")
    return open_project(find_root(here() / (folder or "")), environ)


def told_apart(root: Path) -> str:
    """Return the way to a project that is not the one around the current directory, else ''."""
    start = here()
    return "" if find_root(start) == root else os.path.relpath(root, start)


def is_file(path: Path) -> bool:
    """Tell whether a file can be read there; no, too, for a name that no file can have."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Tell whether a directory is there."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_there(path: Path) -> bool:
    """A link that leads nowhere is there: what it was meant to be must not be passed over."""
    try:
        return path.exists() or path.is_symlink()
    except OSError:
        return False


def open_project(root: Path, environ: Mapping[str, str]) -> Project:
    """Read the settings of a root; a root without a settings file has the default ones.

    Raises:
        InvalidSource: the settings file has errors.
    """
    if not _is_there(root / SETTINGS_FILE):
        return Project(root=root)
    from flowrun.source.resolve import resolve_document  # these are slow to load
    from flowrun.spec.bind import bind_project

    read, sources = remembering(reader(root))
    document, found = resolve_document(SETTINGS_FILE, read, environ)
    diagnostics: list[Diagnostic] = list(found)
    bound = None
    if document is not None:
        bound, complaints = bind_project(document)
        diagnostics += complaints
    if bound is None or has_errors(diagnostics):
        report = seen_from_here(make_report(diagnostics, sources), root)
        raise InvalidSource(report, report.errors)
    return Project(root=root, declared=bound.project)


def reader(root: Path) -> Reader:
    """Return what reads files under a root, and never outside it."""

    def read(path: str) -> SourceText | Unreadable:
        full = root / path
        try:
            real = Path(os.path.realpath(full, strict=True))
            if not real.is_relative_to(root):
                return Unreadable(path, OUTSIDE_PROJECT)
            return read_regular(path, real)
        except FileNotFoundError:
            return Unreadable(path, NO_SUCH_FILE, _near(full, root))
        except OSError as failure:
            return Unreadable(path, _reason(failure))

    return read


def read_regular(path: str, file: Path) -> SourceText | Unreadable:
    """Read a file that is one, under the path that people know it by.

    Raises:
        OSError: it cannot be read.
    """
    found = file.stat()
    if S_ISDIR(found.st_mode):
        return Unreadable(path, "it is a directory")
    if not S_ISREG(found.st_mode):  # a pipe or a device, which may never end
        return Unreadable(path, "it is not a regular file")
    if found.st_size > MAX_BYTES:
        return Unreadable(path, f"it is larger than {MAX_BYTES // 1024**2} MiB")
    return decode_source(path, file.read_bytes())


def seen_from_here(report: Report, root: Path) -> Report:
    """Return a report whose paths lead from the current directory to the files.

    Those of a project are known by their paths from its root; people and editors stand elsewhere.
    """
    start = here()
    if start == root:
        return report
    return moved_report(report, lambda path: Path(os.path.relpath(root / path, start)).as_posix())


def _near(full: Path, root: Path) -> str | None:
    """Return a file in the same folder with nearly the same name, from the root."""
    if not os.access(full.parent, os.R_OK | os.X_OK) or not is_folder(full.parent):
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
    full = here() / path
    try:
        mode = full.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as failure:
        raise ProjectError(f"no file `{path}`", _flows_beside(Path(path))) from failure
    except OSError as failure:
        raise ProjectError(f"`{path}` cannot be read: {_reason(failure)}") from failure
    if S_ISDIR(mode):
        raise ProjectError(f"`{path}` is a directory, not a flow", "name one *.flow.yaml file")
    if not S_ISREG(mode):
        raise ProjectError(f"`{path}` is not a regular file", "save the flow in a file of its own")
    full = full.resolve()
    root = find_root(full.parent)
    return root, full.relative_to(root).as_posix()


def _flows_beside(full: Path) -> str:
    near = sorted(str(one) for one in full.parent.glob("*.flow.yaml"))[:5]
    return "there is: " + ", ".join(near) if near else "`flowrun init` makes a first flow"


def _reason(failure: OSError) -> str:
    return (failure.strerror or "unreadable").lower()

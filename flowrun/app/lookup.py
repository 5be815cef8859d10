"""What the checks need to know of the machine: modules, programs, folders, models."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from flowrun.app.project import Project, is_file, read_regular
from flowrun.graph.surroundings import ModelAlias, Surroundings
from flowrun.source.document import Unreadable
from flowrun.source.text import SourceText
from flowrun.spec.flow import Flow


def find_module(name: str, flow_dir: Path, project: Project) -> Path | None:
    """Return the file of a Python tool module, or None.

    A package comes before a module of its name, as for Python itself. What a link leads to must
    lie in one of the folders, too.
    """
    parts = name.split(".")
    folders = (flow_dir, *project.tool_folders)
    allowed = [folder.resolve() for folder in folders]
    for folder in folders:
        stem = folder.joinpath(*parts)
        for candidate in (stem / "__init__.py", stem.with_name(f"{stem.name}.py")):
            real = candidate.resolve() if is_file(candidate) else None
            if real is not None and any(real.is_relative_to(one) for one in allowed):
                return candidate
    return None


def look_around(
    flow: Flow, path: str, project: Project, environ: Mapping[str, str]
) -> Surroundings:
    """Look up what the checks of a flow need to know of the machine and the project.

    Its sub-flows are not looked for; see `app.stages`.

    Args:
        flow: As declared.
        path: Of its file, from the project root.
        project: Its project.
        environ: Variables that are set.
    """
    flow_dir = project.root / PurePosixPath(path).parent
    modules: dict[str, SourceText] = {}
    programs: set[str] = set()
    missing_folders: set[str] = set()
    for tool in flow.tools.values():
        if tool.python is not None:
            module = tool.python.partition(":")[0]
            found = find_module(module, flow_dir, project)
            text = None if found is None else _module_text(found, project)
            if text is not None:
                modules[module] = text
            continue
        if not _is_folder(project, tool.cwd):
            missing_folders.add(tool.cwd)
        program = tool.shell[0] if tool.shell else "sh"
        if program not in programs and _program_exists(program, project.root / tool.cwd, environ):
            programs.add(program)
    settings = project.settings
    return Surroundings(
        modules=modules,
        programs=frozenset(programs),
        missing_folders=frozenset(missing_folders),
        environment=frozenset(environ),
        endpoints=frozenset(settings.endpoints),
        aliases={
            alias: ModelAlias(one.model, one.endpoint or "", one.prices)
            for alias, one in settings.models.items()
        },
    )


def _is_folder(project: Project, folder: str) -> bool:
    try:
        real = (project.root / folder).resolve()
        return real.is_dir() and real.is_relative_to(project.root)
    except (OSError, ValueError):
        return False


def _module_text(file: Path, project: Project) -> SourceText | None:
    """Return a module's text; `tool_paths` may lie beside the project."""
    path = Path(os.path.relpath(file.resolve(), project.root)).as_posix()
    try:
        text = read_regular(path, file)
    except OSError:  # it cannot be imported either; the tool is complained of
        return None
    return None if isinstance(text, Unreadable) else text


def _program_exists(program: str, cwd: Path, environ: Mapping[str, str]) -> bool:
    if "/" in program:
        return is_file(cwd / program) and os.access(cwd / program, os.X_OK)
    from shutil import which  # loads every archive format; only shell tools need it

    return which(program, path=environ.get("PATH", os.defpath)) is not None

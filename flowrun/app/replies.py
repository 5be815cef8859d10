"""The scripted model's file: found, read and bound."""

from collections.abc import Mapping
from pathlib import Path

from flowrun.app.project import is_file, locate_flow, reader, seen_from_here
from flowrun.errors import BadRequest, InvalidSource, ProjectError
from flowrun.source.diagnostic import suggest
from flowrun.source.document import remembering
from flowrun.source.report import Report, make_report
from flowrun.source.resolve import resolve_document
from flowrun.spec.bind import bind_replies
from flowrun.spec.replies import Replies

REPLIES_SUFFIX = ".replies.yaml"


def replies_beside(flow: str) -> str:
    """Return the path of the replies file that goes with a flow's file."""
    return flow.removesuffix(".yaml").removesuffix(".flow") + REPLIES_SUFFIX


def find_replies(root: Path, file: str) -> str:
    """Return the path, from the root, of a replies file that somebody named.

    Args:
        root: Of the project, symbolic links resolved.
        file: Relative to the current directory, else to the root.

    Raises:
        ProjectError: there is no such file.
        BadRequest: none is named, or it is not inside the project.
    """
    if not file:
        raise BadRequest("expected a file after `scripted:`, found none")
    found = next((one for one in (Path(file), root / file) if is_file(one)), None)
    if found is None:
        raise ProjectError(f"there is no replies file `{file}`", suggest(file, _all_replies(root)))
    full = found.resolve()
    if not full.is_relative_to(root):
        raise BadRequest(
            f"replies file `{file}` is outside the project", "copy it to where the flow is"
        )
    return full.relative_to(root).as_posix()


def _all_replies(root: Path) -> list[str]:
    """Return the replies files of the root and of its folders, not deeper."""
    patterns = ("*.replies.yaml", "*/*.replies.yaml")
    return [one.relative_to(root).as_posix() for pattern in patterns for one in root.glob(pattern)]


def read_replies(root: Path, path: str, environ: Mapping[str, str]) -> Replies:
    """Read a replies file by its path from the root.

    Raises:
        InvalidSource: it has errors; half a script would mislead.
    """
    replies, report = load_replies(root, path, environ)
    if replies is None:
        raise InvalidSource(report, report.errors)
    return replies


def check_replies(file: str, environ: Mapping[str, str]) -> Report:
    """Return what is wrong with a replies file, by its path from the current directory.

    Raises:
        ProjectError: there is no such file.
    """
    root, path = locate_flow(file)
    return load_replies(root, path, environ)[1]


def load_replies(
    root: Path, path: str, environ: Mapping[str, str]
) -> tuple[Replies | None, Report]:
    """Return the replies of a file by its path from the root, None when it has errors."""
    read, sources = remembering(reader(root))
    document, found = resolve_document(path, read, environ)
    diagnostics = list(found)
    bound = None
    if document is not None:
        bound, complaints = bind_replies(document)
        diagnostics += complaints
    report = seen_from_here(make_report(diagnostics, sources), root)
    return (None if bound is None or diagnostics else bound.replies), report

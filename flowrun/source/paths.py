"""Paths inside a project, by text alone: no file is looked at."""

import re

_DRIVE = re.compile(r"[A-Za-z]:")


def join_inside(directory: str, path: str) -> str | None:
    """Return the path, taken from a directory, relative to the project root.

    Args:
        directory: Relative to the root, with slashes; empty for the root itself.
        path: As somebody wrote it.

    Returns:
        The path without `.` and `..`, or None if it is absolute or leads out of the project.
    """
    if not path or path.startswith(("/", "\\", "~")) or _DRIVE.match(path) or "\0" in path:
        return None
    parts = [one for one in directory.split("/") if one]
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def directory_of(path: str) -> str:
    """Return the directory of a file, empty for the root."""
    return path.rpartition("/")[0]

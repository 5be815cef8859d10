"""Where a store may lie: its journal needs shared memory, which a file system elsewhere lacks."""

import os
import re
from pathlib import Path

from flowrun.errors import StorageError

_MOUNTS = Path("/proc/self/mounts")

REMOTE = frozenset(["afs", "cifs", "fuse.glusterfs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs"])
"""Types of file systems that several machines write, and that share no memory among them."""


def read_mounts() -> str:
    """Return the mounts of this process; nothing where no Linux says cheaply what they are."""
    try:
        return _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""


def refuse_remote(path: Path, mounts: str) -> None:
    """Return unless the store would lie on a network file system, as far as can be told.

    Raises:
        StorageError: it would.
    """
    found = mount_type(path.absolute(), mounts)
    if found in REMOTE:
        raise StorageError(
            str(path),
            f"it would lie on a network file system ({found}), where it is not safe",
            "set `store.path` in `flowrun.yaml` to a place on a disk of this machine",
        )


def is_at_rest(path: Path) -> bool:
    """Tell whether nobody can be writing the store: all of it lies on a read-only file system."""
    try:
        read_only = os.statvfs(path).f_flag & os.ST_RDONLY
        return bool(read_only) and not _has_log(path)
    except OSError:  # it is not there, or may not be looked at: opening it will tell
        return False


def is_out_of_reach(path: Path) -> bool:
    """Tell whether this user may not make the file that readers share with a writer.

    With nobody at work on the store that file is not there, and the store is read as it lies.
    """
    try:
        shared = path.with_name(f"{path.name}-shm").exists()
        return not (shared or os.access(path.parent, os.W_OK) or _has_log(path))
    except OSError:  # opening it will tell
        return False


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and bool(log.stat().st_size)


def mount_type(path: Path, mounts: str) -> str | None:
    """Return the type of the file system that a path lies on.

    Args:
        path: Absolute.
        mounts: Lines of `/proc/self/mounts`; the last one of a place hides those before.
    """
    folders = {path, *path.parents}
    found, depth = None, 0
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[1]))
        if place in folders and len(place.parts) >= depth:
            found, depth = fields[2], len(place.parts)
    return found
